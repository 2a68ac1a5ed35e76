// One user with a laptop and a phone: each a browser profile of its own, by a line of its own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startGateway } from "./gateway.mjs";
import { begin, connected, outOfOrder, receives, send, startRig } from "./rig.mjs";

let rig, line;

before(async () => {
  rig = await startRig();
  line = await startGateway(rig.server.url); // the phone's
});
after(async () => {
  line?.stop();
  await rig?.stop();
});

const replaced = (tab) => tab.until(() => session.state === "replaced");
const errors = (tab) => tab.evaluate(() => events.filter(([kind]) => kind === "error").map(([, { code, reason, clientId, recoverable, action }]) => ({ code, reason, clientId, recoverable, action })));
const clientOf = (tab) => tab.evaluate(() => session.clientId);
const sockets = ({ paths }) => paths.filter((path) => path.startsWith("/v1/ws/")).length;

test("a laptop wakes up while the phone is in use: the phone stays, the laptop says so, and takes over when its user wants it", { timeout: 90_000 }, async () => {
  const laptop = await rig.person("owner", 2, "welcome");
  const [first, second] = laptop.tabs;
  await send(first, "before the lid was closed");
  rig.gateway.down = true;
  rig.gateway.cut();
  for (const tab of laptop.tabs) await tab.until(() => session.state === "reconnecting");
  await begin(first, "asleep, the leader's");
  await begin(second, "asleep, the follower's");

  const pocket = await rig.chrome.profile();
  const phone = await pocket.open(`${line.url}/tab?email=owner&document=welcome`);
  await connected(phone);
  await send(phone, "on the phone");
  const seen = await phone.evaluate(() => events.length);

  rig.gateway.down = false;
  await first.evaluate(() => dispatchEvent(new Event("online")));
  for (const tab of laptop.tabs) {
    await replaced(tab);
    const said = (await errors(tab)).filter(({ code }) => code === "CONNECTION_REPLACED");
    assert.deepEqual(said, [{ code: "CONNECTION_REPLACED", reason: "held_by_another_client", clientId: await clientOf(phone), recoverable: false, action: "stop" }]);
    assert.equal(await tab.evaluate(() => session.unsent), 1, "what waits is counted");
  }
  // Nothing makes it dial by itself.
  const dials = sockets(rig.gateway);
  for (const tab of laptop.tabs) await tab.evaluate(() => ["online", "focus"].forEach((type) => dispatchEvent(new Event(type))));
  await begin(first, "while replaced");
  await send(phone, "still on the phone");
  assert.equal(sockets(rig.gateway), dials);
  assert.equal(await phone.evaluate(() => session.state), "connected");
  assert.equal(await phone.evaluate(() => events.length), seen, "the phone noticed nothing");

  // Any tab may say the word.
  await second.evaluate(() => session.takeOver());
  const mine = ["asleep, the leader's", "asleep, the follower's", "while replaced"];
  for (const tab of laptop.tabs) {
    await connected(tab);
    for (const op of ["on the phone", "still on the phone", ...mine]) await receives(tab, op);
    assert.equal(await tab.evaluate(() => session.unsent), 0);
    assert.deepEqual(await outOfOrder(tab), []);
    assert.deepEqual(await tab.evaluate((mine) => ops.filter((op) => mine.includes(op)).length, mine), mine.length, "each once");
  }
  assert.deepEqual([await first.evaluate(() => sent["asleep, the leader's"] > 0), await first.evaluate(() => sent["while replaced"] > 0)], [true, true]);
  await replaced(phone);
  assert.deepEqual((await errors(phone)).map(({ code, clientId }) => [code, clientId]), [["CONNECTION_REPLACED", await clientOf(first)]]);

  // The phone is taken out of the pocket again: a page that is opened takes over.
  const again = await pocket.open(`${line.url}/tab?document=welcome`);
  await connected(again);
  await connected(phone);
  await receives(again, "while replaced");
  for (const tab of laptop.tabs) await replaced(tab);

  // And what waits in a session that its app closes is refused, as ever.
  await begin(second, "given up");
  await second.evaluate(() => session.close());
  await second.until(() => sent["given up"] === "CLOSED");
  assert.equal(await first.evaluate(() => session.state), "replaced");
  assert.deepEqual([...laptop.profile.console, ...pocket.console], []);
  await laptop.profile.close();
  await pocket.close();
});
