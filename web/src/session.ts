import { HoldfastError, type Failure } from "./errors.ts";
import type { ConnectionState, Limits, Permission, Role, SessionEventMap } from "./events.ts";
import type { Program } from "./program.ts";

/** What the program may set on a session, with the values before it said anything. */
interface Properties {
  state: ConnectionState;
  role: Role;
  permissions: readonly Permission[];
  locked: boolean;
  version: number;
  documentVersion: number;
  limits: Limits;
  expiresAt: number;
  issuedAt: number;
  sessionId: string;
  userId: string;
  clientId: string;
}

/** What the app waits for, as the program was told of it. */
interface Pending {
  kind: string;
  text: string;
  resolve(result: { version: number }): void;
  reject(error: HoldfastError): void;
}

/** What is lost if it is not stored before the tab is closed. */
const changes = new Set(["send", "comment"]);

/** These carry an error as their detail. */
const failures = new Set(["error", "autherror", "permissiondenied"]);

/**
 * One tab's part in the user's session on one document. It is an EventTarget
 * with typed events; nothing on it throws, and a promise that the app ignores
 * never becomes an unhandled rejection.
 */
export class Session<Op = unknown, Presence = unknown> extends EventTarget {
  /** The document's id. */
  readonly document: string;
  /** This tab's id: random, in memory only. */
  readonly tabId: string;

  #props: Properties;
  #host: Program;
  #pending = new Map<string, Pending>();
  #sends = 0;
  #queue: string[] = [];
  #leaving = ""; // the word the app has left with
  #told = 0; // of how many unsent changes
  #counting = false;
  #warn: boolean;
  #closed: Promise<void>;
  #close!: () => void;

  /** @internal Use `connect`. */
  constructor(names: { document: string; tabId: string; clientId: string }, program: Program, warn: boolean) {
    super();
    this.document = names.document;
    this.tabId = names.tabId;
    this.#props = {
      state: "connecting", role: "follower", permissions: [], locked: false, version: 0, documentVersion: 0, limits: { frameBytes: 65_536, depth: 64 },
      expiresAt: 0, issuedAt: 0, sessionId: "", userId: "", clientId: names.clientId,
    };
    this.#closed = new Promise((resolve) => (this.#close = resolve));
    this.#warn = warn;
    this.#host = program;
    program.listen({
      hear: (kind, text) => this.#hear(kind, text),
      trapped: (error, over) => this.#trapped(error, over),
      version: () => this.#props.version,
      resend: () => this.#resend(),
    });
  }

  /** Whether the connection stands. */
  get state(): ConnectionState { return this.#props.state; }
  /** Whether this tab holds the connection for the others. */
  get role(): Role { return this.#props.role; }
  /** What the user may do here; empty until connected. */
  get permissions(): readonly Permission[] { return this.#props.permissions; }
  /** Whether the document is locked: nobody may write for now, whatever their permissions. */
  get locked(): boolean { return this.#props.locked; }
  /** The newest document version this tab has heard. */
  get version(): number { return this.#props.version; }
  /** The document's version when the connection came to stand; what was not heard of it follows. */
  get documentVersion(): number { return this.#props.documentVersion; }
  /** What the server takes of one frame; an operation has to leave room in it. Its defaults until connected. */
  get limits(): Readonly<Limits> { return this.#props.limits; }
  /** When the access token expires: milliseconds since the epoch, by this machine's clock. */
  get expiresAt(): number { return this.#props.expiresAt; }
  /** When the access token was issued, by the same clock. */
  get issuedAt(): number { return this.#props.issuedAt; }
  /** The server's name for this session; a new one after the grace period has passed. */
  get sessionId(): string { return this.#props.sessionId; }
  /** Who is signed in. */
  get userId(): string { return this.#props.userId; }
  /** This browser profile's id, the same in all its tabs. */
  get clientId(): string { return this.#props.clientId; }
  /** How many changes of this tab are sent and not stored yet. */
  get unsent(): number { return [...this.#pending.values()].filter(({ kind }) => changes.has(kind)).length; }

  /** Whether the user holds a permission. */
  can(permission: Permission): boolean {
    return this.#props.permissions.includes(permission);
  }

  /**
   * Sends an operation: any JSON. The promise resolves once the server has
   * stored it, through reconnects and changes of leader, and rejects when the
   * server refuses it.
   */
  send(op: Op, options?: { section?: string }): Promise<{ version: number }> {
    return this.#ask("send", (id) => {
      const text = json(op);
      return text && `{"id":"${id}","op":${text}${options?.section ? `,"section":${json(options.section)}` : ""}}`;
    }, (version) => ({ version }));
  }

  /**
   * Comments on the document, as safely as `send`; `anchor` says where, and both
   * are any JSON. Every tab hears it as a `comment` event.
   */
  comment(body: unknown, anchor?: unknown): Promise<{ version: number; commentId: string }> {
    return this.#command("comment", { event: "create", body, anchor }, (version) => ({ version, commentId: String(version) }));
  }

  /** Replies to a comment that is open. */
  reply(commentId: string, body: unknown): Promise<{ version: number }> {
    return this.#command("comment", { event: "reply", comment_id: commentId, body }, (version) => ({ version }));
  }

  /** Resolves a comment; it takes no more replies. */
  resolve(commentId: string): Promise<{ version: number }> {
    return this.#command("comment", { event: "resolve", comment_id: commentId }, (version) => ({ version }));
  }

  /**
   * Locks a section of the document for this user, for `ttl` milliseconds or as
   * long as the server does by default. Without a connection it is refused.
   */
  lock(section: string, ttl?: number): Promise<void> {
    return this.#command("lock", { section, ttl }, () => {});
  }

  /** Gives a section back. */
  unlock(section: string): Promise<void> {
    return this.#command("lock", { section, unlock: true }, () => {});
  }

  /**
   * Gives the server what the document is at a version, so that it need not keep
   * the whole log: who comes late gets this as a `snapshot` event. Any JSON. The
   * leader's tab alone does it (see `role`); elsewhere it is refused.
   */
  snapshot(version: number, data: unknown): Promise<void> {
    return this.#command("snapshot", { version, data }, () => {});
  }

  /**
   * Has the document's log told once more from its start, as `history` events and in
   * this tab alone: for whoever makes a document after the session has heard part of
   * the log. Resolves when all that is stored has been told.
   */
  replay(): Promise<{ version: number }> {
    return this.#command("replay", {}, (version) => ({ version }));
  }

  #command<T>(kind: string, fields: Record<string, unknown>, result: (version: number) => T): Promise<T> {
    return this.#ask(kind, (id) => json({ id, ...fields }), result);
  }

  /** Tells the others something passing, like a cursor: any JSON, the last one wins. */
  presence(data: Presence): void {
    const text = json(data);
    if (text !== undefined) this.#host.deliver("presence", text);
  }

  /** Fetches a new access token now; all tabs get it. */
  refresh(): void {
    this.#host.deliver("refresh");
  }

  /** Leaves. Other tabs of the profile go on. */
  close(): Promise<void> {
    this.#leave("close");
    return this.#closed;
  }

  /** Leaves in all tabs of the profile, whatever document they show, and forgets the token. */
  signOut(): Promise<void> {
    this.#leave("sign_out");
    return this.#closed;
  }

  // Tells the program of something that will be answered. The id is this tab's
  // name for it, never used twice: message ids are made of it.
  #ask<T>(kind: string, textOf: (id: string) => string | undefined, result: (version: number) => T): Promise<T> {
    const id = String(++this.#sends);
    const text = textOf(id);
    const settled = new Promise<T>((resolve, reject) =>
      this.#pending.set(id, { kind, text: text ?? "", resolve: ({ version }) => resolve(result(version)), reject }));
    settled.catch(() => {});
    if (text === undefined) this.#settle(id, { code: "INVALID_ARGUMENT", message: "This has to be JSON." });
    else if (this.state === "closed") this.#settle(id, closed);
    else this.#host.deliver(kind, text);
    this.#count();
    return settled;
  }

  #leave(word: string): void {
    this.#leaving ||= word;
    this.#host.deliver(word);
  }

  #trapped(error: HoldfastError, over: boolean): boolean {
    this.#drain(); // what the program had said holds
    const ended = this.state === "closed";
    if (!ended) this.#dispatch("error", error);
    if (ended || over) {
      this.#end(); // whoever waits for close() has no program to wait for
      return false;
    }
    this.#props.state = "reconnecting";
    this.#props.role = "follower";
    this.#dispatch("state", { state: "reconnecting", reason: "module_restarted" });
    return true;
  }

  #resend(): void {
    for (const { kind, text } of this.#pending.values()) this.#host.deliver(kind, text);
    if (this.#leaving) this.#host.deliver(this.#leaving);
  }

  // Many changes of one task are told as one, and never while the app is in `send`.
  #count(): void {
    if (this.#counting) return;
    this.#counting = true;
    queueMicrotask(() => {
      this.#counting = false;
      const count = this.unsent;
      if (count === this.#told) return;
      // Only while there is something to lose: the listener alone costs a page
      // its place in the back-forward cache.
      if (this.#warn && !count !== !this.#told) globalThis[count ? "addEventListener" : "removeEventListener"]?.("beforeunload", ask);
      this.#told = count;
      this.#dispatch("unsent", { count });
    });
  }

  // The program is still running when it calls out, so the app hears of it in
  // a microtask: nothing it does in a listener can re-enter the program.
  #hear(kind: string, text: string): void {
    this.#queue.push(kind, text);
    if (this.#queue.length === 2) queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queue.length; i += 2) {
      const said = queue[i + 1] ? JSON.parse(queue[i + 1]!) : {};
      switch (queue[i]) {
        case "sent": this.#settle(said.id, undefined, said.version); break;
        case "unsent": this.#settle(said.id, said.error); break;
        case "closed": this.#end(); break;
        case "emit":
          for (const key of Object.keys(this.#props) as (keyof Properties)[]) {
            if (said.set && Object.hasOwn(said.set, key)) (this.#props as unknown as Record<string, unknown>)[key] = said.set[key];
          }
          if (said.type === "state" && said.detail.state === "connected") this.#props.documentVersion = said.detail.documentVersion ?? 0;
          if (said.type) this.#dispatch(said.type, failures.has(said.type) ? new HoldfastError(said.detail) : said.detail);
      }
    }
  }

  #settle(id: string, error?: Failure, version = 0): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) pending?.reject(new HoldfastError(error));
    else pending?.resolve({ version });
    this.#count();
  }

  #end(): void {
    if (this.state !== "closed") {
      this.#props.state = "closed";
      this.#dispatch("state", { state: "closed" });
    }
    for (const id of this.#pending.keys()) this.#settle(id, closed);
    this.#close();
  }

  #dispatch(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const ask = (event: Event): void => event.preventDefault();
const closed: Failure = { code: "CLOSED", message: "The session is closed." };

function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The listener methods, with the events' types. */
export interface Session<Op, Presence> {
  addEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: (this: Session<Op, Presence>, event: SessionEventMap<Op, Presence>[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: (this: Session<Op, Presence>, event: SessionEventMap<Op, Presence>[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}
