// A Yjs document that the browser keeps.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { keepDocument, load, Y } from "./yjs.mjs";

before(() => load());

/** A session, as far as it is looked at. */
const sessionOf = (offline) => Object.assign(new EventTarget(), { offline });
const leads = (session) => session.dispatchEvent(new CustomEvent("leaderchange", { detail: { role: "leader" } }));

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
  await keepDocument(sessionOf(offline), first);
  first.getText("text").insert(0, "kept");
  const before = Y.encodeStateVector(first);
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(first));
  other.getText("text").insert(4, ", and sent");
  offline.ops.push({ y: base64(Y.encodeStateAsUpdate(other, before)) }, { y: "no update" }, { other: true });

  const next = new Y.Doc();
  await keepDocument(sessionOf(offline), next);
  assert.equal(text(next), "kept, and sent");
  next.getText("text").insert(0, "more: ");
  const last = new Y.Doc();
  offline.ops = [];
  await keepDocument(sessionOf(offline), last);
  assert.equal(text(last), "more: kept, and sent");
});

test("without what is kept, or without room, a document stays as it is", async () => {
  const doc = new Y.Doc();
  await keepDocument(sessionOf(), doc);
  await keepDocument(sessionOf(Object.assign(new Offline(), { available: false })), doc);
  doc.getText("text").insert(0, "x");
  assert.equal(text(doc), "x");
});

test("a tab that leads on keeps what the leader before it kept, and its own", async () => {
  const saved = new Map();
  const [one, two] = [0, 1].map(() => Object.assign(new Offline(), { saved, leads: false, save(name, bytes) {
    if (this.leads) saved.set(name, bytes());
  } }));
  const [first, second] = [one, two].map((offline) => Object.assign(sessionOf(offline), { doc: new Y.Doc() }));
  one.leads = true;
  await keepDocument(first, first.doc);
  await keepDocument(second, second.doc);
  first.doc.getText("text").insert(0, "of the first. ");
  second.doc.getText("text").insert(0, "of the second. "); // without a network they do not hear each other
  two.leads = true;
  one.leads = false;
  leads(second);
  second.doc.getText("text").insert(0, "more ");
  await new Promise((resolve) => setTimeout(resolve));
  for (const part of ["of the first. ", "of the second. ", "more "]) assert.ok(text(second.doc).includes(part), part);
  const next = new Y.Doc();
  await keepDocument(sessionOf(two), next);
  assert.equal(text(next), text(second.doc));
});
