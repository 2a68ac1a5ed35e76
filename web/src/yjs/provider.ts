import { Awareness } from "y-protocols/awareness";
import { Doc, applyUpdate, encodeStateVector, mergeUpdates, type Transaction } from "yjs";
import type { GapDetail, HistoryDetail, LocksDetail, OperationDetail, PresenceDetail, Session, StateDetail } from "../core.ts";
import type { HoldfastError } from "../errors.ts";
import { Cursors } from "./cursors.ts";
import { Emitter } from "./emitter.ts";
import { Outbox, type OutboxEvents } from "./outbox.ts";
import { Run } from "./run.ts";
import { Snapshots } from "./snapshots.ts";
import { applyAs, copyOf, lost, surplus } from "./states.ts";
import type { HoldfastProviderEventMap, HoldfastProviderEvents, HoldfastProviderOptions, Status, Who, YOp, YPresence } from "./types.ts";

// Milliseconds after which the provider asks again for a log that it could not get, and
// after which it looks again whether the log has by now what came by another way.
const again = 5000;
const look = 1000;

/**
 * HoldfastProvider keeps a document and its awareness in step with a session. It does
 * not own the session: `destroy` leaves both as they are. You may make one at any time,
 * and on a document with content: the provider has the session replay the log, compares,
 * and sends what the log lacks.
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
  #unsent = 0; // likewise
  #run: Run;
  #outbox: Outbox;
  #outboxEvents: OutboxEvents = {
    changed: () => this.#changed(),
    refused: (error) => this.emit("refused", error),
    full: () => this.#snapshots.full(),
  };
  #snapshots: Snapshots;
  #cursors: Cursors;
  #applying = false;
  #asked = false; // for the log, once more
  #wanted = false; // and again since
  #goal = 0;
  #synced = false;
  // While the document may hold what is neither in the log nor in the outbox: a document
  // of those two, with which it is compared.
  #log?: Doc;
  #typed = false; // and some of that was written here
  #timer?: ReturnType<typeof setTimeout>; // until it is compared
  #news = true; // whether it may
  #waited = false; // and the others had the time to send it
  #old?: Doc; // what the log held before it began anew
  #back = false; // it has lost some of that: whether that is wanted back, the app has to say

  constructor(session: Session<YOp, YPresence>, doc: Doc, options: HoldfastProviderOptions = {}) {
    super();
    this.#session = session;
    this.#options = options;
    this.doc = doc;
    this.awareness = options.awareness ?? new Awareness(doc);
    this.#cursors = new Cursors(this.awareness, session, options.awarenessEvery ?? 60, this, !options.awareness);
    this.#outbox = Outbox.of(session, doc);
    this.#run = new Run({
      apply: (update) => this.#apply(update),
      begin: () => this.#restart(),
      missed: () => this.#replay(),
      unreadable: (error) => this.emit("error", error),
    });
    this.#snapshots = new Snapshots(session, options.snapshotEvery ?? 1000, () => this.#stored);
    doc.on("beforeTransaction", this.#before);
    doc.on("update", this.#updated);
    session.addEventListener("gap", this.#gap);
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
    for (const type of ["operation", "comment", "snapshot"] as const) on(type, (detail: never) => this.#receive(type, detail));
    on("history", ({ type, detail }: HistoryDetail) => this.#receive(type, detail));
    on("state", (detail: StateDetail) => this.#state(detail));
    on("presence", (detail: PresenceDetail) => this.#cursors.receive(detail));
    on("tabs", ({ tabs }: { tabs: string[] }) => this.#cursors.keep(tabs));
    on("locks", (detail: LocksDetail) => {
      if (detail.reason === "log_full") this.#snapshots.full();
      else if (!detail.locked && this.#outbox.stuck) this.#outbox.repeat();
    });
    on("permissionchange", () => this.#outbox.repeat());
    this.#goal = Math.max(session.version, session.documentVersion || 0);
    if (session.version > this.#run.at) this.#replay();
    this.#cursors.show();
    this.#outbox.open(this.#outboxEvents, this.#options.section);
    // Whoever made the provider listens after that.
    queueMicrotask(() => {
      this.#report();
      if (session.documentVersion !== undefined) this.#check();
    });
  }

  /** Ends the exchange with the session: the others see this tab's cursor disappear, and changes wait for `connect`. */
  disconnect(): void {
    if (!this.#connection) return;
    this.#outbox.close(this.#outboxEvents);
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

  /**
   * Whether document and log are the same: the document has everything that is stored, and
   * everything that it has is stored or on its way (see `unsent`).
   */
  get synced(): boolean {
    return this.#synced;
  }

  /** Resolves as soon as the provider is synced: at once, or the next time. */
  get whenSynced(): Promise<this> {
    return new Promise((resolve) => {
      const synced = (yes: boolean): void => void (yes && (this.off("synced", synced), resolve(this)));
      this.on("synced", synced);
      synced(this.#synced);
    });
  }

  /** How many changes are not stored: those on their way, and those that were refused. */
  get unsent(): number {
    return this.#outbox.size + (this.#back || this.#log && (this.#synced || this.#typed) ? 1 : 0);
  }

  /** Returns what only this document has, as far as is known: a Yjs update, or nothing. */
  unsaved(): Uint8Array | undefined {
    const lacking = this.#log && surplus(this.doc, copyOf(this.#log));
    const all = [...this.#outbox.updates, ...(lacking ? [lacking] : [])];
    return all.length ? mergeUpdates(all) : undefined;
  }

  /** Sends what only this document has, after all: what was refused, or what a reset or restore has taken out of the log. */
  resend(): void {
    this.#back = false;
    this.#waited = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#check();
    this.#outbox.repeat();
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
    this.doc.off("beforeTransaction", this.#before);
    this.doc.off("update", this.#updated);
    this.#session.removeEventListener("gap", this.#gap);
    this.#outbox.leave(this.#outboxEvents);
    this.#decided();
    this.#snapshots.destroy();
    this.#cursors.destroy();
    this.#session.holding?.(this, 0);
    if (!this.#options.awareness) this.awareness.destroy();
  }

  // What comes from elsewhere and not from a hand, like a database in the browser, the log
  // may have, and this document only has not received it. So it is compared first.
  #before = ({ local, origin }: Transaction): void => {
    if (local || this.#ours(origin) || this.#log) return;
    this.#outbox.flush();
    const log = this.#log = copyOf(this.doc);
    this.#news = this.#waited = false;
    if (this.#synced) this.#later(look + Math.random() * look);
    queueMicrotask(() => {
      if (this.#log === log && !this.#news) this.#decided(); // it brought nothing
      this.#count();
    });
  };

  #updated = (update: Uint8Array, origin: unknown, _: Doc, { local }: Transaction): void => {
    if (this.#ours(origin)) return;
    if (this.#log) {
      this.#news = true; // to be compared
      // What a hand writes before anything can be compared is counted. Where the session keeps
      // what is not stored, it goes the way of every change, although the comparison may find it again.
      if (!local || this.#current || this.#back || this.#old) return;
      if (!this.#session.offline?.available) {
        this.#typed = true;
        return this.#count();
      }
    }
    // Yjs removes what formatting has become superfluous at whoever receives it. That is all
    // the same to a reader (the first byte: nothing is inserted).
    if (this.#applying && origin === null && update[0] === 0 && !this.#outbox.allowed) return;
    this.#outbox.add(update);
  };

  // Another provider on the session receives what this one does.
  #ours(origin: unknown): boolean {
    return origin instanceof HoldfastProvider && origin.#session === this.#session;
  }

  // That the log begins anew also counts for a provider that is not connected.
  #gap = ({ detail }: CustomEvent<GapDetail>): void => {
    if (detail.reason === "rewound") {
      this.#goal = 0; // until the state says how far it goes
      this.#restart();
      if (this.#session.version > 0) this.#replay();
    } else if (this.#connection) this.#receive("gap", detail);
  };

  #receive(type: HistoryDetail["type"], detail: HistoryDetail["detail"]): void {
    this.#run.receive(type, detail);
    this.#snapshots.receive(type, detail);
    if (this.#back && !this.#timer) this.#later(look);
    if (type === "operation" && (detail as OperationDetail).own) this.#outbox.stored((detail as OperationDetail<YOp>).op, (detail as OperationDetail).version);
    this.#check();
    this.#snapshots.keep();
  }

  // The log begins anew, and may have lost what it held.
  #restart(): void {
    const { at } = this.#run;
    this.#run.restart();
    if (at === 0) return;
    this.#say(false);
    if (this.#back) this.#log!.destroy();
    else this.#old ??= this.#log ?? copyOf(this.doc);
    this.#log = new Doc();
  }

  #apply(update: Uint8Array): void {
    this.#applying = true;
    try {
      applyAs(this.doc, update, this);
    } finally {
      this.#applying = false;
    }
    if (this.#log) applyUpdate(this.#log, update);
    this.emit("update", update);
  }

  #replay(): void {
    this.#wanted = true;
    if (this.#asked || !this.#connection || !this.#session.replay) return;
    this.#asked = true;
    this.#wanted = false;
    this.#session.replay().then(
      () => {
        this.#asked = false;
        if (this.#wanted && this.#run.at < this.#session.version) this.#replay(); // it began anew meanwhile
        this.#check();
      },
      ({ code }: HoldfastError) => {
        if (code !== "CLOSED") setTimeout(() => ((this.#asked = false), this.#replay()), again);
      },
    );
  }

  #state({ state, documentVersion = 0 }: StateDetail): void {
    if (state === "connected") {
      this.#goal = documentVersion;
      this.#outbox.repeat();
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

  // Whether the document has everything that the server has.
  get #current(): boolean {
    const { state, version } = this.#session;
    return !!this.#connection && state === "connected" && this.#run.at >= Math.max(this.#goal, version) && !this.#run.lacking;
  }

  #check(): void {
    if (!this.#current) return this.#say(false);
    if (!this.#synced || !this.#log) this.#say(this.#compare() && !this.#outbox.stuck);
  }

  // Whether what the log lacks is on its way. Where another tab of the profile, or whoever
  // sent it by another way, will send it as well, the provider waits and looks again.
  #compare(): boolean {
    const log = this.#log;
    if (!log) return true;
    if (this.#timer) return false;
    for (const update of this.#outbox.updates) applyUpdate(log, update);
    if (this.#old && surplus(this.#old, copyOf(log))) {
      this.#back = true;
      this.emit("refused", lost());
    }
    this.#old?.destroy();
    this.#old = undefined;
    const wait = this.#back || !this.#waited && this.#session.role !== "leader";
    const lacking = surplus(this.doc, wait ? copyOf(log) : log);
    if (lacking && wait) {
      if (!this.#back) this.#later(look);
      this.#count();
      return false;
    }
    this.#decided();
    if (lacking) this.#outbox.add(lacking);
    this.#outbox.flush();
    return true;
  }

  #later(after: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#waited = true;
      if (!this.#current) return;
      this.#compare();
      this.#check();
    }, after);
  }

  #decided(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#log?.destroy();
    this.#old?.destroy();
    this.#log = this.#old = undefined;
    this.#back = this.#waited = this.#typed = false;
  }

  #say(synced: boolean): void {
    if (synced === this.#synced) return;
    this.#synced = synced;
    this.doc.emit("sync", [synced, this.doc]);
    this.emit("synced", synced);
    this.emit("sync", synced);
  }

  #changed(): void {
    if (this.#gone) return;
    if (this.#outbox.stuck) this.#say(false);
    else if (!this.#synced && this.#connection) this.#check();
    this.#snapshots.keep();
    this.#count();
  }

  #count(): void {
    const { unsent } = this;
    this.#session.holding?.(this, this.#outbox.kept + unsent - this.#outbox.size);
    if (unsent === this.#unsent) return;
    this.#unsent = unsent;
    this.emit("unsent", { count: unsent });
  }

  // The document as of the run's version: nothing else, and nothing less.
  get #stored(): { run: Run; doc: Doc } | undefined {
    return this.#synced && !this.#log && this.#outbox.size === 0 ? { run: this.#run, doc: this.doc } : undefined;
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
