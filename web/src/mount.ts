import { HoldfastError, type ConnectOptions, type ConnectionState, type Connect, type Permission, type Role, type Session, type SessionEventMap } from "./core.ts";

/** Handlers of the session's events, which are in place before the first event. */
export type HoldfastHandlers<Op = unknown, Presence = unknown> = {
  [Type in keyof SessionEventMap]?: (event: SessionEventMap<Op, Presence>[Type], session: Session<Op, Presence>) => void;
};

/** The options of `useHoldfast`, in each framework. */
export interface HoldfastOptions<Op = unknown, Presence = unknown> extends ConnectOptions {
  /** Handlers of the session's events. They miss no event; a handler that an effect adds may. */
  on?: HoldfastHandlers<Op, Presence>;
  /** Milliseconds without a connection until `lostConnection`. Default: 5000. */
  lostAfter?: number;
  /** The `connect` of another entry, such as `holdfast/inline`, or of a test. It should be the same at each render. */
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
  /** Opens another session once `state` is `closed`: after a new sign-in, or a load that failed. Else it does nothing. */
  reopen(): void;
}

/** What of the view changes; the methods stay. */
export type View<Op = unknown, Presence = unknown> = Omit<Holdfast<Op, Presence>, "send" | "presence" | "refresh" | "signOut" | "reopen">;

const start: View = {
  session: undefined, state: "connecting", permissions: [], locked: false, role: "follower", leader: false,
  error: undefined, lostConnection: false, unsent: 0,
};

/** Returns the methods of a session that is not there yet, or no longer. */
function methods<Op, Presence>(session: () => Session<Op, Presence> | undefined, reopen: () => void): Omit<Holdfast<Op, Presence>, keyof View> {
  return {
    send(op) {
      const sent = session()?.send(op) ?? Promise.reject(new HoldfastError({ code: "CLOSED", message: "There is no session yet." }));
      sent.catch(() => {});
      return sent;
    },
    presence: (data) => session()?.presence(data),
    refresh: () => session()?.refresh(),
    signOut: () => session()?.signOut() ?? Promise.resolve(),
    reopen,
  };
}

const nothing: Holdfast = { ...start, ...methods(() => undefined, () => {}) };

/** The view on a server. */
export const none = (): Holdfast => nothing;

// After each of these the component may look different.
const events: (keyof SessionEventMap)[] = [
  "state", "operation", "comment", "snapshot", "history", "locks", "presence", "message", "permissionchange", "permissiondenied", "tokenrefresh", "autherror", "leaderchange", "tabs", "gap", "unsent", "kept", "unsaved", "error",
];

/** Returns what names a session: another key is another session. */
export function keyOf<Op, Presence>({ document, url, user, clientId, wasm, integrity, connect, offline }: HoldfastOptions<Op, Presence>, standard: Connect): readonly unknown[] {
  return [document, url === undefined ? undefined : String(url), user, clientId, wasm instanceof URL ? wasm.href : wasm, integrity, connect ?? standard, offline && JSON.stringify(offline)];
}

interface Newest<Op, Presence> {
  current: HoldfastOptions<Op, Presence>;
}

interface Opened<Op, Presence> {
  key: readonly unknown[];
  connect: Connect;
  newest: Newest<Op, Presence>;
}

/** Mount is one component's session. It survives Strict Mode's two mounts and a change of options. */
export class Mount<Op, Presence> {
  /** The same at each render. */
  readonly methods = methods<Op, Presence>(() => this.#session, () => this.#reopen());

  #seen: Holdfast<Op, Presence> = { ...(start as View<Op, Presence>), ...this.methods };
  #readers = new Set<() => void>();
  #opened?: Opened<Op, Presence>;
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
    if (this.#opened?.key.every((part, i) => Object.is(part, key[i]))) return;
    this.#close();
    this.#opened = { key, connect, newest };
    const mine = ++this.#wanted;
    this.#show(start as View<Op, Presence>);
    this.#watch(newest.current.lostAfter);
    // The options may change while the session lives. These two are read from the newest.
    const { on, lostAfter, connect: _, ...options } = newest.current;
    connect<Op, Presence>({ ...options, getToken: (...about) => newest.current.getToken(...about) }).then(
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
        this.#show({ session });
      },
      (error: HoldfastError) => {
        if (mine === this.#wanted) this.#show({ state: "closed", error });
      },
    );
  }

  /** Closes the session in a task of its own, so that a mount that follows at once keeps it. */
  leave(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => {
      this.#close();
      this.#show(start as View<Op, Presence>);
    });
  }

  #reopen(): void {
    const opened = this.#opened;
    if (!opened || this.#seen.state !== "closed") return;
    this.#close();
    this.open(opened.key, opened.connect, opened.newest);
  }

  #close(): void {
    clearTimeout(this.#lost);
    this.#lost = undefined;
    this.#opened = undefined;
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
    const next: View<Op, Presence> = {
      session, state, permissions, locked, role, leader: role === "leader", unsent,
      error: failed ? (detail as HoldfastError) : connected ? undefined : this.#seen.error,
      lostConnection: state !== "connected" && this.#seen.lostConnection,
    };
    this.#show(next);
  }

  #watch(after = 5000): void {
    this.#lost ??= setTimeout(() => this.#show({ lostConnection: true }), after);
  }

  // An operation or a cursor changes nothing here, and causes no render.
  #show(next: Partial<View<Op, Presence>>): void {
    const keys = Object.keys(next) as (keyof View)[];
    if (keys.every((key) => Object.is(next[key], this.#seen[key]))) return;
    this.#seen = { ...this.#seen, ...next };
    for (const reader of this.#readers) reader();
  }
}
