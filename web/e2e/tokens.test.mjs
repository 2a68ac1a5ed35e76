// Tokens over all tabs: one refresh for everybody, whatever happens to the tab that
// asks for it; a sign-out and another sign-in reach every tab of the origin; and no
// token is ever where it does not belong.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { begin, connected, receives, leader, send, startRig, state } from "./rig.mjs";

let rig, person;

before(async () => (rig = await startRig({ vars: { MESSAGES_PER_S: 100000, MESSAGES_BURST: 100000, HEARTBEAT_MS: 2000 } })));
afterEach(async () => {
  rig.gateway.release();
  rig.gateway.refuse = [];
  const left = person;
  person = undefined;
  await left?.profile.close();
  if (left) assert.deepEqual(left.profile.console, [], "the pages have nothing to complain of");
});
after(() => rig?.stop());

const kinds = (tab, kind) => tab.evaluate((kind) => events.filter(([k]) => k === kind).map(([, detail]) => detail), kind);
const ended = (tab) => tab.until(() => session.state === "closed");
const refreshed = (tab) => tab.until(() => events.some(([kind]) => kind === "tokenrefresh"));

test("fifty refreshes in five tabs are one request, and each tab learns of it once", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 5);
  const before = rig.gateway.refreshes;
  assert.equal(before, 1, "and five tabs that open are one as well");
  rig.gateway.holding = true;
  await Promise.all(person.tabs.map((tab) => tab.evaluate(() => { for (let i = 0; i < 10; i++) session.refresh(); })));
  await person.tabs[0].until(() => globalThis.asked === 2);
  rig.gateway.release();
  for (const tab of person.tabs) await refreshed(tab);
  await Promise.all(person.tabs.map((tab) => tab.evaluate(() => new Promise((resolve) => setTimeout(resolve, 6000)))));
  assert.equal(rig.gateway.refreshes, before + 1);
  for (const tab of person.tabs) assert.equal((await kinds(tab, "tokenrefresh")).length, 1);
});

const midRefresh = async (tab) => {
  rig.gateway.holding = true;
  await tab.evaluate(() => session.refresh());
  for (const before = rig.gateway.waiting; rig.gateway.waiting === before;) await tab.evaluate(() => 0);
};

// The rotated cookie is in the answer: a browser that drops the request with its page
// drops the sign-in. The issuer forgives the old cookie for ten seconds, no longer.
test("the leader is closed or crashed in mid-refresh: nobody is signed out, then or later", { timeout: 90_000 }, async () => {
  person = await rig.person("owner", 2);
  const other = await rig.person("editor", 2, "notes");
  for (const [{ tabs: [first, second] }, go] of [[person, (tab) => tab.close()], [other, (tab) => tab.crash()]]) {
    await midRefresh(first);
    await second.show();
    await go(first);
    await second.until(() => session.role === "leader" && session.state === "connected");
  }
  rig.gateway.release(); // the old answers come now, to whoever is left to take them
  await person.tabs[1].evaluate(() => new Promise((resolve) => setTimeout(resolve, 11_000)));
  for (const { tabs: [, second], join } of [person, other]) {
    await second.evaluate(() => session.refresh());
    await second.until(() => events.some(([kind]) => kind === "tokenrefresh" || kind === "autherror"));
    assert.deepEqual(await kinds(second, "autherror"), []);
    const late = await join();
    await late.until(() => session.state === "connected");
  }
  await other.profile.close();
});

test("the leader is frozen in mid-refresh: another one goes on, and the late answer changes nothing", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2);
  const [first, second] = person.tabs;
  await midRefresh(first);
  await second.show();
  await first.freeze();
  await second.until(() => session.role === "leader" && session.state === "connected");
  rig.gateway.release();
  await send(second, "after it was frozen");
  await second.evaluate(() => session.refresh());
  await refreshed(second);
  await first.thaw();
  await connected(first);
  assert.equal(await leader([first, second]), second);
  for (const tab of person.tabs) assert.deepEqual(await kinds(tab, "autherror"), []);
  await send(first, "and it is back");
});

test("a refusal that was a lost race is no logout; five failures are one autherror, and the session lives on", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2);
  const [first, second] = person.tabs;
  rig.gateway.refuse = [401];
  await second.evaluate(() => session.refresh());
  await refreshed(second);
  for (const tab of person.tabs) assert.deepEqual(await kinds(tab, "autherror"), []);
  rig.gateway.refuse = Array(8).fill(503);
  await first.evaluate(() => session.refresh());
  for (const tab of person.tabs) await tab.until(() => events.some(([kind]) => kind === "autherror"), undefined, 45_000);
  assert.ok(rig.gateway.refuse.length <= 3, `given up after ${8 - rig.gateway.refuse.length} refusals`);
  rig.gateway.refuse = [];
  for (const tab of person.tabs) {
    const [said, ...more] = await kinds(tab, "autherror");
    assert.deepEqual([said.code, said.recoverable, said.action, more.length], ["AUTHENTICATION_FAILED", true, "refresh_token", 0]);
  }
  await send(second, "with the token that is still good");
});

test("a sign-out ends every tab of the origin, whatever it shows, and the page in the back-forward cache as well", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2, "welcome");
  const notes = [await person.join("notes"), await person.join("notes")];
  const cached = await person.join("secret");
  await cached.goto(`${rig.gateway.url}/elsewhere`);
  await person.tabs[1].evaluate(() => fetch("/auth/logout", { method: "POST" }).then(() => session.signOut()));
  for (const tab of [...person.tabs, ...notes]) await ended(tab);
  for (const tab of [person.tabs[0], ...notes]) assert.deepEqual((await kinds(tab, "autherror")).map(({ reason, action }) => [reason, action]), [["signed_out", "stop"]]);
  const sockets = rig.gateway.paths.length;
  assert.equal(await cached.back(), true, "it was kept");
  await ended(cached);
  assert.equal(rig.gateway.paths.slice(sockets).filter((path) => path.startsWith("/v1/ws/")).length, 0, "it comes back as nobody");
});

test("someone else signs in: the old user's tabs end, on all documents, and the new one's works", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2, "welcome");
  const old = [...person.tabs, await person.join("notes")];
  const tab = await person.profile.open(`${rig.gateway.url}/tab?email=editor&document=welcome`);
  for (const each of old) await ended(each);
  for (const each of old) assert.deepEqual((await kinds(each, "autherror")).map(({ reason }) => reason), ["other_user"]);
  await connected(tab);
  await send(tab, "as the editor");
  assert.notEqual(await tab.evaluate(() => session.userId), await old[0].evaluate(() => session.userId));
  assert.deepEqual(await kinds(tab, "autherror"), []);
});

test("lies about who signed in or out end nothing", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 1, "welcome");
  const tabs = [...person.tabs, await person.join("notes")];
  const liar = await person.profile.open(`${rig.gateway.url}/elsewhere`);
  const before = rig.gateway.refreshes;
  await liar.evaluate(() => {
    const all = new BroadcastChannel(`holdfast.v1/${encodeURIComponent(`ws://${location.host}`)}`);
    for (let i = 0; i < 2000; i++) {
      for (const type of ["signed_in", "signed_out"]) all.postMessage(JSON.stringify({ type, tabId: `liar${i}`, userId: "someone else" }));
      all.postMessage({ type: "signed_out" });
      all.postMessage('{"type":"signed_out","tabId":"x","__proto__":{"userId":""}}');
    }
  });
  for (const tab of tabs) await send(tab, "after the lies");
  for (const tab of tabs) assert.deepEqual(await kinds(tab, "autherror"), []);
  assert.ok(rig.gateway.refreshes - before <= 2, "each document asks once");
});

test("lies on the tabs' channel change nothing that matters", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2);
  const [first, second] = person.tabs;
  const liar = await person.profile.open(`${rig.gateway.url}/elsewhere`);
  const before = { asked: rig.gateway.refreshes, user: await second.evaluate(() => session.userId) };
  await liar.evaluate(async () => {
    const channel = new BroadcastChannel(`holdfast.v1/${encodeURIComponent(`ws://${location.host}`)}/documents/welcome`);
    const word = await new Promise((resolve) => {
      channel.onmessage = ({ data }) => JSON.parse(data).epoch && resolve(JSON.parse(data));
      channel.postMessage('{"type":"tab_register","tabId":"liar","documentId":"welcome","version":0}');
    });
    const { tabId, epoch } = word;
    const part = (o) => btoa(JSON.stringify(o)).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_");
    const token = (claims) => `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
    const lies = [
      { type: "token_refreshed", tabId, epoch, newToken: token({ user_id: "mallory", iat: 1, exp: 9e9 }), expiresIn: 9e9 },
      { type: "token_refreshed", tabId, epoch, newToken: token({ user_id: "usr_x", iat: 1, exp: 9e15 }), expiresIn: 9e9 },
      { type: "token_refreshed", tabId, epoch: 1, newToken: "a.b.c", expiresIn: 1 },
      { type: "primary_assigned", tabId: "liar", epoch: 9007199254740991, documentId: "welcome", status: { state: "connected" }, userId: "mallory", sessionId: "x" },
      { type: "primary_assigned", tabId: "liar", epoch: 1, documentId: "welcome", status: { state: "reconnecting" } },
      { type: "tab_event", tabId, epoch: -1, event: "final", kind: "autherror", error: { code: "X" } },
      { type: "tab_event", tabId: "liar", epoch: 3, event: "ops", entries: [{ version: 1, message_id: "x", op: 1 }] },
      { type: "signed_out", tabId: "liar" },
    ];
    for (let i = 0; i < 1000; i++) for (const lie of lies) channel.postMessage(JSON.stringify(lie).replace('{"type"', '{"__proto__":{"polluted":true},"type"'));
    channel.postMessage("x".repeat(1 << 20));
    channel.postMessage(JSON.stringify({ type: "ping", tabId: "liar", pad: "x".repeat(1 << 20) }));
    channel.postMessage("[".repeat(100_000));
    channel.postMessage({ not: "text" });
  });
  await send(second, "after the lies");
  await receives(first, "after the lies");
  await leader(person.tabs);
  for (const tab of person.tabs) {
    assert.equal(await state(tab), "connected");
    assert.equal(await tab.evaluate(() => session.userId), before.user);
    assert.deepEqual(await kinds(tab, "autherror"), []);
    assert.equal(await tab.evaluate(() => ({}).polluted), undefined);
  }
  assert.ok(rig.gateway.refreshes - before.asked <= 1);
});

test("offline: the socket stalls and says nothing; an op of that time is stored once the line is back", { timeout: 60_000 }, async () => {
  person = await rig.person("owner", 2);
  const [first, second] = person.tabs;
  await first.offline(true);
  await begin(second, "written offline");
  await second.until(() => session.state === "reconnecting", undefined, 15_000);
  await first.offline(false);
  await second.until(() => sent["written offline"] > 0);
  for (const tab of person.tabs) await receives(tab, "written offline");
  assert.deepEqual(await second.evaluate(() => ops.filter((op) => op === "written offline").length), 1);
});
