// The Yjs provider in the hands of those who know others: what editors and tutorials call on
// a provider, and what they rely on.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Awareness, FakeSession, HoldfastProvider, Server, Y, load, pause, peer, settle, tick, type } from "./yjs.mjs";

before(load);

test("on, once and off give the bare detail, and the typed events the same", async () => {
  const a = peer(new Server(), "a");
  const seen = [];
  const log = (name) => (detail) => seen.push([name, detail]);
  const off = log("never");
  a.provider.on("status", log("status"));
  a.provider.on("synced", log("synced"));
  a.provider.once("sync", log("once"));
  a.provider.on("synced", off);
  a.provider.off("synced", off);
  a.provider.off("synced", () => {});
  a.provider.addEventListener("synced", ({ detail }) => seen.push(["event", detail]));
  a.doc.on("sync", (synced) => seen.push(["doc", synced]));
  a.session.up();
  await tick();
  a.session.down();
  assert.deepEqual(seen.filter(([name]) => name === "status").map(([, { status }]) => status), ["connected", "connecting"]);
  for (const [name, all] of [["synced", [true, false]], ["event", [true, false]], ["doc", [true, false]], ["once", [true]], ["never", []]]) {
    assert.deepEqual(seen.filter(([other]) => other === name).map(([, detail]) => detail), all, name);
  }
  a.session.state = "closed";
  a.session.say("state", { state: "closed" });
  assert.equal(a.provider.status, "disconnected");
});

test("whenSynced waits for the next time, each time", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  await type(a, "one", b);
  b.session.down();
  await type(a, "two");
  const waited = b.provider.whenSynced.then((provider) => [provider === b.provider, b.text.toString()]);
  b.session.up();
  await settle(b);
  assert.deepEqual(await waited, [true, "onetwo"]);
  assert.equal(await b.provider.whenSynced, b.provider);
});

test("a provider that is to connect later exchanges nothing before", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  await type(a, "abc");
  const b = peer(server, "b", { connect: false });
  const events = [];
  b.provider.on("status", ({ status }) => events.push(status));
  b.provider.on("sync", (synced) => events.push(synced));
  b.session.up();
  await settle(b);
  b.text.insert(0, "mine ");
  await settle(b);
  assert.deepEqual([b.provider.status, b.provider.synced, server.log.length, events], ["disconnected", false, 3, []]);
  b.provider.connect();
  b.provider.connect();
  await settle(a, b);
  assert.equal(a.text.toString(), b.text.toString());
  assert.match(a.text.toString(), /mine/);
  assert.match(a.text.toString(), /abc/);
  assert.deepEqual(events, ["connected", true]);
});

test("what happens while a provider is disconnected arrives, both ways, when it connects again", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  await type(a, "abc", b);
  b.provider.disconnect();
  b.provider.disconnect();
  assert.deepEqual([b.provider.status, b.provider.synced], ["disconnected", false]);
  await type(a, "def", b);
  b.text.insert(0, "!");
  await settle(a, b);
  assert.deepEqual([a.text.toString(), b.text.toString(), server.log.length], ["abcdef", "!abc", 6]);
  b.provider.connect();
  await settle(a, b);
  assert.deepEqual([a.text.toString(), b.text.toString(), server.log.length], ["!abcdef", "!abcdef", 7]);
  assert.deepEqual([b.provider.status, b.provider.synced], ["connected", true]);
});

test("an effect that is run twice, as React's Strict Mode does, ends connected", async () => {
  const server = new Server();
  const a = peer(server, "a", { connect: false });
  a.session.up();
  const events = [];
  a.provider.on("sync", (synced) => events.push(synced));
  a.provider.connect();
  a.provider.disconnect();
  a.provider.connect();
  await settle(a);
  assert.deepEqual([events.at(-1), a.provider.status], [true, "connected"]);
  a.provider.destroy();
  a.provider.connect();
  await settle(a);
  assert.deepEqual([a.provider.status, a.provider.synced], ["disconnected", false]);
});

test("without an awareness the provider has its own, silent until somebody sets something", async () => {
  const server = new Server();
  const doc = new Y.Doc();
  const session = new FakeSession(server, "a");
  const provider = new HoldfastProvider(session, doc, { awarenessEvery: 1 });
  const other = peer(server, "b");
  for (const each of [session, other.session]) each.up();
  await pause(20);
  assert.deepEqual([provider.awareness instanceof Awareness, session.shown.length], [true, 0]);
  provider.awareness.setLocalStateField("user", { name: "Ann" });
  await pause(20);
  assert.deepEqual(other.provider.awareness.getStates().get(doc.clientID), { user: { name: "Ann" } });
  let destroyed = 0;
  provider.awareness.on("destroy", () => destroyed++);
  provider.destroy();
  assert.deepEqual([destroyed, other.provider.awareness.getStates().has(doc.clientID)], [1, false]);
});

test("an awareness outlives the provider: the others see it go, and come with the next one", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a", { aware: true }), peer(server, "b", { aware: true })];
  for (const { session } of [a, b]) session.up();
  const sees = () => b.awareness.getStates().get(a.doc.clientID);
  a.awareness.setLocalState({ user: "Ann", cursor: 1 });
  await pause(20);
  assert.deepEqual(sees(), { user: "Ann", cursor: 1 });
  a.provider.destroy();
  assert.deepEqual([sees(), a.awareness.getLocalState()], [undefined, { user: "Ann", cursor: 1 }]);
  const again = new HoldfastProvider(a.session, a.doc, { awareness: a.awareness, awarenessEvery: 1 });
  await pause(20);
  assert.deepEqual(sees(), { user: "Ann", cursor: 1 });
  a.awareness.setLocalStateField("cursor", 5);
  await pause(20);
  assert.deepEqual(sees(), { user: "Ann", cursor: 5 });
  again.disconnect();
  assert.equal(sees(), undefined);
  again.connect();
  await pause(20);
  assert.deepEqual(sees(), { user: "Ann", cursor: 5 });
  // The others may also see it go by the server's word, with the state as it was.
  b.session.say("presence", { state: "leave", userId: a.session.userId, clientId: a.session.clientId });
  assert.equal(sees(), undefined);
  a.session.down();
  a.session.up();
  await pause(20);
  assert.deepEqual(sees(), { user: "Ann", cursor: 5 });
});

test("an update that arrives is an event, with the update", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  const copy = new Y.Doc();
  b.provider.on("update", (update) => Y.applyUpdate(copy, update));
  for (const { session } of [a, b]) session.up();
  await type(a, "abc", b);
  assert.equal(copy.getText("text").toString(), "abc");
});
