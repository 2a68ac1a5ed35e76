// A server and sessions that a test moves by hand, for the Yjs provider: `load` first.
import { build } from "esbuild";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export let HoldfastProvider, keepDocument, Y, Awareness;

/** Bundles the provider as an app has it. */
export async function load() {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-yjs-"));
  const outfile = join(dir, "yjs.mjs");
  await build({
    stdin: {
      contents: `export * from "./src/yjs.ts"; export * as Y from "yjs"; export { Awareness } from "y-protocols/awareness";`,
      resolveDir: fileURLToPath(new URL("..", import.meta.url)), loader: "ts",
    },
    outfile, bundle: true, format: "esm", target: "es2022", logLevel: "warning", platform: "node",
  });
  ({ HoldfastProvider, keepDocument, Y, Awareness } = await import(pathToFileURL(outfile).href));
  await rm(dir, { recursive: true });
}

export const tick = () => new Promise((resolve) => setImmediate(resolve));
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const copy = (value) => JSON.parse(JSON.stringify(value));

/** The document's log and its snapshot, and who is connected. */
export class Server {
  log = [];
  generation = 0;
  sessions = [];
  locked; // why, while it is
  sections = {}; // who has locked which
  unconfirmed = 0; // how many snapshots are refused, since nobody else has their version yet
  snapshot; // { version, data, by }: what is older is gone
  store(session, id, op) {
    let entry = this.log.find((entry) => entry.session === session && entry.id === id);
    if (!entry) this.log.push((entry = { session, id, op: copy(op), version: this.log.length + 1 }));
    return entry;
  }
  /** Why an operation is not stored now. */
  refusal(session, section) {
    const wait = { code: "DOCUMENT_LOCKED", recoverable: true, action: "wait", retryAfter: 5000 };
    const others = Object.entries(this.sections).filter(([, userId]) => userId !== session.userId).map(([name]) => name);
    if (!session.may) return { code: "INSUFFICIENT_PERMISSIONS", recoverable: false, action: "stop" };
    if (this.locked) return { ...wait, reason: this.locked };
    if (others.includes(section)) return { ...wait, reason: "section_locked" };
    if (!section && others.length) return { ...wait, reason: "section_missing" };
  }
  lock(why) {
    this.locked = why;
    for (const session of this.sessions) session.locks();
  }
  /** The server's data are those of an earlier day. */
  goBack(to = 0) {
    for (const session of this.sessions) session.down();
    this.log.length = to;
    this.generation++;
    if (this.snapshot?.version > to) this.snapshot = undefined;
  }
  /** What the log says that the document is at a version. */
  at(version = this.log.length) {
    const doc = new Y.Doc();
    for (const update of this.updates(version)) Y.applyUpdate(doc, update);
    return doc;
  }
  /** The updates in the log, each once it is whole. */
  updates(version = this.log.length) {
    const parts = {};
    return this.log.slice(0, version).flatMap(({ op, session }) => {
      if (typeof op?.y !== "string") return [];
      if (!op.part) return [Buffer.from(op.y, "base64")];
      const [name, index, of] = op.part;
      const its = (parts[session.userId + name] ??= []);
      its[index] = op.y;
      return its.filter((part) => part).length === of ? [Buffer.from(its.join(""), "base64")] : [];
    });
  }
  /** An entry by somebody who has no session here. */
  write(op, { userId, clientId }) {
    this.log.push({ session: { userId, clientId, tabId: "tab-x" }, id: this.log.length, op: copy(op), version: this.log.length + 1 });
  }
}

/** A session as the provider sees it: everything passes when the test decides so. */
export class FakeSession extends EventTarget {
  state = "connecting";
  version = 0;
  documentVersion = 0;
  role = "leader";
  locked = false;
  may = true;
  shown = [];
  #waiting = new Map();
  #sends = 0;
  #generation = 0;
  #again; // a replay: where it stands and who waits for it
  constructor(server, name) {
    super();
    this.server = server;
    this.tabId = `tab-${name}`;
    this.clientId = `client-${name}`;
    this.userId = `user-${name}`;
    server.sessions.push(this);
  }
  say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
  send(op, { section } = {}) {
    const id = ++this.#sends;
    return new Promise((resolve, reject) => this.#waiting.set(id, { op, section, resolve, reject }));
  }
  locks() {
    if (this.state !== "connected") return;
    this.locked = !!this.server.locked;
    this.say("locks", { locked: this.locked, reason: this.server.locked || undefined, sections: Object.keys(this.server.sections).map((section) => ({ section })) });
  }
  allow(may) {
    this.may = may;
    if (this.state === "connected") this.say("permissionchange", { permissions: may ? ["read", "write"] : ["read"] });
  }
  presence(data) {
    this.shown.push(data);
    for (const other of this.server.sessions) {
      if (other === this || other.state !== "connected") continue;
      other.say("presence", { state: "update", userId: this.userId, clientId: this.clientId, name: this.name, data: copy(data) });
    }
  }
  can() {
    return this.may;
  }
  async snapshot(version, data) {
    if (this.server.unconfirmed-- > 0) throw Object.assign(new Error("unconfirmed"), { reason: "snapshot_unconfirmed", retryAfter: 50 });
    if (version > (this.server.snapshot?.version ?? 0)) this.server.snapshot = { version, data: copy(data), by: this.tabId };
  }
  replay() {
    return new Promise((resolve) => (this.#again = { at: 0, resolve: [...(this.#again?.resolve ?? []), resolve] }));
  }
  get waiting() {
    return this.#waiting.size;
  }
  /** The server stores so many of the waiting operations; the answers arrive with the log. */
  push(count = Infinity) {
    if (this.state !== "connected") return;
    for (const [id, { op, section, reject }] of [...this.#waiting].slice(0, count)) {
      const stored = this.server.log.some((entry) => entry.session === this && entry.id === id);
      const refusal = !stored && this.server.refusal(this, section);
      if (!refusal) this.server.store(this, id, op);
      else if (this.#waiting.delete(id)) reject(Object.assign(new Error(refusal.code), refusal));
    }
  }
  refuse(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
  /** Receives so many of the stored entries that it has not received; what is asked for again comes first. */
  pull(count = Infinity) {
    if (this.state !== "connected") return;
    if (this.#again) {
      const again = this.#again;
      const at = this.#read(again.at, Math.min(count, this.version - again.at), (type, detail) => this.say("history", { type, detail }));
      if (this.#again === again) again.at = at;
      if (this.#again.at < this.version) return;
      this.#again = undefined;
      for (const resolve of again.resolve) resolve({ version: this.version });
    }
    this.#read(this.version, count, (type, detail) => {
      this.version = detail.version;
      this.say(type, detail);
    });
  }
  #read(from, count, emit) {
    const { log, snapshot } = this.server;
    if (from < (snapshot?.version ?? 0) && count > 0) {
      from = snapshot.version;
      count--;
      for (const [id, { resolve }] of this.#waiting) {
        const stored = log.find((entry) => entry.session === this && entry.id === id && entry.version <= from);
        if (stored && this.#waiting.delete(id)) resolve({ version: stored.version });
      }
      emit("snapshot", { version: from, data: copy(snapshot.data) });
    }
    for (const { session, id, op, version } of log.slice(from, from + Math.max(0, count))) {
      const own = session === this;
      const by = { version, clientId: session.clientId, userId: session.userId, messageId: `${session.tabId}-${id}`, replay: false, own };
      if (op?.comment) emit("comment", { ...by, event: "create", commentId: String(version), body: op.comment });
      else emit("operation", { ...by, op });
      from = version;
      if (!own) continue;
      this.#waiting.get(id)?.resolve({ version });
      this.#waiting.delete(id);
    }
    return from;
  }
  up() {
    if (this.state === "connected") return;
    this.state = "connected";
    const { log, generation } = this.server;
    if (this.version > 0 && this.#generation !== generation) {
      const common = Math.min(this.version - 1, log.length);
      const gap = { from: common + 1, to: this.version, count: this.version - common, reason: "rewound" };
      this.version = 0;
      for (const resolve of this.#again?.resolve ?? []) resolve({ version: 0 });
      this.#again = undefined;
      this.say("gap", gap);
    }
    this.#generation = generation;
    this.documentVersion = this.server.log.length;
    this.say("state", { state: "connected", ...(this.server.log.length && { documentVersion: this.server.log.length }) });
    if (this.server.locked) this.locks();
  }
  down() {
    this.state = "reconnecting";
    this.say("state", { state: "reconnecting" });
  }
}

/** Somebody with a document; on a session of their own unless `on` names one. */
export function peer(server, name, { on, doc = new Y.Doc(), ...options } = {}) {
  const awareness = options.aware && new Awareness(doc);
  const session = on ?? new FakeSession(server, name);
  const provider = new HoldfastProvider(session, doc, { awareness, awarenessEvery: 5, ...options });
  return { doc, session, provider, awareness: provider.awareness, text: doc.getText("text") };
}

/** What y-indexeddb does, with as long in between as the test likes. */
export class Persistence {
  #updates = [];
  attach(doc) {
    const origin = { persistence: this };
    const keep = (update, from) => from !== origin && this.#updates.push(update);
    doc.on("update", keep);
    return {
      // It reads what it has in one transaction, which is not local.
      load: () => Y.transact(doc, () => this.#updates.slice().forEach((update) => Y.applyUpdate(doc, update)), origin, false),
      detach: () => doc.off("update", keep),
    };
  }
}

/** Whether one document holds everything of another. */
export const holds = (doc, other) => {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  let more = false;
  copy.on("update", () => (more = true));
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(other));
  return !more;
};

/** Numbers that repeat exactly. */
export function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export const whole = ({ doc, text }) => JSON.stringify([text.toString(), Object.entries(doc.getMap("map").toJSON()).sort()]);

/** Everything that is sent is stored, and received by all. */
export async function settle(...peers) {
  for (let i = 0; i < 4; i++) {
    await tick();
    for (const { session } of peers) session.push();
    for (const { session } of peers) session.pull();
  }
}

export async function type(who, text, ...others) {
  for (const letter of text) {
    who.text.insert(who.text.length, letter);
    await settle(who, ...others);
  }
}

/** What somebody sees who joins now. */
export function newPeer(server) {
  const late = peer(server, `new-${server.sessions.length}`);
  late.session.up();
  late.session.pull();
  return late;
}
