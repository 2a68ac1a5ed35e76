import { HoldfastError, type Failure } from "./errors.ts";
import type { ConnectionState, Limits, Permission, Role, SessionEventMap } from "./events.ts";
import type { Host } from "./host.ts";
import type { Offline } from "./offline.ts";

/** The properties that the program may set, with their values before it does. */
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
  waiting: number;
}

/** What the app waits for, as the program received it. */
interface Pending {
  kind: string;
  text: string;
  resolve(result: { version: number }): void;
  reject(error: HoldfastError): void;
}

/** Changes are lost if the tab closes before they are stored. */
const changes = new Set(["send", "comment"]);

/** The detail of these events is an error. */
const failures = new Set(["error", "autherror", "permissiondenied"]);

/**
 * Session is one tab's part in the user's session on one document. It is an EventTarget
 * with typed events. None of its methods throws, and a promise that the app ignores
 * never becomes an unhandled rejection.
 */
export class Session<Op = unknown, Presence = unknown> extends EventTarget {
  /** The document's id. */
  readonly document: string;
  /** This tab's id: random, in memory only. */
  readonly tabId: string;

  #props: Properties;
  #host: Pick<Host, "listen" | "deliver">;
  #pending = new Map<string, Pending>();
  #held = new Map<object, number>();
  #sends = 0;
  #queue: string[] = [];
  #leaving = ""; // the call by which the app left
  #unsent = 0;
  #reported = 0; // the last count of unsent changes that the app received
  #counting = false;
  #warn: boolean;
  #logout?: () => unknown;
  #loggedOut?: Promise<unknown>;
  #closed: Promise<void>;
  #close!: () => void;
  /** What is kept over a closed browser, if `connect` was asked for that. */
  readonly offline?: Offline;

  /** @internal Use `connect`. */
  constructor(names: { document: string; tabId: string; clientId: string }, host: Pick<Host, "listen" | "deliver">, warn: boolean, logout?: () => unknown, offline?: Offline) {
    super();
    this.#logout = logout;
    this.offline = offline;
    this.document = names.document;
    this.tabId = names.tabId;
    this.#props = {
      state: "connecting", role: "follower", permissions: [], locked: false, version: 0, documentVersion: 0, limits: { frameBytes: 65_536, depth: 64 },
      expiresAt: 0, issuedAt: 0, sessionId: "", userId: "", clientId: names.clientId, waiting: 0,
    };
    this.#closed = new Promise((resolve) => (this.#close = resolve));
    this.#warn = warn;
    this.#host = host;
    host.listen({
      receive: (kind, text) => this.#receive(kind, text),
      trapped: (error, over) => this.#trapped(error, over),
      version: () => this.#props.version,
      resend: () => this.#resend(),
    });
    offline?.join((kind, text) => host.deliver(kind, text), () => this.role === "leader", (detail) => this.#dispatch("kept", detail));
  }

  /** The state of the connection. */
  get state(): ConnectionState { return this.#props.state; }
  /** Whether this tab holds the connection for the others. */
  get role(): Role { return this.#props.role; }
  /** What the user may do here; empty until connected. */
  get permissions(): readonly Permission[] { return this.#props.permissions; }
  /** Whether the document is locked: then the server refuses everybody's operations, whatever their permissions. */
  get locked(): boolean { return this.#props.locked; }
  /** The newest document version that this tab has received. */
  get version(): number { return this.#props.version; }
  /** The document's version when the connection was made. This tab receives what it lacks up to there. */
  get documentVersion(): number { return this.#props.documentVersion; }
  /** The server's limits of one frame; an operation has to leave room in it. The defaults until connected. */
  get limits(): Readonly<Limits> { return this.#props.limits; }
  /** When the access token expires: milliseconds since the epoch, by this machine's clock. */
  get expiresAt(): number { return this.#props.expiresAt; }
  /** When the access token was issued, by the same clock. */
  get issuedAt(): number { return this.#props.issuedAt; }
  /** The server's name for this session. After the grace period the session is a new one. */
  get sessionId(): string { return this.#props.sessionId; }
  /** The signed-in user. */
  get userId(): string { return this.#props.userId; }
  /** This browser profile's id, the same in all its tabs. */
  get clientId(): string { return this.#props.clientId; }
  /** How many changes of this tab are not stored yet, and of earlier pages, where this tab sends them. */
  get unsent(): number { return [...this.#held.values()].reduce((sum, count) => sum + count, this.#unsent + this.#props.waiting); }

  /** @internal Counts changes that a part of the package keeps back as unsent ones. */
  holding(part: object, count: number): void {
    if (count && this.state !== "closed") this.#held.set(part, count);
    else if (!this.#held.delete(part)) return;
    this.#count();
  }

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
      const text = JSON.stringify(op) as string | undefined;
      return text && `{"id":"${id}","op":${text}${options?.section ? `,"section":${JSON.stringify(options.section)}` : ""}}`;
    }, (version) => ({ version }));
  }

  /**
   * Comments on the document, as safely as `send`. `anchor` says where. Both are any
   * JSON. Every tab receives a `comment` event.
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
   * Locks a section of the document for this user, for `ttl` milliseconds, or for the
   * server's default. Without a connection the promise rejects.
   */
  lock(section: string, ttl?: number): Promise<void> {
    return this.#command("lock", { section, ttl }, () => {});
  }

  /** Releases a section. */
  unlock(section: string): Promise<void> {
    return this.#command("lock", { section, unlock: true }, () => {});
  }

  /**
   * Stores what the document is at a version, as any JSON, so that the server need not
   * keep the whole log: late joiners receive it as a `snapshot` event. Only the leader's
   * tab may do so (see `role`); in other tabs the promise rejects.
   */
  snapshot(version: number, data: unknown): Promise<void> {
    return this.#command("snapshot", { version, data }, () => {});
  }

  /**
   * Replays the document's log from its start, as `history` events in this tab alone, for
   * code that joins after the session has received part of the log. Resolves when all that
   * is stored has been replayed.
   */
  replay(): Promise<{ version: number }> {
    return this.#command("replay", {}, (version) => ({ version }));
  }

  #command<T>(kind: string, fields: Record<string, unknown>, result: (version: number) => T): Promise<T> {
    return this.#ask(kind, (id) => JSON.stringify({ id, ...fields }), result);
  }

  /** Shows the others something short-lived, like a cursor: any JSON, of which the last counts. */
  presence(data: Presence): void {
    const text = attempt(() => JSON.stringify(data));
    if (typeof text === "string") this.#host.deliver("presence", text);
    else queueMicrotask(() => this.#dispatch("error", new HoldfastError(text)));
  }

  /** Fetches a new access token now, for all tabs. */
  refresh(): void {
    this.#host.deliver("refresh");
  }

  /**
   * Takes the document from the browser or device that has it (state `replaced`), for all tabs
   * of this profile. What waits is sent then, once.
   */
  takeOver(): void {
    this.#host.deliver("take_over");
  }

  /**
   * Connects now, for all tabs: it waits for no backoff, starts again after the client has given up, and
   * tests a connection that stands. A wait that the server asked for is kept, and a session that has ended stays so.
   */
  reconnect(): void {
    this.#host.deliver("reconnect");
  }

  /** Leaves the session. Other tabs of the profile stay in it. */
  close(): Promise<void> {
    this.#leave("close");
    return this.#left();
  }

  /**
   * Leaves the session in all tabs of the profile, whatever document they show, and forgets the
   * access token. What a page could have a new one by, such as a refresh cookie, is the app's: this
   * tab calls `logout` for that, once. Rejects if `logout` does.
   */
  signOut(): Promise<void> {
    this.#leave("sign_out");
    this.#loggedOut ??= Promise.resolve().then(this.#logout).catch((cause: unknown) => {
      throw cause instanceof HoldfastError ? cause : new HoldfastError({ code: "AUTHENTICATION_FAILED", message: "`logout` failed: the sign-in may still stand.", recoverable: true }, { cause });
    });
    const both = Promise.all([this.#left(), this.#loggedOut]).then(() => {});
    both.catch(() => {});
    return both;
  }

  // Sends the program something that it will answer. The id is this tab's name for it, and is
  // never used twice: message ids are made from it.
  #ask<T>(kind: string, textOf: (id: string) => string | undefined, result: (version: number) => T): Promise<T> {
    const id = String(++this.#sends);
    const text = attempt(() => textOf(id));
    if (changes.has(kind)) this.#unsent++;
    const settled = new Promise<T>((resolve, reject) =>
      this.#pending.set(id, { kind, text: typeof text === "string" ? text : "", resolve: ({ version }) => resolve(result(version)), reject }));
    settled.catch(() => {});
    if (typeof text !== "string") this.#settle(id, text);
    else if (this.state === "closed") this.#settle(id, closed);
    else this.#host.deliver(kind, text);
    this.#count();
    return settled;
  }

  async #left(): Promise<void> {
    await this.#closed;
    await this.offline?.settled();
  }

  #leave(word: string): void {
    this.#leaving ||= word;
    this.#host.deliver(word);
  }

  #trapped(error: HoldfastError, over: boolean): boolean {
    this.#drain(); // what the program reported before still counts
    const ended = this.state === "closed";
    if (!ended) this.#dispatch("error", error);
    if (ended || over) {
      this.#end(); // no program is left to resolve close()
      return false;
    }
    this.#props.state = "reconnecting"; // if it was replaced, it will be again
    this.#props.role = "follower";
    this.#dispatch("state", { state: "reconnecting", reason: "module_restarted" });
    return true;
  }

  #resend(): void {
    for (const { kind, text } of this.#pending.values()) this.#host.deliver(kind, text);
    if (this.#leaving) this.#host.deliver(this.#leaving);
  }

  // Reports many changes of one task as one, and never while the app is in `send`.
  #count(): void {
    if (this.#counting) return;
    this.#counting = true;
    queueMicrotask(() => {
      this.#counting = false;
      const count = this.unsent;
      if (count === this.#reported) return;
      // Listens only while something may be lost: the listener alone costs a page its
      // place in the back-forward cache.
      if (this.#warn && !this.offline?.available && !count !== !this.#reported) globalThis[count ? "addEventListener" : "removeEventListener"]?.("beforeunload", ask);
      this.#reported = count;
      this.#dispatch("unsent", { count });
    });
  }

  // The program is still running when it calls out. So the app's listeners run in a
  // microtask, and nothing they do can re-enter the program.
  #receive(kind: string, text: string): void {
    this.#queue.push(kind, text);
    if (this.#queue.length === 2) queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queue.length; i += 2) {
      const report = queue[i + 1] ? JSON.parse(queue[i + 1]!) : {};
      switch (queue[i]) {
        case "sent": this.#settle(report.id, undefined, report.version); break;
        case "unsent": this.#settle(report.id, report.error); break;
        case "closed": this.#end(); break;
        case "emit":
          for (const key of Object.keys(this.#props) as (keyof Properties)[]) {
            if (report.set && Object.hasOwn(report.set, key)) (this.#props as unknown as Record<string, unknown>)[key] = report.set[key];
          }
          if (report.type === "state" && report.detail.state === "connected") this.#props.documentVersion = report.detail.documentVersion ?? 0;
          if (report.set?.waiting !== undefined) this.#count();
          if (report.type === "unsaved") report.detail.error = new HoldfastError(report.detail.error);
          if (report.type) this.#dispatch(report.type, failures.has(report.type) ? new HoldfastError(report.detail) : report.detail);
          // It has ended of itself: nothing of it is left in the page, whether the app closes it or not.
          if (this.state === "closed" && !this.#leaving) this.#leave("close");
      }
    }
  }

  #settle(id: string, error?: Failure, version = 0): void {
    const pending = this.#pending.get(id);
    if (this.#pending.delete(id) && changes.has(pending!.kind)) this.#unsent--;
    if (error) pending?.reject(new HoldfastError(error));
    else pending?.resolve({ version });
    this.#count();
  }

  #end(): void {
    if (this.state !== "closed") {
      this.#props.state = "closed";
      this.#dispatch("state", { state: "closed" });
    }
    this.#held.clear();
    for (const id of this.#pending.keys()) this.#settle(id, closed);
    this.#close();
  }

  #dispatch(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const ask = (event: Event): void => event.preventDefault();
const closed: Failure = { code: "CLOSED", message: "The session is closed." };

/** Returns JSON text, or why there is none. What nests too deeply even for the engine is too deep for a server. */
function attempt(text: () => string | undefined): string | Failure {
  let deep = false;
  try {
    const made = text();
    if (made !== undefined) return made;
  } catch (cause) {
    deep = cause instanceof RangeError;
  }
  return deep
    ? { code: "MALFORMED_MESSAGE", reason: "too_deep", message: "This nests deeper than any server takes." }
    : { code: "INVALID_ARGUMENT", message: "This has to be JSON." };
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
