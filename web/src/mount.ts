import { HoldfastError, type ConnectOptions, type ConnectionState, type Connect, type Permission, type Role, type Session, type SessionEventMap } from "./core.ts";

/** Handlers of the session's events, which are in place before the first event. */
export type HoldfastHandlers<Op = unknown, Presence = unknown> = {
  [Type in keyof SessionEventMap]?: (event: SessionEventMap<Op, Presence>[Type], session: Session<Op, Presence>) => void;
};

/** The options of `useHoldfast`. */
export interface HoldfastOptions<Op = unknown, Presence = unknown> extends ConnectOptions {
  /** Handlers of the session's events. They miss no event; a handler that an effect adds may. */
  on?: HoldfastHandlers<Op, Presence>;
  /** Milliseconds without a connection until `lostConnection`. Default: 5000. */
  lostAfter?: number;
  /** The `connect` of another entry, such as `holdfast/inline`. It should be the same at each render. */
  connect?: Connect;
}

/** The session as a component sees it. */
export interface Holdfast<Op = unknown, Presence = unknown> {
  /** Undefined until the module has been loaded. */
  session: Session<Op, Presence> | undefined;
  state: ConnectionState;
  permissions: readonly Permission[];
  locked: boolean;
  role: Role;
  /** Whether this tab holds the connection for the others. */
  leader: boolean;
  /** The newest failure: of loading, of getting a token, of a permission. Undefined once connected. */
  error: HoldfastError | undefined;
  /** There has been no connection for five seconds: tell the user. */
  lostConnection: boolean;
  /** How many changes are not stored yet. */
  unsent: number;
  /** As `session.send`; before there is a session it rejects with CLOSED. */
  send(op: Op): Promise<{ version: number }>;
  /** As `session.presence`. */
  presence(data: Presence): void;
  /** As `session.refresh`. */
  refresh(): void;
  /** As `session.signOut`. */
  signOut(): Promise<void>;
}

const start: Holdfast = {
  session: undefined, state: "connecting", permissions: [], locked: false, role: "follower", leader: false,
  error: undefined, lostConnection: false, unsent: 0,
  send() {
    const refused = Promise.reject(new HoldfastError({ code: "CLOSED", message: "There is no session yet." }));
    refused.catch(() => {});
    return refused;
  },
  presence() {},
  refresh() {},
  signOut: () => Promise.resolve(),
};

/** The view on a server. */
export const none = (): Holdfast => start;

// After each of these the component may look different.
const events: (keyof SessionEventMap)[] = [
  "state", "operation", "comment", "snapshot", "history", "locks", "presence", "permissionchange", "permissiondenied", "tokenrefresh", "autherror", "leaderchange", "tabs", "gap", "unsent", "error",
];

interface Newest<Op, Presence> {
  current: HoldfastOptions<Op, Presence>;
}

/** Mount is one component's session. It survives Strict Mode's two mounts and a change of options. */
export class Mount<Op, Presence> {
  #seen = start as Holdfast<Op, Presence>;
  #readers = new Set<() => void>();
  #key: readonly unknown[] | undefined;
  #wanted = 0; // counts openings, so that a slow opening that a newer one has overtaken is dropped
  #session: Session<Op, Presence> | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #lost: ReturnType<typeof setTimeout> | undefined;

  readonly read = (): Holdfast<Op, Presence> => this.#seen;

  readonly subscribe = (reader: () => void): (() => void) => {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  };

  /** Opens the session that the key names, unless it is open. */
  open(key: readonly unknown[], connect: Connect, newest: Newest<Op, Presence>): void {
    clearTimeout(this.#leaving);
    if (this.#key?.every((part, i) => Object.is(part, key[i]))) return;
    this.#close();
    this.#key = key;
    const mine = ++this.#wanted;
    this.#show(start as Holdfast<Op, Presence>);
    this.#watch(newest.current.lostAfter);
    // The options may change while the session lives. These two are read from the newest.
    const { on, lostAfter, connect: _, ...options } = newest.current;
    connect<Op, Presence>({ ...options, getToken: () => newest.current.getToken() }).then(
      (session) => {
        if (mine !== this.#wanted) return void session.close();
        this.#session = session;
        for (const type of events) {
          session.addEventListener(type, (event) => {
            if (mine !== this.#wanted) return;
            this.#receive(type, event as CustomEvent, newest.current.lostAfter);
            (newest.current.on?.[type] as ((event: Event, session: Session<Op, Presence>) => void) | undefined)?.(event as Event, session);
          });
        }
        this.#show({
          ...this.#seen, session,
          send: (op) => session.send(op), presence: (data) => session.presence(data), refresh: () => session.refresh(), signOut: () => session.signOut(),
        });
      },
      (error: HoldfastError) => {
        if (mine === this.#wanted) this.#show({ ...this.#seen, state: "closed", error });
      },
    );
  }

  /** Closes the session in a task of its own, so that a mount that follows at once keeps it. */
  leave(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#close());
  }

  #close(): void {
    clearTimeout(this.#lost);
    this.#lost = undefined;
    this.#key = undefined;
    this.#wanted++;
    void this.#session?.close();
    this.#session = undefined;
  }

  #receive(type: string, { detail }: CustomEvent, lostAfter?: number): void {
    const session = this.#session!;
    const { state, permissions, locked, role, unsent } = session;
    const failed = type === "error" || type === "autherror" || type === "permissiondenied";
    const connected = type === "state" && state === "connected";
    if (state === "connected") {
      clearTimeout(this.#lost);
      this.#lost = undefined;
    } else this.#watch(lostAfter);
    const next: Holdfast<Op, Presence> = {
      ...this.#seen, state, permissions, locked, role, leader: role === "leader", unsent,
      error: failed ? (detail as HoldfastError) : connected ? undefined : this.#seen.error,
      lostConnection: state !== "connected" && this.#seen.lostConnection,
    };
    // An operation or a cursor changes nothing here, and causes no render.
    if (Object.keys(next).some((key) => !Object.is(next[key as keyof typeof next], this.#seen[key as keyof typeof next]))) this.#show(next);
  }

  #watch(after = 5000): void {
    this.#lost ??= setTimeout(() => this.#show({ ...this.#seen, lostConnection: true }), after);
  }

  #show(next: Holdfast<Op, Presence>): void {
    this.#seen = next;
    for (const reader of this.#readers) reader();
  }
}
