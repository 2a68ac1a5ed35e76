// A backend's messages to a user, in tabs of one profile and on two documents.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { connected, startRig } from "./rig.mjs";

let rig, person;

before(async () => (rig = await startRig()));
afterEach(async () => {
  const left = person;
  person = undefined;
  await left?.profile.close();
  if (left) assert.deepEqual(left.profile.console, [], "the pages have nothing to complain of");
});
after(() => rig?.stop());

// What a page has heard, on both of its sessions where it has two.
const heard = (tab) => tab.evaluate(() => [globalThis, globalThis.second].flatMap((one) => one?.events ?? []).filter(([kind]) => kind === "message").map(([, detail]) => detail));
const hears = (tab, id) => tab.until((id) => [globalThis, globalThis.second].some((one) => one?.events.some(([kind, detail]) => kind === "message" && detail.id === id)), id);
const ids = async (tab) => (await heard(tab)).map(({ id }) => id);

test("a page gets each message once, whichever tab leads and however many documents it has open", { timeout: 90_000 }, async () => {
  person = await rig.person("owner", 2);
  const [a, b] = person.tabs;
  await a.evaluate(async () => {
    globalThis.second = await join("notes");
  });
  await a.until(() => second.session.state === "connected");
  const c = await person.join("notes");
  await connected(c);
  const tabs = [a, b, c];
  const first = await rig.server.message("usr_owner", { data: { title: "Lunch" }, message_id: "m1" });
  assert.equal(first.kept, true);
  assert.equal(first.connections, 2, "one of each document");
  for (const tab of tabs) await hears(tab, "m1");
  const [{ id, data, at }] = await heard(b);
  assert.deepEqual({ id, data, at }, { id: "m1", data: { title: "Lunch" }, at: Date.parse(first.at) });
  assert.deepEqual(await ids(a), ["m1"], "one page, two sessions, two connections");

  // The leader goes, and the next one gets what follows.
  await a.close();
  await b.until(() => session.role === "leader" && session.state === "connected");
  await rig.server.message("usr_owner", { data: 2, message_id: "m2" });
  for (const tab of [b, c]) await hears(tab, "m2");

  // A page that is opened later gets nothing that the profile has had, and what comes then.
  const d = await person.join("welcome");
  await rig.server.message("usr_owner", { data: 3, message_id: "m3" });
  for (const tab of [b, c, d]) await hears(tab, "m3");
  assert.deepEqual(await ids(b), ["m1", "m2", "m3"]);
  assert.deepEqual(await ids(c), ["m1", "m2", "m3"]);
  assert.deepEqual(await ids(d), ["m3"]);
});

test("a browser that was away gets what is kept, after a crash of the server too", { timeout: 90_000 }, async () => {
  const sent = await rig.server.message("usr_editor", { data: "while you were away", message_id: "away" });
  assert.equal(sent.connections, 0);
  await rig.server.kill();
  await rig.server.start();
  person = await rig.person("editor", 1);
  const [tab] = person.tabs;
  await hears(tab, "away");
  await rig.server.message("usr_editor", { data: null, message_id: "here" });
  await hears(tab, "here");
  assert.deepEqual(await ids(tab), ["away", "here"]);
});
