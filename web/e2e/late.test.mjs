// The Yjs provider's snapshots take the place of the log, so none may come from a
// document that does not hold it: whenever the provider is made, how often, and on what.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { FakeSession, HoldfastProvider, Server, Y, load, newPeer, peer, random, settle, tick, type, whole } from "./yjs.mjs";

before(load);

/** A session that has received everything before anybody made a document on it. */
function early(server, name) {
  const { session, provider } = peer(server, name);
  provider.destroy();
  session.up();
  session.pull();
  return session;
}

test("a provider that is made late receives the log again, and only then is synced", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  await type(a, "CHAPTER ONE");
  const b = peer(server, "b", { on: early(server, "b"), snapshotEvery: 2 });
  const events = [];
  b.provider.addEventListener("synced", ({ detail }) => events.push([detail, b.text.toString()]));
  // Before it has received that, others write and so does it.
  a.text.insert(0, "!");
  b.text.insert(0, "?");
  await tick();
  for (const { session } of [a, b]) session.push();
  b.session.pull(3);
  assert.equal(b.provider.synced, false);
  assert.equal(server.snapshot, undefined);
  await settle(a, b);
  assert.equal(b.text.toString(), a.text.toString());
  assert.deepEqual(events.map(([synced]) => synced), [true]);
  assert.match(events[0][1], /CHAPTER ONE/);
  await type(b, "..", a);
  assert.ok(server.snapshot.version > 12);
  assert.equal(newPeer(server).text.toString(), a.text.toString());
});

test("a late provider stores no snapshot on a session that cannot replay the log", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  await type(a, "CHAPTER ONE");
  const session = early(server, "b");
  session.replay = undefined;
  const b = peer(server, "b", { on: session, snapshotEvery: 1 });
  await type(b, "abc", a);
  assert.deepEqual([b.provider.synced, server.snapshot], [false, undefined]);
});

test("a version that was not received is asked for", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  await type(a, "abc");
  b.session.version = 2; // somebody stopped the first two events
  b.session.pull();
  assert.equal(b.provider.synced, false);
  await settle(b);
  assert.deepEqual([b.text.toString(), b.provider.synced], ["abc", true]);
});

test("a log that could not be replayed is asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  server.write({ y: Buffer.from(Y.encodeStateAsUpdate(new Y.Doc())).toString("base64") }, { userId: "u", clientId: "c" });
  const session = early(server, "b");
  let asked = 0;
  session.replay = async () => (asked++, Promise.reject(Object.assign(new Error("no"), { code: asked === 1 ? "SERVICE_UNAVAILABLE" : "CLOSED" })));
  const b = peer(server, "b", { on: session });
  for (const times of [1, 2, 2]) {
    for (let i = 0; i < 10; i++) await null;
    assert.equal(asked, times);
    t.mock.timers.tick(5000);
  }
  b.provider.destroy();
});

test("a provider that is made again on a document sends what was written between", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  await type(a, "one ", b);
  a.provider.destroy();
  a.text.insert(4, "two ");
  await settle(a, b);
  assert.equal(b.text.toString(), "one ");
  const again = peer(server, "a", { on: a.session, doc: a.doc, snapshotEvery: 1 });
  await settle(again, b);
  await type(again, "three", b);
  assert.equal(b.text.toString(), "one two three");
  assert.equal(newPeer(server).text.toString(), "one two three");
  const sent = server.log.length;
  const third = peer(server, "a", { on: a.session, doc: a.doc });
  await settle(third, b);
  assert.equal(server.log.length, sent, "what the log holds already is not sent");
});

test("what was in a document before is sent by whoever may write, once the log is known", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  await type(a, "stored ");
  const template = () => {
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "kept ");
    doc.getText("gone").insert(0, "x");
    doc.getText("gone").delete(0, 1);
    return doc;
  };
  const viewer = peer(server, "viewer", { doc: template() });
  viewer.session.can = () => false;
  viewer.session.up();
  await settle(a, viewer);
  assert.equal(a.text.toString(), "stored ");
  const b = peer(server, "b", { doc: template() });
  b.session.up();
  await settle(a, b);
  await type(b, "!", a);
  for (const { text } of [a, b, newPeer(server)]) assert.match(text.toString(), /stored .*kept |kept .*stored /);
  assert.equal(a.text.toString(), b.text.toString());
});

test("several providers on one session: each has the whole text, and their parts do not mix", async () => {
  const server = new Server();
  const a = peer(server, "a", { snapshotEvery: 3 });
  const b = peer(server, "a", { on: a.session, snapshotEvery: 3 });
  const c = peer(server, "c");
  for (const { session } of [a, c]) session.up();
  a.text.insert(0, "a".repeat(60_000));
  b.text.insert(0, "b".repeat(60_000));
  await settle(a, c);
  const late = peer(server, "a", { on: a.session, snapshotEvery: 1 });
  await type(late, "late", a, c);
  for (const { text } of [b, late, c, newPeer(server)]) assert.equal(text.toString(), a.text.toString());
  assert.equal(a.text.length, 120_004);
});

test("a snapshot that is ahead of the others is stored when they have caught up", async () => {
  const server = new Server();
  const a = peer(server, "a", { snapshotEvery: 2 });
  a.session.up();
  server.unconfirmed = 2;
  await type(a, "ab");
  assert.equal(server.snapshot, undefined);
  await type(a, "c"); // what is written meanwhile is not in it
  while (!server.snapshot) await tick(); // within the test's time
  assert.equal(server.snapshot?.version, 2);
  assert.equal(newPeer(server).text.toString(), "abc");
});

test("no snapshot after destroy", async () => {
  const server = new Server();
  const a = peer(server, "a", { snapshotEvery: 1 });
  a.session.up();
  a.text.insert(0, "x");
  a.provider.destroy();
  await settle(a);
  assert.deepEqual([server.log.length, server.snapshot], [1, undefined]);
});

test("a snapshot holds nothing that is not stored, for it may be refused", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a", { snapshotEvery: 2 }), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  await type(a, "x", b);
  a.text.insert(1, "y");
  await tick();
  a.session.push();
  a.text.delete(0, 2); // under way while the second entry comes back
  await tick();
  a.session.pull();
  await tick();
  assert.equal(server.snapshot, undefined);
  a.session.refuse({ code: "DOCUMENT_LOCKED" });
  await settle(a, b);
  assert.deepEqual([server.snapshot, b.text.toString(), newPeer(server).text.toString()], [undefined, "xy", "xy"]);
  // One that is due is stored as soon as nothing is under way.
  const c = peer(server, "c", { snapshotEvery: 4 });
  c.session.up();
  c.session.pull();
  for (const letter of "pqr") {
    c.text.insert(0, letter);
    await tick();
  }
  c.session.push(2);
  c.session.pull();
  await tick();
  assert.equal(server.snapshot, undefined);
  await settle(c);
  assert.equal(server.snapshot.version, 5);
});

test("who types on at each answer stores the snapshot that is due", async () => {
  const server = new Server();
  const a = peer(server, "a", { snapshotEvery: 4 });
  a.session.up();
  a.text.insert(0, "0123456789".repeat(6000));
  await tick();
  a.session.addEventListener("operation", () => void Promise.resolve().then(() => a.text.insert(0, "x")));
  for (let i = 0; i < 6; i++) {
    a.session.push();
    a.session.pull();
    await tick();
    if (server.log.length >= 4) assert.equal(server.snapshot?.version, 4);
    if (server.log.length >= 5) break;
  }
  assert.equal(server.snapshot.version, 4);
});

test("a member under another's client id can neither end nor spoil their parts", async () => {
  const server = new Server();
  const a = peer(server, "a");
  const b = peer(server, "b", { snapshotEvery: 3 });
  const mallory = { userId: "user-mallory", clientId: a.session.clientId };
  for (const { session } of [a, b]) session.up();
  const long = "0123456789".repeat(10_000);
  a.text.insert(0, long);
  await tick();
  a.session.push(1);
  const [name, , of] = server.log[0].op.part;
  // The same name, every part of it, another number of them.
  for (let i = 0; i < of; i++) server.write({ y: "AAAA", part: [name, i, of] }, mallory);
  server.write({ y: "AAAA", part: [name, 0, of + 1] }, mallory);
  a.session.push();
  await settle(a, b);
  assert.equal(b.text.toString(), long);
});

test("parts under way in an older snapshot, which does not name their users, come to their end", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  a.text.insert(0, "0123456789".repeat(6000));
  await tick();
  a.session.push(1);
  const [{ op }] = server.log;
  server.snapshot = { version: 1, data: { y: Buffer.from(Y.encodeStateAsUpdate(new Y.Doc())).toString("base64"), begun: [[a.session.clientId, op.part[0], 1, [op.y]]] } };
  const b = peer(server, "b");
  b.session.up();
  b.session.pull();
  await settle(a, b);
  assert.equal(b.text.length, 60_000);
});

test("an update whose parts were stored too far from each other is sent again as a whole", async () => {
  const server = new Server();
  const a = peer(server, "a");
  const sent = [];
  a.session.send = async (op) => ({ version: sent.push(op) === 1 ? 1 : 20_000 });
  a.session.up();
  a.text.insert(0, "0123456789".repeat(6000));
  await tick();
  assert.deepEqual(sent.map(({ part: [, index, of] }) => [index, of]).slice(0, 4), [[0, 2], [1, 2], [0, 2], [1, 2]]);
  assert.notEqual(sent[0].part[0], sent[2].part[0]);
});

test("whoever comes late has the same text, whatever is made, made again, dropped and trimmed when", { timeout: 120_000 }, async () => {
  const runs = Number(process.env.RUNS) || 60;
  const first = Number(process.env.SEED) || 1;
  let snapshots = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const any = random(seed);
    const server = new Server();
    const everybody = Array.from({ length: 2 + any(3) }, (_, i) => ({ ...peer(server, `${seed}.${i}`, { snapshotEvery: 3 }), others: [] }));
    for (let step = 0; step < 150; step++) {
      const one = everybody[any(everybody.length)];
      const { session } = one;
      switch (any(11)) {
        case 0: case 1: session.up(); break;
        case 2: any(3) || session.down(); break;
        case 3: session.push(1 + any(3)); break;
        case 4: case 5: session.pull(1 + any(4)); break;
        case 6: // another document on the session, or the same with another provider
          if (any(4)) break;
          one.others.push(peer(server, "", { on: session, snapshotEvery: 1 + any(4), ...(any(2) && { doc: one.doc }) }));
          break;
        case 7:
          if (any(4)) break;
          one.provider.destroy();
          one.provider = new HoldfastProvider(session, one.doc, { snapshotEvery: 3 });
          break;
        case 8:
          if (any(6) === 0) server.write({ comment: "hm" }, { userId: "user-z", clientId: "client-z" });
          break;
        default: {
          const { text } = [one, ...one.others][any(1 + one.others.length)];
          if (any(3) && text.length) text.delete(any(text.length), 1);
          else text.insert(any(text.length + 1), any(40) ? String.fromCharCode(97 + any(26)) : "0123456789".repeat(6000));
          await null;
          await null;
        }
      }
    }
    for (const { session } of everybody) session.up();
    await settle(...everybody);
    await settle(...everybody);
    const texts = everybody.flatMap((one) => [one, ...one.others]).map(whole);
    assert.equal(new Set(texts).size, 1, `SEED=${seed}`);
    for (const { provider } of everybody) assert.equal(provider.synced, true, `SEED=${seed}`);
    const late = newPeer(server);
    assert.equal(whole(late), texts[0], `SEED=${seed}: a late joiner, after the snapshot of ${server.snapshot?.version}`);
    if (server.snapshot) snapshots++;
  }
  assert.ok(process.env.SEED || snapshots > runs / 2, `${snapshots} of ${runs} runs had a snapshot`);
});

for (const keeps of [false, true]) {
  test(`what is typed before anything can be compared is counted${keeps ? ", and with the session, which keeps it" : ""}`, async () => {
    const server = new Server();
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "template. ");
    const on = Object.assign(new FakeSession(server, "late"), keeps && { offline: { available: true } });
    const late = peer(server, "late", { doc, on });
    const counted = [];
    late.provider.on("unsent", ({ count }) => counted.push(count));
    late.text.insert(10, "typed");
    await tick();
    assert.deepEqual([late.provider.unsent, late.session.waiting, counted], [1, keeps ? 1 : 0, [1]]);
    late.session.up();
    await settle(late);
    assert.deepEqual([late.provider.synced, late.provider.unsent, counted.at(-1)], [true, 0, 0]);
    assert.equal(whole(newPeer(server)), whole(late));
    assert.equal(late.text.toString(), "template. typed");
  });
}
