/**
 * A server and sessions in memory, for the tests of an app: no Worker, no WebAssembly, no
 * network, no clock. The sessions are the package's own `Session` class, so an app cannot
 * tell them from real ones. Nothing here checks a token.
 *
 * @module
 */
import type { Connect, ConnectOptions, Failure, Permission, Session } from "./core.ts";
import { Clock } from "./testing/clock.ts";
import { FakeDocument, type FakeEntry } from "./testing/document.ts";
import { Line } from "./testing/line.ts";
import { FakeTab } from "./testing/tab.ts";

export type { FakeEntry } from "./testing/document.ts";

/** Who opens a session, and where. */
export interface FakeUser {
  /** The user's id. Default: `user`. */
  user?: string;
  /** The browser profile. Sessions of one user and client on one document are tabs, of which the first leads. Default: one for each user. */
  client?: string;
  /** The name that presence shows. */
  name?: string;
  /** Default: read, write and comment. */
  permissions?: readonly Permission[];
}

/** The options of a server. */
export interface FakeServerOptions {
  /** Milliseconds of virtual time that a message takes, each way. Default: 0: then it arrives without `advance`. */
  latency?: number;
}

/** What a client asked for. */
export interface FakeRequest {
  kind: "operation" | "comment" | "lock" | "snapshot" | "replay";
  document: string;
  userId: string;
  clientId: string;
  op?: unknown;
  section?: string;
}

/** The server: its documents live as long as it does. */
export class FakeServer {
  /**
   * Refuses requests, if a test sets it: what it returns goes to the client as the server's
   * error. `RATE_LIMIT_EXCEEDED` and `SERVICE_UNAVAILABLE` are repeated by the client after
   * `retryAfter`, like real ones; others reject the promise.
   */
  refuse: ((request: FakeRequest) => Failure | undefined) | undefined;

  #clock: Clock;
  #documents = new Map<string, FakeDocument>();
  #lines = new Map<string, Line>();
  #tabs = new WeakMap<Session<never, never>, FakeTab>();
  #opened = 0;

  constructor({ latency = 0 }: FakeServerOptions = {}) {
    this.#clock = new Clock(latency);
  }

  /** The virtual time, in milliseconds since the server began. */
  get now(): number {
    return this.#clock.now;
  }

  /** Opens a tab of a user on a document; it connects like a real one, after the app had time to listen. */
  open<Op = unknown, Presence = unknown>(document = "document", user: FakeUser = {}): Session<Op, Presence> {
    return this.#open<Op, Presence>(document, user);
  }

  /**
   * Returns a `connect` for code that opens its session itself: `useHoldfast({ connect, … })`.
   * It calls the app's `getToken` once, and a failure is an `autherror`.
   */
  connector(user: FakeUser = {}): Connect {
    return async <Op, Presence>({ document, getToken, clientId, user: id }: ConnectOptions): Promise<Session<Op, Presence>> =>
      this.#open<Op, Presence>(document, { ...(id && { user: id }), ...(clientId && { client: clientId }), ...user }, getToken);
  }

  /** The log of a document, oldest entry first. */
  log(document = "document"): readonly FakeEntry[] {
    return this.#document(document).log;
  }

  /** Stores an operation of somebody who has no session here. */
  write(op: unknown, document = "document", by: FakeUser = {}): FakeEntry {
    const doc = this.#document(document);
    return doc.append({ op, userId: by.user ?? "somebody", clientId: by.client ?? "elsewhere", messageId: `outside-${doc.log.length}` });
  }

  /** Drops the connection of a session and of the other tabs of its profile; `restore` brings it back. */
  drop(session: Session<never, never>): void {
    this.#tab(session).line.drop();
  }

  /** Brings a dropped connection back: what was missed follows, and what waits is sent. */
  restore(session: Session<never, never>): void {
    this.#tab(session).line.connect();
  }

  /** Changes what a session's user may do. Without `read` the session ends. */
  permit(session: Session<never, never>, permissions: readonly Permission[]): void {
    this.#tab(session).line.permit(permissions);
  }

  /** Locks a document for everybody, or unlocks it. */
  lock(locked: boolean, document = "document"): void {
    this.#document(document).lock(locked);
  }

  /** Ends a session and the other tabs of its profile, as a final error of the server does. */
  end(session: Session<never, never>, failure: Failure): void {
    this.#tab(session).line.end(failure);
  }

  /** Lets virtual time pass: messages arrive, waits end. */
  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Resolves once nothing is on its way that needs no further time. */
  settle(): Promise<void> {
    return this.#clock.advance(0);
  }

  #open<Op, Presence>(document: string, { user = "user", client = `client-of-${user}`, name, permissions = ["read", "write", "comment"] }: FakeUser, getToken?: ConnectOptions["getToken"]): Session<Op, Presence> {
    const key = JSON.stringify([document, user, client]);
    let line = this.#lines.get(key);
    if (!line) {
      line = new Line(this.#clock, this.#document(document), { userId: user, clientId: client, name }, permissions, (request) => this.refuse?.({ ...request, document, userId: user, clientId: client }));
      this.#lines.set(key, line);
    }
    const tab = new FakeTab(line, document, `tab-${++this.#opened}`, () => this.#lines.delete(key));
    this.#tabs.set(tab.session as Session<never, never>, tab);
    this.#clock.soon(() => tab.start(getToken));
    return tab.session as Session<Op, Presence>;
  }

  #document(id: string): FakeDocument {
    let document = this.#documents.get(id);
    if (!document) this.#documents.set(id, (document = new FakeDocument(this.#clock)));
    return document;
  }

  #tab(session: Session<never, never>): FakeTab {
    const tab = this.#tabs.get(session);
    if (!tab) throw new TypeError("This session is of another server.");
    return tab;
  }
}
