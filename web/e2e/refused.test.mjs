// What the server does not take: for a while it is held and repeated, for good it is kept
// and offered, and a log that is full is given the snapshot that makes room.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { HoldfastProvider, Persistence, Server, Y, holds, load, newPeer, peer, settle, type } from "./yjs.mjs";

before(load);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Time passes, and what is sent is stored. */
async function wait(timers, seconds, ...peers) {
  for (let i = 0; i < seconds; i++) {
    await turn();
    for (const { session } of peers) session.push();
    for (const { session } of peers) session.pull();
    await turn();
    timers.tick(1000);
  }
}

function people(server) {
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session, provider } of [a, b]) {
    session.up();
    provider.told = [];
    provider.on("refused", ({ code }) => provider.told.push(code));
    provider.on("unsent", ({ count }) => provider.told.push(count));
    provider.on("synced", (synced) => provider.told.push(synced));
  }
  return [a, b];
}

test("what is written while the document is locked is stored once it is not", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  await turn();
  server.lock("an operator");
  a.text.insert(0, "while");
  await wait(t.mock.timers, 2, a, b);
  a.text.insert(5, " more");
  await wait(t.mock.timers, 20, a, b);
  assert.deepEqual([a.provider.synced, a.provider.unsent, server.log.length, b.text.toString()], [false, 1, 0, ""]);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, a.provider.unsaved());
  assert.equal(doc.getText("text").toString(), "while more");
  server.lock(undefined);
  a.text.insert(10, "!");
  await wait(t.mock.timers, 1, a, b);
  assert.deepEqual([b.text.toString(), server.log.length], ["while more!", 2], "and what waited goes as one");
  assert.deepEqual([a.provider.synced, a.provider.unsent, a.provider.unsaved()], [true, 0, undefined]);
  assert.deepEqual(a.provider.told.filter((what) => typeof what === "string"), [], "nobody was troubled");
});

test("a lock that ends without a word is tried again in the time that it names", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  server.locked = "a source";
  a.text.insert(0, "x");
  await wait(t.mock.timers, 1, a, b);
  server.locked = undefined;
  await wait(t.mock.timers, 3, a, b);
  assert.equal(b.text.toString(), "");
  await wait(t.mock.timers, 3, a, b);
  assert.equal(b.text.toString(), "x");
});

test("an update in parts of which one was refused is completed, not begun again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  a.text.insert(0, "0123456789".repeat(20_000));
  await turn();
  a.session.push(2);
  server.lock("an operator");
  await wait(t.mock.timers, 6, a, b);
  assert.equal(server.log.length, 2);
  server.lock(undefined);
  await wait(t.mock.timers, 2, a, b);
  assert.equal(b.text.length, 200_000);
  assert.equal(server.log.length, server.log[0].op.part[2]);
});

test("somebody else's section: a provider that names its own goes on, one that names none waits", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  let section = "body";
  const a = peer(server, "a", { section: () => section });
  const b = peer(server, "b");
  for (const { session } of [a, b]) session.up();
  server.sections = { intro: "user-z" };
  a.text.insert(0, "a");
  b.text.insert(0, "b");
  await wait(t.mock.timers, 1, a, b);
  assert.deepEqual([a.text.toString(), b.provider.unsent], ["a", 1]);
  section = "intro";
  a.text.insert(1, "A");
  await wait(t.mock.timers, 1, a, b);
  assert.deepEqual([server.log.length, a.provider.unsent], [1, 1]);
  server.sections = {};
  server.lock(undefined);
  await wait(t.mock.timers, 1, a, b);
  assert.equal(server.log.length, 3);
  assert.equal(a.text.toString(), b.text.toString());
});

test("rights that are gone: said once, counted and offered; rights that come back send what is missing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  await type(a, "ok ", b).catch(() => {});
  a.text.insert(0, "under way ");
  await turn();
  a.session.allow(false);
  a.text.insert(0, "without ");
  await wait(t.mock.timers, 30, a, b);
  a.text.insert(0, "still ");
  a.session.down();
  a.session.up();
  await wait(t.mock.timers, 30, a, b);
  assert.deepEqual(a.provider.told.filter((what) => typeof what === "string"), ["INSUFFICIENT_PERMISSIONS"]);
  assert.deepEqual([a.provider.synced, a.provider.unsent, a.session.waiting], [false, 1, 0]);
  const copy = server.at();
  Y.applyUpdate(copy, a.provider.unsaved());
  assert.equal(copy.getText("text").toString(), a.text.toString());
  b.text.insert(0, "b ");
  await wait(t.mock.timers, 2, a, b);
  a.session.allow(true);
  await wait(t.mock.timers, 2, a, b);
  assert.equal(b.text.toString(), a.text.toString());
  assert.match(b.text.toString(), /still without under way /);
  assert.deepEqual([a.provider.synced, a.provider.unsent], [true, 0]);
});

test("an operation that is too large for a server that takes less goes in smaller parts", async () => {
  const server = new Server();
  const [a, b] = people(server);
  a.session.limits = { frameBytes: 65_536 };
  const { send } = a.session;
  a.session.send = function (op, options) {
    if (op.y.length < 9000) return send.call(this, op, options);
    this.limits = { frameBytes: 8192 };
    return Promise.reject(Object.assign(new Error("too large"), { code: "MESSAGE_TOO_LARGE", action: "stop" }));
  };
  a.text.insert(0, "0123456789".repeat(3000));
  for (let i = 0; i < 100 && b.text.length < 30_000; i++) await settle(a, b);
  assert.equal(b.text.length, 30_000);
  assert.deepEqual(a.provider.told.filter((what) => typeof what === "string"), []);
});

test("what no server takes is kept, and so is what follows it", async () => {
  const server = new Server();
  const [a, b] = people(server);
  a.session.send = () => Promise.reject(Object.assign(new Error("no"), { code: "MALFORMED_MESSAGE", recoverable: false, action: "stop" }));
  a.text.insert(0, "x");
  await settle(a, b);
  a.text.insert(1, "y");
  await settle(a, b);
  delete a.session.send;
  assert.deepEqual([a.provider.told.includes("MALFORMED_MESSAGE"), a.provider.unsent, server.log.length], [true, 1, 0]);
  a.provider.resend();
  await settle(a, b);
  assert.equal(b.text.toString(), "xy");
});

test("a session that is closed leaves what was not stored to be saved", async () => {
  const server = new Server();
  const [a] = people(server);
  a.text.insert(0, "late");
  await turn();
  a.session.state = "closed";
  a.session.say("state", { state: "closed" });
  a.session.refuse({ code: "CLOSED", recoverable: false, action: "stop" });
  await turn();
  assert.deepEqual([a.provider.status, a.provider.synced, a.provider.unsent], ["disconnected", false, 1]);
  assert.ok(a.provider.unsaved().length > 5);
});

for (const [who, alone] of [["a writer alone", true], ["a reader of the same document", false]]) {
  test(`a full log gets its snapshot from ${who}, and takes what waits`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const server = new Server();
    const [a, b] = people(server);
    await type(a, "before", b);
    if (alone) b.session.down();
    server.lock("log_full");
    const seen = [];
    for (const each of [a, b]) {
      each.session.snapshot = async function (version, data) {
        const doc = new Y.Doc();
        Y.applyUpdateV2(doc, Buffer.from(data.y2, "base64"));
        seen.push([version, doc.getText("text").toString()]);
        server.lock(undefined);
      };
    }
    if (alone) a.text.insert(6, " after");
    await wait(t.mock.timers, 10, a, b);
    assert.deepEqual(seen[0], [6, "before"], "what is stored, without what is not");
    b.session.up();
    await wait(t.mock.timers, 10, a, b);
    assert.equal(b.text.toString(), alone ? "before after" : "before");
    assert.deepEqual([a.provider.synced, a.provider.unsent], [true, 0]);
  });
}

test("a reader beside a database in the browser sends nothing and is told of nothing", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  const kept = new Persistence();
  const first = peer(server, "reader");
  kept.attach(first.doc);
  first.session.up();
  await type(a, "abc", first);
  a.doc.getMap("map").set("k", 1);
  first.doc.getMap("other");
  await settle(a, first);
  for (const order of ["database first", "provider first"]) {
    const doc = new Y.Doc();
    const database = kept.attach(doc);
    if (order === "database first") database.load();
    const reader = peer(server, "reader", { doc });
    reader.session.may = false;
    const told = [];
    reader.provider.on("refused", ({ code }) => told.push(code));
    reader.session.up();
    await settle(reader);
    database.load();
    await settle(reader);
    assert.deepEqual([reader.provider.synced, told, reader.session.waiting, reader.provider.unsent], [true, [], 0, 0], order);
  }
});

test("concurrent values of one key are no difference, whoever compares", async () => {
  const server = new Server();
  const [a, b] = people(server);
  const kept = new Persistence();
  kept.attach(a.doc);
  a.doc.getMap("map").set("k", 1);
  b.doc.getMap("map").set("k", 2);
  await settle(a, b);
  const sent = server.log.length;
  const doc = new Y.Doc();
  kept.attach(doc).load();
  const again = peer(server, "a", { doc });
  again.session.up();
  await settle(again);
  await turn();
  again.session.push();
  assert.deepEqual([again.provider.synced, server.log.length], [true, sent]);
});

test("an observer that throws is not taken for a log that cannot be read", async (t) => {
  const server = new Server();
  const [a, b] = people(server);
  const errors = [];
  b.provider.on("error", (error) => errors.push(error));
  const thrown = new Promise((resolve) => {
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => {
      for (const listener of listeners) process.on("uncaughtException", listener);
      resolve(error.message);
    });
  });
  b.text.observe(() => {
    throw new Error("the app's");
  });
  await type(a, "x", b);
  assert.deepEqual([await thrown, errors, b.text.toString(), b.provider.synced], ["the app's", [], "x", true]);
});

test("two providers of one document on one session send a change once", async () => {
  const server = new Server();
  const [a, b] = people(server);
  const twin = peer(server, "a", { on: a.session, doc: a.doc });
  await settle(a, twin, b);
  a.text.insert(0, "x");
  b.text.insert(0, "y");
  await settle(a, b);
  assert.equal(server.log.length, 2);
  a.provider.destroy();
  a.text.insert(0, "z");
  await settle(a, b);
  assert.equal(server.log.length, 3);
  assert.equal(a.text.toString(), b.text.toString());
  assert.ok(newPeer(server).text.toString().startsWith("z"));
  assert.deepEqual([twin.provider.synced, twin.provider.unsent], [true, 0]);
});

test("a document that the server has lost is offered, and sent when somebody says so", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  await type(a, "one two ", b);
  server.goBack();
  const late = peer(server, "late");
  for (const { session } of [late, a, b]) session.up();
  await wait(t.mock.timers, 3, a, b, late);
  a.text.insert(0, "zero ");
  await wait(t.mock.timers, 3, a, b, late);
  assert.deepEqual([a.provider.synced, b.provider.synced, late.provider.synced, late.text.toString()], [false, false, true, ""]);
  assert.deepEqual([a, b].map(({ provider }) => provider.told.filter((what) => what === "DOCUMENT_RESET").length), [1, 1]);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, a.provider.unsaved());
  assert.equal(copy.getText("text").toString(), "zero one two ");
  a.provider.resend();
  await wait(t.mock.timers, 3, a, b, late);
  for (const { text, provider } of [a, b, late]) assert.deepEqual([text.toString(), provider.synced, provider.unsent], ["zero one two ", true, 0]);
  assert.equal(server.log.length, 1);
});

test("what comes from elsewhere is sent unless the log brings it in time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const [a, b] = people(server);
  await wait(t.mock.timers, 1, a, b);
  a.text.insert(0, "x");
  Y.applyUpdate(b.doc, Y.encodeStateAsUpdate(a.doc), "another network");
  assert.equal(b.provider.unsent, 1);
  await wait(t.mock.timers, 5, a, b);
  assert.deepEqual([server.log.length, b.provider.unsent, b.provider.synced], [1, 0, true]);
  const other = new Y.Doc();
  other.getMap("map").set("imported", true);
  Y.applyUpdate(b.doc, Y.encodeStateAsUpdate(other), "a file");
  await wait(t.mock.timers, 5, a, b);
  assert.deepEqual([server.log.length, a.doc.getMap("map").get("imported")], [2, true]);
});

test("of a profile's tabs with the same unsent work the leader sends it, and the others see it stored", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "kept offline");
  const tabs = [0, 1, 2].map((i) => {
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    const tab = peer(server, "a", { doc: copy });
    tab.session.role = i ? "follower" : "leader";
    return tab;
  });
  for (const { session } of tabs) session.up();
  await wait(t.mock.timers, 5, ...tabs);
  assert.deepEqual([server.log.length, tabs.map(({ provider }) => provider.synced)], [1, [true, true, true]]);
});
