// A crowd of readers in the built module: one that nobody is shown is counted, and shown once it may write.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startRig } from "./rig.mjs";

let rig;

before(async () => (rig = await startRig({ vars: { SHOWN_READERS: 1, CONNECTIONS_PER_USER: 2 } })));
after(() => rig?.stop());

test("a reader of a crowd is counted, and shown with what it shows once it may write", { timeout: 90_000 }, async () => {
  const [tab] = (await rig.person("owner", 1)).tabs;
  await tab.evaluate(() => {
    globalThis.presence = [];
    session.addEventListener("presence", ({ detail }) => presence.push({ ...detail }));
  });
  const of = (clientId) => tab.evaluate((clientId) => presence.filter((detail) => detail.clientId === clientId).map(({ state, data }) => [state, data ?? null]), clientId);
  const [shown] = (await rig.person("viewer", 1)).tabs;
  const [counted] = (await rig.person("viewer", 1)).tabs; // the same user in another profile
  const [first, second] = await Promise.all([shown, counted].map((one) => one.evaluate(() => session.clientId)));
  await tab.until(() => presence.some(({ state }) => state === "readers"));
  assert.deepEqual(await tab.evaluate(() => presence.filter(({ state }) => state === "readers")), [{ state: "readers", userId: "", clientId: "", readers: 1 }]);
  assert.deepEqual(await of(first), [["join", null]]);

  for (const at of [1, 2]) {
    await counted.evaluate((at) => session.presence({ at }), at);
    await shown.evaluate((at) => session.presence({ at }), at);
    await tab.until(([clientId, at]) => presence.some((detail) => detail.clientId === clientId && detail.data?.at === at), [first, at]);
  }
  assert.deepEqual(await of(second), []);
  await rig.server.role("welcome", "usr_viewer", "edit");
  await tab.until((clientId) => presence.some((detail) => detail.clientId === clientId && detail.data), second);
  assert.deepEqual(await of(second), [["join", null], ["update", { at: 2 }]]);
  await tab.until(() => presence.some(({ readers }) => readers === 0));
  assert.equal(typeof (await counted.evaluate(() => session.send("mine").then(({ version }) => version))), "number");
});
