/**
 * A Yjs document in a session: its updates are the session's operations, its
 * awareness the session's presence.
 *
 * @module
 */
import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates, type Awareness } from "y-protocols/awareness";
import { applyUpdate, encodeStateAsUpdate, mergeUpdates, type Doc } from "yjs";
import type { HoldfastError, OperationDetail, PresenceDetail, Session, SnapshotDetail, StateDetail } from "./core.ts";
import { decode, encode, Parts, split } from "./update.ts";

/** One operation: a Yjs update in base64, or a part of one. */
export interface YOp {
  y: string;
  /** Of an update too large for one operation: its name, this part's number, and how many there are. */
  part?: [name: string, index: number, of: number];
}

/** What is told of a tab's awareness. */
export interface YPresence {
  tab: string;
  /** A y-protocols awareness update in base64. */
  aware: string;
}

/** Who is behind an awareness id: the server's word, not the peer's own. */
export interface Who {
  userId: string;
  clientId: string;
  name?: string;
}

/** What the provider does not decide by itself. */
export interface HoldfastProviderOptions {
  /** Cursors and names: of `y-protocols/awareness`, on the same document. */
  awareness?: Awareness;
  /** Milliseconds that changes of the awareness are gathered for. Default: 60. */
  awarenessEvery?: number;
  /** A snapshot of the document is stored once this profile wrote an operation whose version this divides. Default: 1000; 0: never. */
  snapshotEvery?: number;
}

/** The provider's events. */
export interface HoldfastProviderEventMap {
  /** The document is what the server has, or, after a drop, is not known to be. */
  synced: CustomEvent<boolean>;
  /** The server refused a change: the document has what nobody else has. Nothing more is sent. */
  refused: CustomEvent<HoldfastError>;
}

// Parts whose rest has not come for so many versions are not kept any more.
const abandoned = 10_000;

/**
 * HoldfastProvider keeps a document and its awareness in step with a session.
 * Make it as soon as `connect` has resolved, so that it hears every operation.
 * It does not own the session: `destroy` leaves both as they are.
 *
 * Everything it applies has the provider itself as its origin: an UndoManager
 * with the default origins undoes only what was done here.
 */
export class HoldfastProvider extends EventTarget {
  readonly doc: Doc;
  readonly awareness: Awareness | undefined;

  #session: Session<YOp, YPresence>;
  #options: HoldfastProviderOptions;
  #gone = new AbortController();
  #waiting: Uint8Array[] = [];
  #parts = new Parts();
  #sent = 0;
  #goal = 0;
  #synced = false;
  #refused = false;
  #shown?: ReturnType<typeof setTimeout>;
  #others = new Map<string, Map<string, Set<number>>>(); // awareness ids by client and tab
  #who = new Map<number, Who>();

  constructor(session: Session<YOp, YPresence>, doc: Doc, options: HoldfastProviderOptions = {}) {
    super();
    this.#session = session;
    this.#options = options;
    this.doc = doc;
    this.awareness = options.awareness;
    const { signal } = this.#gone;
    const on = (type: string, heard: (detail: never) => void): void =>
      session.addEventListener(type, (event) => heard((event as CustomEvent).detail as never), { signal });
    on("operation", (detail: OperationDetail) => this.#operation(detail));
    on("snapshot", (detail: SnapshotDetail) => this.#load(detail.data));
    on("gap", () => this.#check());
    on("state", (detail: StateDetail) => this.#state(detail));
    on("presence", (detail: PresenceDetail) => this.#presence(detail));
    on("tabs", (detail: { tabs: string[] }) => this.#forget(session.clientId, (tab) => !detail.tabs.includes(tab)));
    doc.on("update", this.#changed);
    this.awareness?.on("update", this.#moved);
  }

  /** Whether the document has everything that was stored when the connection came to stand. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Whose an awareness id is; a peer may write anything into its state. */
  who(id: number): Who | undefined {
    return this.#who.get(id);
  }

  /** Stops; the others see this tab's cursor go. */
  destroy(): void {
    if (this.#gone.signal.aborted) return;
    this.#flush();
    this.#gone.abort();
    clearTimeout(this.#shown);
    this.doc.off("update", this.#changed);
    if (!this.awareness) return;
    this.awareness.off("update", this.#moved);
    removeAwarenessStates(this.awareness, [this.doc.clientID], this);
    this.#show();
    for (const client of this.#others.keys()) this.#forget(client);
  }

  // What is done in one task is one operation.
  #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || this.#refused) return;
    if (this.#waiting.push(update) === 1) queueMicrotask(() => this.#flush());
  };

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const update = mergeUpdates(this.#waiting);
    this.#waiting = [];
    for (const op of split(encode(update), `${this.#session.tabId}-${++this.#sent}`)) {
      this.#session.send(op).catch((error: HoldfastError) => this.#fail(error));
    }
  }

  #fail(error: HoldfastError): void {
    if (this.#refused || error.code === "CLOSED" || this.#gone.signal.aborted) return;
    this.#refused = true; // what follows would build on something nobody else has
    this.#waiting = [];
    this.dispatchEvent(new CustomEvent("refused", { detail: error }));
  }

  #operation({ op, own, clientId, version }: OperationDetail): void {
    if (!own) this.#apply(op, clientId, version);
    this.#check();
    if (clientId === this.#session.clientId) this.#keep(version);
  }

  #apply(op: unknown, from = "", version = 0): void {
    const whole = this.#parts.add(op, from, version);
    if (!whole) return; // another kind of client wrote this entry, or its rest is to come
    try {
      applyUpdate(this.doc, decode(whole), this);
    } catch {} // not a Yjs update: the same
  }

  #load(data: unknown): void {
    this.#apply(data);
    this.#parts.resume((data as { begun?: unknown } | null)?.begun);
    this.#check();
  }

  #state({ state, documentVersion = 0 }: StateDetail): void {
    if (state === "connected") {
      this.#goal = documentVersion;
      this.#check();
      this.#tell();
    } else this.#say(false);
  }

  #check(): void {
    if (this.#session.state === "connected" && this.#session.version >= this.#goal) this.#say(true);
  }

  #say(synced: boolean): void {
    if (synced === this.#synced) return;
    this.#synced = synced;
    this.dispatchEvent(new CustomEvent("synced", { detail: synced }));
  }

  // Whoever writes the thousandth entry spares those who come after it the log. Of
  // a profile's tabs the leader does it.
  #keep(version: number): void {
    const every = this.#options.snapshotEvery ?? 1000;
    if (!every || version % every !== 0 || !this.#synced || this.#session.role !== "leader" || this.#refused) return;
    // An update that is under way in parts is neither in the document nor wholly behind the snapshot.
    const begun = this.#parts.begun(version - abandoned);
    this.#session.snapshot(version, { y: encode(encodeStateAsUpdate(this.doc)), ...(begun.length && { begun }) }).catch(() => {}); // the next one will do
  }

  #moved = (_: unknown, origin: unknown): void => {
    if (origin !== this) this.#tell();
  };

  // The last place wins, and a burst of typing is one message.
  #tell(): void {
    if (!this.awareness || this.#gone.signal.aborted) return;
    this.#shown ??= setTimeout(() => {
      this.#shown = undefined;
      this.#show();
    }, this.#options.awarenessEvery ?? 60);
  }

  #show(): void {
    const { awareness, doc } = this;
    if (!awareness?.meta.has(doc.clientID) || this.#session.state !== "connected") return;
    this.#session.presence({ tab: this.#session.tabId, aware: encode(encodeAwarenessUpdate(awareness, [doc.clientID])) });
  }

  #presence({ state, userId, clientId, name, data }: PresenceDetail): void {
    if (!this.awareness) return;
    if (state === "leave") return this.#forget(clientId);
    if (state === "join" || state === "state") this.#tell(); // a newcomer has not heard where this cursor is
    const { tab, aware } = (data ?? {}) as Partial<YPresence>;
    if (typeof tab !== "string" || typeof aware !== "string" || tab === this.#session.tabId) return;
    const tabs = this.#others.get(clientId) ?? new Map<string, Set<number>>();
    const ids = tabs.get(tab) ?? new Set<number>();
    const heard = ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>): void => {
      for (const id of [...added, ...updated]) {
        ids.add(id);
        this.#who.set(id, { userId, clientId, ...(name && { name }) });
      }
      for (const id of removed) ids.delete(id);
    };
    // "update" comes before "change", so that whoever draws at a change finds the name.
    this.awareness.on("update", heard);
    try {
      applyAwarenessUpdate(this.awareness, decode(aware), this);
      this.#others.set(clientId, tabs.set(tab, ids));
    } catch {} // not an awareness update: another kind of client's presence
    this.awareness.off("update", heard);
  }

  #forget(client: string, which: (tab: string) => boolean = () => true): void {
    for (const [tab, ids] of this.#others.get(client) ?? []) {
      if (!which(tab)) continue;
      this.#others.get(client)!.delete(tab);
      ids.delete(this.doc.clientID);
      for (const id of ids) this.#who.delete(id);
      if (this.awareness) removeAwarenessStates(this.awareness, [...ids], this);
    }
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
