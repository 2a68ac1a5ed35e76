import type { HoldfastError } from "./errors.ts";
import { callApp, takeEarly, type Call, type GetToken } from "./token.ts";

/** The session as its host uses it. */
export interface Listener {
  /** Receives what the program reports about the session. The host carries out the rest. */
  receive(kind: string, text: string): void;
  /** The program stopped; over: for good. Returns whether the session goes on in the next program. */
  trapped(error: HoldfastError, over: boolean): boolean;
  /** For the next program: the newest version that the app has received; and, by resend, what the app waits for. */
  version(): number;
  resend(): void;
}

const noop = (): void => {};
const nobody: Listener = { receive: noop, trapped: (_, over) => !over, version: () => 0, resend: noop };

/**
 * Host is the page as the program uses it for one session: one named lock, two broadcast
 * channels, one timer, the lifecycle events and the app's `getToken`. It decides
 * nothing. Nothing in it throws, and it never calls the program while the program is
 * calling out. It outlives a program that traps.
 *
 * The cases of `call` are the calls that the program makes; the first arguments of
 * `deliver` are the events that it receives.
 */
export class Host {
  #scope: string;
  #name: string;
  #getToken?: GetToken;
  #call?: Call;
  #facts: Record<string, unknown>;
  #listener: Listener = nobody;
  #enter: (kind: string, text: string) => void = noop;
  #begun = false;
  #working = false;
  #listeners?: AbortController;
  #channel?: BroadcastChannel;
  /** The tabs of all documents of this server. */
  #origin?: BroadcastChannel;
  #timer?: ReturnType<typeof setTimeout>;
  #lock?: { abort: AbortController; release: () => void };
  #store?: { call(kind: string, text: string): boolean };

  /** A host without `getToken` is no session's: it serves what the sessions of a scope share. `store` takes the calls that are for it. */
  constructor(scope: string, name: string, getToken: GetToken | undefined, facts: Record<string, unknown>, store?: { call(kind: string, text: string): boolean }) {
    this.#store = store;
    this.#scope = scope;
    this.#name = name;
    this.#getToken = getToken;
    this.#facts = facts;
  }

  /** Sets the session; before all else. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Sets where events go. */
  join(enter: (kind: string, text: string) => void): void {
    this.#enter = enter;
    this.#working = true;
  }

  /** Starts to listen to the page, and delivers the program's first event, once; again: after a trap. */
  start(again = false): void {
    if (this.#begun || !this.#working) return; // restarted, or closed, before it began
    this.#begun = true;
    this.#listen();
    const channel = this.#open();
    const page = globalThis.document;
    const version = this.#listener.version();
    this.deliver(this.#getToken ? "start" : "start_share", JSON.stringify({
      ...this.#facts,
      ...(version > 0 && { version }),
      ...(again && { again }),
      scope: this.#name,
      channel,
      visible: page ? page.visibilityState === "visible" : true,
      online: globalThis.navigator?.onLine ?? true,
    }));
  }

  /** The program stopped. Returns whether the session goes on in the next one, which starts it by `resume`. */
  trapped(error: HoldfastError, over: boolean): boolean {
    this.stop();
    return this.#listener.trapped(error, over);
  }

  /** Goes on with another program. */
  resume(): void {
    this.#working = true;
    if (this.#begun) {
      this.#begun = false;
      this.start(true);
    }
    this.#listener.resend();
  }

  /** Delivers one event to the program. */
  deliver(kind: string, text = ""): void {
    if (this.#working) this.#enter(kind, text);
  }

  /** Carries out one call of the program. */
  call(kind: string, text: string): void {
    if (!this.#working) return;
    try {
      switch (kind) {
        case "lock": return this.#request(text, false);
        case "steal": return this.#request(text, true);
        case "unlock": return this.#unlock();
        case "post": return this.#post(text);
        case "post_origin": return this.#origin?.postMessage(text);
        case "timer": return this.#arm(text);
        case "token": return this.#fetchToken(text);
        case "token_give_up": return this.#call?.abort.abort(); // a late answer may still be good
        case "closed": this.stop(); // the session receives this, too
      }
      if (!this.#store?.call(kind, text)) this.#listener.receive(kind, text);
    } catch {} // a closed channel, a lock manager that is gone: never into Go
  }

  /** Releases everything. The program receives nothing more. */
  stop(): void {
    this.#working = false;
    this.#listeners?.abort();
    clearTimeout(this.#timer);
    this.#unlock();
    this.#shut();
  }

  #listen(): void {
    const { signal } = (this.#listeners = new AbortController());
    const on = (target: EventTarget | undefined, type: string, handler: (event: Event) => void): void =>
      target?.addEventListener?.(type, handler, { signal });
    const page = globalThis.document;
    // When a page returns from the back-forward cache these come before pageshow, and
    // the program has to act at once.
    const back = (word: string): void => {
      this.#open();
      this.deliver(word);
    };
    // An app may send in its own listeners of a page's last events, whenever it added them. So the program
    // leaves in the last listener of the last event: a visible page's visibilitychange follows its pagehide.
    const left = (): void => {
      this.deliver("pagehide");
      // A page with an open channel that receives a message is evicted from the back-forward cache.
      this.#shut();
    };
    const leave = (): void => (page?.visibilityState === "visible" ? globalThis.addEventListener("visibilitychange", left, { once: true, signal }) : left());
    on(page, "visibilitychange", () => {
      if (page.visibilityState === "visible") return back("visible");
      this.deliver("hidden");
      globalThis.removeEventListener("pagehide", leave);
      on(globalThis, "pagehide", leave); // the last one again
    });
    on(page, "freeze", () => this.deliver("freeze"));
    on(page, "resume", () => back("resume"));
    on(globalThis, "online", () => this.deliver("online"));
    on(globalThis, "offline", () => this.deliver("offline"));
    on(globalThis, "pagehide", leave);
    on(globalThis, "pageshow", (event) => {
      if (!persisted(event)) return;
      globalThis.removeEventListener("visibilitychange", left);
      this.#open();
      this.deliver("pageshow", "persisted");
    });
  }

  // What is sent after the page has left its channel goes out by one of its own.
  #post(text: string): void {
    const channel = this.#channel ?? new BroadcastChannel(this.#name);
    channel.postMessage(text);
    if (channel !== this.#channel) channel.close();
  }

  #open(): boolean {
    if (this.#channel) return true;
    try {
      this.#channel = this.#listenOn(this.#name, "message");
      this.#origin = this.#listenOn(this.#scope, "message_origin");
      return true;
    } catch {
      return false;
    }
  }

  #listenOn(name: string, word: string): BroadcastChannel {
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
    // Past 2^31-1 a browser fires at once. Firing early does not harm the program.
    if (ms >= 0) this.#timer = setTimeout(() => this.deliver("timer"), Math.min(ms, 0x7fffffff));
  }

  #request(name: string, steal: boolean): void {
    this.#unlock();
    const request = { abort: new AbortController(), release: noop };
    this.#lock = request;
    const held = (): Promise<void> | undefined => {
      if (this.#lock !== request) return; // the program withdrew the request meanwhile
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

  // Calls the app, and says with its answer to whom it is. A call that takes too long is given
  // up by the program, which may use a late answer: also that of a session which is over.
  #fetchToken(to: string): void {
    const call = (this.#call = takeEarly(`${this.#facts.url} ${this.#facts.user}`) ?? callApp(this.#getToken!));
    void call.answer.then(([kind, fields]) => this.#enter(kind, JSON.stringify({ to, ...fields })));
  }
}

const persisted = (event: Event): string => ((event as PageTransitionEvent).persisted ? "persisted" : "");
