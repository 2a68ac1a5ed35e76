import { HoldfastError } from "./errors.ts";

/**
 * Gives a valid access token, fetching a new one if it has to.
 *
 * What it throws decides what follows. A `Response` that is not ok speaks for
 * itself: 400, 401 and 403 are final, anything else is asked for again, after
 * its `Retry-After` where it has one. Of any other error the fields of
 * TokenFailure are read; without them it is asked again, five times at most.
 */
export type GetToken = () => Promise<string> | string;

/** What an error of `getToken` may say of itself; a HoldfastError says the same. */
export interface TokenFailure {
  message?: string;
  /** The code of the `autherror` that follows. Default: AUTHENTICATION_FAILED. */
  code?: string;
  /** Nobody is signed in: asking again is of no use. `recoverable: false` says the same. */
  final?: boolean;
  recoverable?: boolean;
  /** Milliseconds until it may be asked again. */
  retryAfter?: number;
}

/** Hears what the program says about the session; the rest the host carries out. */
export type Sink = (kind: string, text: string) => void;

const noop = (): void => {};

/** Now, in milliseconds since the epoch, on a clock that never steps back. */
const now = (): number => performance.timeOrigin + performance.now();

/**
 * Host is the page as the program uses it: one named lock, two broadcast
 * channels, one timer, the lifecycle events and the app's `getToken`. It decides
 * nothing, nothing in it throws, and it never calls into the program while the
 * program is calling out.
 *
 * The words from the program are the cases of `call`; the words to it are the
 * first arguments of `#deliver`.
 */
export class Host {
  #scope: string;
  #getToken: GetToken;
  #sink: Sink;
  #program?: (kind: string, text: string, now: number) => void;
  #trapped: (cause: unknown) => void;
  #stopped = false;
  #listeners = new AbortController();
  #channel?: BroadcastChannel;
  /** The tabs of every document of this server: its name is the scope without the document. */
  #origin?: BroadcastChannel;
  #timer?: ReturnType<typeof setTimeout>;
  #lock?: { abort: AbortController; release: () => void };
  #token?: Promise<void>;

  constructor(scope: string, getToken: GetToken, sink: Sink, trapped: (cause: unknown) => void) {
    this.#scope = scope;
    this.#getToken = getToken;
    this.#sink = sink;
    this.#trapped = trapped;
  }

  /** The program's first call: where its events go. */
  ready(program: (kind: string, text: string, now: number) => void): void {
    this.#program = program;
  }

  /** Whether the program has called `ready`. */
  get started(): boolean {
    return this.#program !== undefined;
  }

  /** Begins listening to the page and hands the program its first event. */
  start(config: Record<string, unknown>): void {
    if (!this.#program) return; // closed before it began
    this.#listen();
    const channel = this.#open();
    const page = globalThis.document;
    this.deliver("start", JSON.stringify({
      ...config,
      scope: this.#scope,
      channel,
      visible: page ? page.visibilityState === "visible" : true,
      online: globalThis.navigator?.onLine ?? true,
    }));
  }

  /** Hands the program one event. */
  deliver(kind: string, text = ""): void {
    try {
      this.#program?.(kind, text, now());
    } catch (cause) {
      this.stop();
      this.#trapped(cause);
    }
  }

  /** Carries out one word of the program's. */
  call(kind: string, text: string): void {
    if (this.#stopped) return; // a program that trapped may go on talking
    try {
      switch (kind) {
        case "lock": return this.#request(text, false);
        case "steal": return this.#request(text, true);
        case "unlock": return this.#unlock();
        case "post": return this.#channel?.postMessage(text);
        case "post_origin": return this.#origin?.postMessage(text);
        case "timer": return this.#arm(text);
        case "token": return this.#fetchToken();
        case "closed": this.stop(); // and the session hears of it, like of all that follows
      }
      this.#sink(kind, text);
    } catch {} // a closed channel, a lock manager that went away: never into Go
  }

  /** Gives everything back; the program hears nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#program = undefined;
    this.#listeners.abort();
    clearTimeout(this.#timer);
    this.#unlock();
    this.#shut();
  }

  #listen(): void {
    const { signal } = this.#listeners;
    const on = (target: EventTarget | undefined, type: string, heard: (event: Event) => void): void =>
      target?.addEventListener?.(type, heard, { signal });
    const page = globalThis.document;
    // On the way back from the back-forward cache these come before pageshow, and
    // the program has something to say at once.
    const back = (word: string): void => {
      this.#open();
      this.deliver(word);
    };
    on(page, "visibilitychange", () => (page.visibilityState === "visible" ? back("visible") : this.deliver("hidden")));
    on(page, "freeze", () => this.deliver("freeze"));
    on(page, "resume", () => back("resume"));
    on(globalThis, "online", () => this.deliver("online"));
    on(globalThis, "offline", () => this.deliver("offline"));
    on(globalThis, "pagehide", (event) => {
      this.deliver("pagehide", persisted(event));
      // An open channel that hears a message has the page evicted from the
      // back-forward cache.
      this.#shut();
    });
    on(globalThis, "pageshow", (event) => {
      if (!persisted(event)) return;
      this.#open();
      this.deliver("pageshow", "persisted");
    });
  }

  #open(): boolean {
    if (this.#channel) return true;
    try {
      this.#channel = this.#hearOn(this.#scope, "message");
      this.#origin = this.#hearOn(this.#scope.split("/", 2).join("/"), "message_origin");
      return true;
    } catch {
      return false;
    }
  }

  #hearOn(name: string, word: string): BroadcastChannel {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => {
      if (typeof data === "string") this.deliver(word, data);
    };
    return channel;
  }

  #shut(): void {
    this.#channel?.close();
    this.#origin?.close();
    this.#channel = this.#origin = undefined;
  }

  #arm(text: string): void {
    clearTimeout(this.#timer);
    const ms = text === "" ? -1 : Number(text);
    // Past 2^31-1 a browser fires at once; early is harmless to the program.
    if (ms >= 0) this.#timer = setTimeout(() => this.deliver("timer"), Math.min(ms, 0x7fffffff));
  }

  #request(name: string, steal: boolean): void {
    this.#unlock();
    const request = { abort: new AbortController(), release: noop };
    this.#lock = request;
    const held = (): Promise<void> | undefined => {
      if (this.#lock !== request) return; // withdrawn while it was being granted
      return new Promise((release) => {
        request.release = release;
        this.deliver("lock_granted");
      });
    };
    const ended = (): void => {
      if (this.#lock !== request) return;
      this.#lock = undefined;
      this.deliver("lock_lost");
    };
    navigator.locks.request(name, steal ? { steal } : { signal: request.abort.signal }, held).then(ended, ended);
  }

  #unlock(): void {
    const request = this.#lock;
    this.#lock = undefined;
    request?.release();
    request?.abort.abort();
  }

  #fetchToken(): void {
    this.#token ??= Promise.resolve()
      .then(() => this.#getToken()) // in a later task: the app's code never runs inside the program's call
      .then(
        (token) => {
          if (typeof token !== "string" || !token) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "getToken returned no token." });
          return () => this.deliver("token", JSON.stringify({ token }));
        },
      )
      .catch((error: unknown) => () => this.deliver("token_failed", JSON.stringify(tokenFailure(error))))
      .then((answer) => {
        this.#token = undefined;
        answer();
      });
  }
}

const persisted = (event: Event): string => ((event as PageTransitionEvent).persisted ? "persisted" : "");

/** The failure as the program reads it; an error that does not say so is not final. */
function tokenFailure(error: unknown): Record<string, unknown> {
  const said = (typeof Response === "function" && error instanceof Response ? answered(error) : typeof error === "object" && error ? error : {}) as TokenFailure;
  return {
    message: String(said.message ?? error),
    code: typeof said.code === "string" ? said.code : "",
    final: said.final === true || said.recoverable === false,
    retry_after: typeof said.retryAfter === "number" ? said.retryAfter : 0,
  };
}

/** What the answer of a token service means. */
function answered({ status, headers }: Response): TokenFailure {
  const after = headers.get("retry-after");
  const ms = after ? Number(after) * 1000 || Date.parse(after) - Date.now() : 0;
  return {
    message: `The token service answered with HTTP ${status}.`,
    final: status === 400 || status === 401 || status === 403,
    ...(ms > 0 && { retryAfter: ms }),
  };
}
