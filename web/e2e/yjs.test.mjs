// The Yjs provider over a session that a test moves by hand.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Server, Y, load, pause, peer, random, tick, whole } from "./yjs.mjs";

before(load);

test("documents converge, whatever is delivered when and whichever lines drop", { timeout: 60_000 }, async () => {
  const runs = Number(process.env.RUNS) || 60;
  const first = Number(process.env.SEED) || 1;
  for (let seed = first; seed < first + runs; seed++) {
    const any = random(seed);
    const server = new Server();
    const peers = Array.from({ length: 2 + any(4) }, (_, i) => peer(server, `${seed}.${i}`));
    let written = 0;
    for (let step = 0; step < 120; step++) {
      const { doc, session, text } = peers[any(peers.length)];
      switch (any(7)) {
        case 0: session.up(); break;
        case 1: any(3) || session.down(); break;
        case 2: session.push(1 + any(3)); break;
        case 3: session.pull(1 + any(4)); break;
        default: {
          let changed = false;
          const received = () => (changed = true);
          doc.on("update", received);
          for (let i = any(3); i >= 0; i--) {
            if (any(3) && text.length) text.delete(any(text.length), 1);
            else text.insert(any(text.length + 1), String.fromCharCode(97 + any(26)));
            if (any(4) === 0) doc.getMap("map").set(`k${any(3)}`, step);
          }
          doc.off("update", received);
          if (changed) written++;
          await null; // one task, one operation
          await null;
        }
      }
    }
    for (const { session } of peers) (session.up(), session.push());
    for (const { session } of peers) session.pull();
    await tick();
    const states = peers.map(({ doc, text }) => whole({ doc, text }));
    assert.deepEqual(new Set(states).size, 1, `SEED=${seed}: ${states.join(" | ")}`);
    assert.equal(server.log.length, written, `SEED=${seed}: an operation for each task that changed something, and none that echoes`);
    for (const { provider, session } of peers) {
      assert.equal(provider.synced, true, `SEED=${seed}`);
      assert.equal(session.waiting, 0, `SEED=${seed}`);
    }
    const late = peer(server, `${seed}.late`);
    late.session.up();
    assert.equal(late.provider.synced, server.log.length === 0);
    late.session.pull();
    assert.equal(whole(late), states[0], `SEED=${seed}: a late joiner`);
    assert.equal(late.provider.synced, true);
  }
});

test("synced: reported when all that was stored is there, and taken back by a drop", async () => {
  const server = new Server();
  const a = peer(server, "a");
  a.session.up();
  a.text.insert(0, "abc");
  await tick();
  a.session.push();
  a.session.pull();
  const b = peer(server, "b");
  const said = [];
  b.provider.addEventListener("synced", ({ detail }) => said.push([detail, b.text.toString()]));
  b.session.up();
  assert.deepEqual(said, []);
  b.session.pull();
  b.session.down();
  b.session.up();
  assert.deepEqual(said, [[true, "abc"], [false, "abc"], [true, "abc"]]);
});

test("an update larger than an operation goes in parts, and counts only once it is whole", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  const long = "0123456789".repeat(20_000);
  a.text.insert(0, long);
  await tick();
  a.session.push();
  assert.ok(server.log.length > 4);
  for (const { op } of server.log) assert.ok(JSON.stringify(op).length < 60_000);
  b.session.pull(server.log.length - 1);
  b.session.say("operation", { op: { y: "AAAA", part: server.log.at(-1).op.part }, version: 99, own: false, clientId: "client-x" });
  assert.equal(b.text.length, 0);
  b.session.pull();
  assert.equal(b.text.toString(), long);
  // What others may write: none of it harms, and none of it is taken for a part of a's.
  for (const op of [null, 7, { y: 1 }, { y: "%%" }, { y: "AAAA", part: ["tab-a-1", 0, 1e9] }, { y: "AAAA", part: [1, 0, 2] }, { y: "AA==", part: ["tab-a-1", -1, 2] }]) {
    b.session.say("operation", { op, version: 99, own: false, clientId: "client-x" });
  }
  assert.equal(b.text.toString(), long);
});

test("undo takes back what was done here and nothing else", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  const undo = new Y.UndoManager(a.text, { captureTimeout: 0 });
  for (const { session } of [a, b]) session.up();
  a.text.insert(0, "mine ");
  await tick();
  a.session.push();
  b.session.pull();
  b.text.insert(5, "theirs");
  await tick();
  b.session.push();
  a.session.pull();
  assert.equal(a.text.toString(), "mine theirs");
  undo.undo();
  undo.undo();
  await tick();
  a.session.push();
  for (const { session } of [a, b]) session.pull();
  assert.deepEqual([a.text.toString(), b.text.toString()], ["theirs", "theirs"]);
});

test("a refused change stops the writing, once and with its error", async () => {
  const a = peer(new Server(), "a");
  const errors = [];
  a.provider.addEventListener("refused", ({ detail }) => errors.push(detail.code));
  a.session.up();
  a.text.insert(0, "x");
  await tick();
  a.text.insert(1, "y");
  await tick();
  a.session.refuse({ code: "INSUFFICIENT_PERMISSIONS" });
  await tick();
  a.text.insert(2, "z");
  await tick();
  assert.deepEqual(errors, ["INSUFFICIENT_PERMISSIONS"]);
  assert.equal(a.session.waiting, 0);
});

test("a snapshot is stored by whoever writes the entry that is due, with what is under way in parts", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a", { snapshotEvery: 4 }), peer(server, "b", { snapshotEvery: 4 })];
  const kept = [];
  for (const { session } of [a, b]) {
    session.snapshot = async (version, data) => kept.push({ by: session.tabId, version, data: JSON.parse(JSON.stringify(data)) });
    session.up();
  }
  const write = async (who, what) => {
    who.text.insert(who.text.length, what);
    await tick();
    who.session.push();
    for (const { session } of [a, b]) session.pull();
    await tick();
  };
  for (const letter of "abcde") await write(a, letter);
  assert.deepEqual(kept.map(({ by, version }) => [by, version]), [["tab-a", 4]]);
  const fresh = peer(new Server(), "c");
  fresh.session.say("snapshot", { data: kept[0].data, version: 4 });
  assert.equal(fresh.text.toString(), "abcd");

  // Of one profile's tabs the leader, whichever of them wrote.
  a.session.role = "follower";
  for (const letter of "xyz") await write(a, letter);
  assert.equal(kept.length, 1);
  a.session.role = "leader";
  for (const letter of "pqr") await write(a, letter);

  // Half of a large update, then the snapshot, then the other half.
  const d = peer(server, "d");
  d.session.up();
  d.session.pull();
  d.text.insert(0, "0123456789".repeat(6000));
  await tick();
  d.session.push(1);
  for (const { session } of [a, b]) session.pull();
  for (const letter of "fghi") await write(b, letter);
  assert.deepEqual(kept.slice(1).map(({ by, version }) => [by, version]), [["tab-b", 16]]);
  assert.equal(kept[1].data.begun.length, 1);
  d.session.push();
  for (const { session } of [a, b, d]) session.pull();
  const late = peer(server, "late");
  late.session.version = 16;
  late.session.say("snapshot", { data: kept[1].data, version: 16 });
  late.session.up();
  late.session.pull();
  assert.equal(late.text.toString(), a.text.toString());
  assert.equal(late.text.length, 60_015);
  for (const data of [null, { y: 1, begun: 3 }, { begun: [null, ["x"], ["x", "y", 1, [2]]] }]) late.session.say("snapshot", { data });
});

test("awareness: gathered, named by the server, given to new peers, gone with its tab", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a", { aware: true }), peer(server, "b", { aware: true })];
  a.session.name = "Ann";
  for (const { session } of [a, b]) session.up();
  for (let i = 0; i < 20; i++) a.awareness.setLocalState({ at: i, name: "someone else" });
  await pause(30);
  assert.equal(a.session.shown.length, 1, "a burst is one message");
  assert.deepEqual(b.awareness.getStates().get(a.doc.clientID), { at: 19, name: "someone else" });
  assert.deepEqual(b.provider.who(a.doc.clientID), { userId: "user-a", clientId: "client-a", name: "Ann" });
  const shown = b.session.shown.length;
  b.awareness.setLocalState(b.awareness.getLocalState());
  await pause(30);
  assert.equal(b.session.shown.length, shown + 1, "and what is received is not passed on");

  const c = peer(server, "c", { aware: true });
  c.session.up();
  for (const { session } of [a, b]) session.say("presence", { state: "join", userId: "user-c", clientId: "client-c" });
  await pause(30);
  assert.equal(c.awareness.getStates().size, 3);

  b.session.say("presence", { state: "leave", userId: "user-a", clientId: "client-a" });
  assert.equal(b.awareness.getStates().has(a.doc.clientID), false);
  assert.equal(b.provider.who(a.doc.clientID), undefined);
  a.provider.destroy();
  assert.equal(c.awareness.getStates().has(a.doc.clientID), false, "who stops says so");
  for (const data of [7, { tab: 1 }, { tab: "t", aware: "%%" }, { tab: "t", aware: "/////w==" }]) c.session.say("presence", { state: "update", userId: "x", clientId: "y", data });
  for (const { awareness } of [a, b, c]) awareness.destroy();
});

test("a closed tab of one's own profile takes its cursor along, at the others' too", async () => {
  const server = new Server();
  const [a, b, c] = ["same", "same", "else"].map((name) => peer(server, name, { aware: true }));
  b.session.tabId = "tab-other";
  for (const { session, awareness } of [a, b, c]) {
    session.up();
    awareness.setLocalState({ here: true }); // y-protocols does not report the state it begins with
  }
  await pause(30);
  for (const { awareness } of [a, c]) assert.equal(awareness.getStates().size, 3);
  a.session.say("tabs", { tabs: ["tab-same"] });
  assert.equal(a.awareness.getStates().size, 2);
  await pause(30);
  assert.deepEqual([...c.awareness.getStates().keys()].sort(), [a, c].map(({ doc }) => doc.clientID).sort());
  for (const { awareness } of [a, b, c]) awareness.destroy();
});

test("destroy sends what waits, and touches nothing afterwards", async () => {
  const server = new Server();
  const [a, b] = [peer(server, "a"), peer(server, "b")];
  for (const { session } of [a, b]) session.up();
  a.text.insert(0, "last");
  a.provider.destroy();
  a.provider.destroy();
  a.text.insert(4, " words");
  await tick();
  a.session.push();
  b.session.pull();
  a.session.pull();
  assert.equal(b.text.toString(), "last");
});
