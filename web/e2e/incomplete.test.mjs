// The Yjs provider behind what its document could not take: a snapshot takes the log's
// place, so it makes none from there on.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Server, Y, load, peer, settle, type } from "./yjs.mjs";

before(load);

// What leaves a document without something that the log holds, or held.
const update = (text) => {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return { y: Buffer.from(Y.encodeStateAsUpdate(doc)).toString("base64") };
};
const pending = () => {
  const doc = new Y.Doc();
  const text = doc.getText("text");
  text.insert(0, "first");
  const known = Y.encodeStateVector(doc);
  text.insert(5, "second");
  return { y: Buffer.from(Y.encodeStateAsUpdate(doc, known)).toString("base64") };
};
const stranger = { userId: "user-x", clientId: "client-x" };
const incomplete = {
  "a gap in the log": (server, { session }) => session.say("gap", { from: (session.version += 1), to: session.version, count: 1, reason: "log_truncated" }),
  "an entry the client could not read": (server, { session }) => session.say("gap", { from: (session.version += 1), to: session.version, count: 1, reason: "too_deep" }),
  "an operation of another kind of client": (server) => server.write({ insert: "x" }, stranger),
  "text that is no base64": (server) => server.write({ y: "%%" }, stranger),
  "bytes that are no update": (server) => server.write({ y: "/////w==" }, stranger),
  "an update cut short": (server) => server.write({ y: update("hello").y.slice(0, 12) }, stranger),
  "parts that differ": (server) => [["AAAA", 0, 2], ["BBBB", 0, 2]].forEach(([y, i, of]) => server.write({ y, part: ["n", i, of] }, stranger)),
  "parts of another number": (server) => [["AAAA", 0, 2], ["BBBB", 1, 3]].forEach(([y, i, of]) => server.write({ y, part: ["n", i, of] }, stranger)),
  "a part of nothing": (server) => server.write({ y: "AAAA", part: ["n", 5, 2] }, stranger),
  "parts that make no update": (server) => [0, 1].forEach((i) => server.write({ y: "%%%%", part: ["n", i, 2] }, stranger)),
  "more begun than is kept": (server) => Array.from({ length: 65 }, (_, i) => server.write({ y: "AAAA", part: [`n${i}`, 0, 2] }, stranger)),
  "an update that waits for another": (server) => server.write(pending(), stranger),
};
const quiet = new Set(["a gap in the log", "an entry the client could not read", "an operation of another kind of client", "an update that waits for another"]);

for (const [what, happen] of Object.entries(incomplete)) {
  test(`no snapshot is made of a document behind ${what}`, async () => {
    const server = new Server();
    const a = peer(server, "a", { snapshotEvery: 1 });
    const errors = [];
    a.provider.addEventListener("error", ({ detail }) => errors.push([detail.name, detail.code, detail.recoverable]));
    a.session.up();
    await type(a, "abcd");
    assert.equal(server.snapshot.version, 4);
    happen(server, a);
    server.log.length = Math.max(server.log.length, a.session.version);
    for (let i = 0; i < server.log.length; i++) server.log[i] ??= { session: stranger, id: 0, op: {}, version: i + 1 };
    await settle(a);
    await type(a, "efg");
    assert.equal(server.snapshot.version, 4, what);
    assert.equal(a.text.toString().endsWith("efg"), true, "and the writing goes on");
    if (quiet.has(what)) assert.deepEqual(errors, []);
    else assert.deepEqual(errors[0], ["HoldfastError", "MALFORMED_MESSAGE", true], "the app receives an error");
    if (/read/.test(what)) assert.equal(a.provider.synced, false);
  });
}

test("a snapshot by another kind of client is reported, and nothing is built on it", async () => {
  const server = new Server();
  const a = peer(server, "a", { snapshotEvery: 1 });
  const errors = [];
  a.provider.addEventListener("error", ({ detail }) => errors.push(detail.reason));
  for (let i = 0; i < 3; i++) server.write({}, stranger);
  server.snapshot = { version: 3, data: { not: "ours" } };
  a.session.up();
  await settle(a);
  await type(a, "x");
  assert.deepEqual([errors, a.provider.synced, server.snapshot.version], [["not_an_update"], false, 3]);
});
