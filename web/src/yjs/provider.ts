import { Awareness } from "y-protocols/awareness";
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector, equalSnapshots, mergeUpdates, snapshot } from "yjs";
import type { GapDetail, HistoryDetail, OperationDetail, PresenceDetail, Session, SnapshotDetail, StateDetail } from "../core.ts";
import { HoldfastError } from "../errors.ts";
import { Cursors } from "./cursors.ts";
import { Emitter } from "./emitter.ts";
import type { HoldfastProviderEventMap, HoldfastProviderEvents, HoldfastProviderOptions, Status, Who, YOp, YPresence } from "./types.ts";
import { decode, encode, Parts, split } from "./update.ts";

// A snapshot leaves out updates that have been incomplete for so many versions. A writer
// that completes such an update later sends all of it again.
const abandoned = 10_000;
// Milliseconds after which the provider asks again for a log that it could not get.
const again = 5000;

/**
 * HoldfastProvider keeps a document and its awareness in step with a session. It does
 * not own the session: `destroy` leaves both as they are. If the session has already
 * received part of the log, the provider has the session replay the log.
 *
 * Everything that it applies has the provider itself as its origin, so an UndoManager
 * with the default origins undoes only local changes.
 */
export class HoldfastProvider extends Emitter<HoldfastProviderEvents> {
  readonly doc: Doc;
  /** The awareness that was given, or the provider's own. */
  readonly awareness: Awareness;

  #session: Session<YOp, YPresence>;
  #options: HoldfastProviderOptions;
  #gone = false;
  #connection?: AbortController; // takes back the listeners
  #status: Status = "disconnected"; // as it was last reported
  #waiting: Uint8Array[] = [];
  #parts = new Parts();
  #name: string; // names this provider's updates in parts
  #sent = 0;
  #under: YOp[] = []; // operations that are sent and not stored yet
  #due = false; // whether a snapshot is due
  #at = 0; // the document received the log up to here, each version in order
  #whole = true; // and applied all of it: otherwise it is not the document as of that version
  #lacking = false; // the server has something that could not be read here
  #reset = false; // the document has something that the server has lost
  #asked = false;
  #goal = 0;
  #synced = false;
  #refused = false;
  #log?: Doc; // what the log holds, while it has to be compared with what the document held before
  #cursors: Cursors;

  constructor(session: Session<YOp, YPresence>, doc: Doc, options: HoldfastProviderOptions = {}) {
    super();
    this.#session = session;
    this.#options = options;
    this.#name = `${session.tabId}-${Math.random().toString(36).slice(2)}`;
    this.doc = doc;
    this.awareness = options.awareness ?? new Awareness(doc);
    this.#cursors = new Cursors(this.awareness, session, options.awarenessEvery ?? 60, this, !options.awareness);
    doc.on("update", this.#changed);
    if (encodeStateVector(doc).length > 1) this.#log = new Doc();
    if (options.connect !== false) this.connect();
  }

  /** Begins the exchange with the session, if it has not begun, and catches up with what came meanwhile. */
  connect(): void {
    if (this.#gone || this.#connection) return;
    const session = this.#session;
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    const on = (type: string, handler: (detail: never) => void): void =>
      session.addEventListener(type, (event) => handler((event as CustomEvent).detail as never), { signal });
    for (const type of ["operation", "comment", "snapshot", "gap"] as const) on(type, (detail: never) => this.#receive(type, detail));
    on("history", ({ type, detail }: HistoryDetail) => this.#receive(type, detail as never));
    on("state", (detail: StateDetail) => this.#state(detail));
    on("presence", (detail: PresenceDetail) => this.#cursors.receive(detail));
    on("tabs", ({ tabs }: { tabs: string[] }) => this.#cursors.keep(tabs));
    this.#goal = Math.max(session.version, session.documentVersion || 0);
    if (session.version > this.#at) this.#replay();
    // Whoever made the provider listens after that.
    queueMicrotask(() => {
      this.#report();
      if (session.documentVersion !== undefined) this.#check();
    });
    this.#cursors.show();
    this.#flush();
  }

  /** Ends the exchange with the session: the others see this tab's cursor disappear, and changes wait for `connect`. */
  disconnect(): void {
    if (!this.#connection) return;
    this.#flush();
    this.#connection.abort();
    this.#connection = undefined;
    this.#cursors.hide();
    this.#say(false);
    this.#report();
  }

  /** Whether the provider exchanges anything with the server now. */
  get status(): Status {
    const { state } = this.#session;
    return !this.#connection || state === "closed" ? "disconnected" : state === "connected" ? state : "connecting";
  }

  /** Whether the document has everything that was stored when the connection was made. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Resolves as soon as the document has everything that is stored: at once, or the next time. */
  get whenSynced(): Promise<this> {
    return new Promise((resolve) => {
      if (this.#synced) return resolve(this);
      const synced = (yes: boolean): void => {
        if (!yes) return;
        this.off("synced", synced);
        resolve(this);
      };
      this.on("synced", synced);
    });
  }

  /** Returns the owner of an awareness id. The state itself proves nothing: a peer may write anything into it. */
  who(id: number): Who | undefined {
    return this.#cursors.who.get(id);
  }

  /** Stops the provider; the others see this tab's cursor disappear. */
  destroy(): void {
    if (this.#gone) return;
    this.disconnect();
    this.#gone = true;
    this.doc.off("update", this.#changed);
    this.#log?.destroy();
    this.#cursors.destroy();
    if (!this.#options.awareness) this.awareness.destroy();
  }

  // The changes of one task are one operation.
  #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || this.#refused) return;
    if (this.#waiting.push(update) === 1) queueMicrotask(() => this.#flush());
  };

  #flush(): void {
    if (this.#waiting.length === 0 || !this.#connection) return;
    const update = mergeUpdates(this.#waiting);
    this.#waiting = [];
    this.#send(encode(update));
  }

  #send(text: string): void {
    const ops = split(text, `${this.#name}-${++this.#sent}`, this.#session.limits?.frameBytes);
    this.#under.push(...ops);
    Promise.all(ops.map((op) => this.#session.send(op))).then(
      (parts) => {
        this.#under = this.#under.filter((op) => !ops.includes(op)); // a snapshot may have brought them
        this.#keep();
        const versions = parts.map(({ version }) => version);
        if (Math.max(...versions) - Math.min(...versions) >= abandoned && !this.#gone) this.#send(text);
      },
      (error: HoldfastError) => this.#fail(error),
    );
  }

  #fail(error: HoldfastError): void {
    if (this.#refused || error.code === "CLOSED" || this.#gone) return;
    this.#refused = true; // what follows would build on something that nobody else has
    this.#waiting = [];
    this.emit("refused", error);
  }

  // Versions of the log come in order. One that does not shows that the provider missed
  // something, and has the session replay the log.
  #receive(type: HistoryDetail["type"], detail: never): void {
    if (type === "gap") this.#gap(detail);
    else if (type === "snapshot") this.#load(detail);
    else {
      const entry = detail as OperationDetail;
      const late = entry.version - this.#at - 1;
      if (late >= 0 && type === "operation") this.#take(entry, late > 0);
      if (late === 0) this.#at = entry.version;
      if (late > 0) this.#replay();
    }
    this.#check();
    if (type === "operation") this.#stored(detail);
    this.#keep();
  }

  // The session may have sent it for another document, so its own mark means nothing here.
  #take({ op, version, userId, clientId }: OperationDetail, early: boolean): void {
    if (early && (op as YOp | null)?.part) return; // it comes again in order
    const { whole, bad } = this.#parts.add(op, { userId, clientId }, version);
    const why = bad ?? (whole !== undefined && !this.#apply(whole) ? "not_an_update" : undefined);
    if (!why) return;
    this.#whole = false;
    if (why !== "foreign") this.#unreadable(why, `Version ${version}, by ${userId},`);
  }

  #apply(text: string): boolean {
    try {
      const update = decode(text);
      applyUpdate(this.doc, update, this);
      if (this.#log) applyUpdate(this.#log, update);
      this.emit("update", update);
      return true;
    } catch {
      return false;
    }
  }

  #load({ version, data }: SnapshotDetail): void {
    if (version <= this.#at) return;
    const { y, begun } = (data ?? {}) as { y?: unknown; begun?: unknown };
    this.#at = version;
    this.#whole = typeof y === "string" && this.#apply(y);
    this.#parts.resume(begun);
    this.#lacking = !this.#whole;
    if (this.#lacking) {
      this.#unreadable("not_an_update", `The snapshot of version ${version}`);
    }
  }

  #gap({ from, to, reason }: GapDetail): void {
    if (reason === "document_reset") {
      this.#reset = true;
      this.#at = Math.min(this.#at, from - 1);
    } else if (from > this.#at + 1) this.#replay();
    else if (to > this.#at) {
      this.#at = to;
      this.#whole = false;
      this.#lacking ||= reason !== "log_truncated"; // which the server itself has no longer
    }
  }

  #unreadable(reason: string, what: string): void {
    const failure = { code: "MALFORMED_MESSAGE", message: `${what} holds no Yjs update that can be applied.`, reason, recoverable: true, action: "wait" } as const;
    this.emit("error", new HoldfastError(failure));
  }

  #replay(): void {
    if (this.#asked || !this.#connection || !this.#session.replay) return;
    this.#asked = true;
    this.#session.replay().then(
      () => {
        this.#asked = false;
        if (this.#connection) this.#check();
      },
      ({ code }: HoldfastError) => {
        if (code !== "CLOSED") setTimeout(() => ((this.#asked = false), this.#replay()), again);
      },
    );
  }

  #state({ state, documentVersion = 0 }: StateDetail): void {
    if (state === "connected") {
      this.#goal = documentVersion;
      this.#check();
      this.#cursors.publish();
    } else this.#say(false);
    this.#report();
  }

  #report(): void {
    const { status } = this;
    if (status === this.#status) return;
    this.#status = status;
    this.emit("status", { status });
  }

  #check(): void {
    const goal = Math.max(this.#goal, this.#session.version);
    if (this.#session.state !== "connected" || this.#at < goal || this.#lacking || this.#reset) return this.#say(false);
    this.#add();
    this.#say(true);
  }

  // What the document held before, and the log lacks.
  #add(): void {
    const log = this.#log;
    if (!log || this.#refused || !this.#session.can("write")) return;
    this.#log = undefined;
    if (!equalSnapshots(snapshot(this.doc), snapshot(log))) {
      this.#waiting.push(encodeStateAsUpdate(this.doc, encodeStateVector(log)));
      this.#flush();
    }
    log.destroy();
  }

  #say(synced: boolean): void {
    if (synced === this.#synced) return;
    this.#synced = synced;
    this.doc.emit("sync", [synced, this.doc]);
    this.emit("synced", synced);
    this.emit("sync", synced);
  }

  // The writer of the thousandth entry stores a snapshot, so that later members need not
  // receive the log. Of a profile's tabs the leader does it.
  #stored({ op, own, version, userId, clientId }: OperationDetail<YOp | null>): void {
    const mine = own ? this.#under.findIndex(({ y, part }) => y === op?.y && String(part) === String(op.part)) : -1;
    if (mine >= 0) this.#under.splice(mine, 1);
    const every = this.#options.snapshotEvery ?? 1000;
    const { userId: user, clientId: client, role } = this.#session;
    this.#due ||= every > 0 && version % every === 0 && role === "leader" && userId === user && clientId === client;
  }

  // Only a document that holds all of the log and nothing else: a snapshot replaces the
  // log, and the server may still refuse what is not stored yet.
  #keep(): void {
    if (!this.#due || this.#gone) return;
    const { version, role } = this.#session;
    const { pendingStructs, pendingDs } = this.doc.store;
    if (role !== "leader" || !this.#synced || this.#refused || this.#at !== version || !this.#whole || pendingStructs || pendingDs) return;
    if (this.#under.length > 0 || this.#waiting.length > 0 || this.#log) return;
    this.#due = false;
    // An incomplete update is neither in the document nor wholly behind the snapshot.
    const begun = this.#parts.begun(version - abandoned);
    this.#store(version, { y: encode(encodeStateAsUpdate(this.doc)), ...(begun.length && { begun }) });
  }

  // While others are connected the server refuses a snapshot until one of them has received
  // its version: the same is sent again. After any other refusal the next snapshot will do.
  #store(version: number, data: unknown): void {
    if (this.#gone) return;
    this.#session.snapshot(version, data).catch(({ reason, retryAfter = 1000 }: HoldfastError) => {
      if (reason === "snapshot_unconfirmed") setTimeout(() => this.#store(version, data), retryAfter);
    });
  }
}

/** The listener methods, with the events' types. */
export interface HoldfastProvider {
  addEventListener<K extends keyof HoldfastProviderEventMap>(
    type: K,
    listener: (this: HoldfastProvider, event: HoldfastProviderEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}
