// A Yjs document that the browser keeps.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { keepDocument, load, Y } from "./yjs.mjs";

before(() => load());

/** What a session has of an earlier page. */
class Offline {
  available = true;
  saved = new Map();
  ops = [];
  load = async (name) => this.saved.get(name);
  waiting = async () => this.ops.map((op) => ({ messageId: "m", op }));
  save(name, bytes) {
    this.saved.set(name, bytes());
  }
}

const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const text = (doc) => doc.getText("text").toString();

test("a document opens with what was kept, and with what is still on its way", async () => {
  const offline = new Offline();
  const first = new Y.Doc();
  await keepDocument({ offline }, first);
  first.getText("text").insert(0, "kept");
  const before = Y.encodeStateVector(first);
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(first));
  other.getText("text").insert(4, ", and sent");
  offline.ops.push({ y: base64(Y.encodeStateAsUpdate(other, before)) }, { y: "no update" }, { other: true });

  const next = new Y.Doc();
  await keepDocument({ offline }, next);
  assert.equal(text(next), "kept, and sent");
  next.getText("text").insert(0, "more: ");
  const last = new Y.Doc();
  offline.ops = [];
  await keepDocument({ offline }, last);
  assert.equal(text(last), "more: kept, and sent");
});

test("without what is kept, or without room, a document stays as it is", async () => {
  const doc = new Y.Doc();
  await keepDocument({}, doc);
  await keepDocument({ offline: Object.assign(new Offline(), { available: false }) }, doc);
  doc.getText("text").insert(0, "x");
  assert.equal(text(doc), "x");
});
