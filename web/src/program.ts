import { HoldfastError } from "./errors.ts";
import { Host, type GetToken, type Sink } from "./host.ts";
import { run, type Running } from "./load.ts";

/** A second trap within so many milliseconds of the first ends the session. */
const again = 60_000;

/** The session as the program uses it. */
export interface Listener {
  /** Receives one report of the program. */
  receive: Sink;
  /** The program stopped; over: for good. Returns whether another program has to replace it. */
  trapped(error: HoldfastError, over: boolean): boolean;
  /** For the next program: the newest version that the app has received; and, by resend, what the app waits for. */
  version(): number;
  resend(): void;
}

/**
 * Program runs the module for one session, and starts it again after a trap. A trap
 * loses what the module knew. The session keeps what the app still waits for, and the
 * server what is stored.
 */
export class Program {
  #module: WebAssembly.Module;
  #scope: string;
  #getToken: GetToken;
  #facts: Record<string, unknown>;
  #listener!: Listener;
  #host?: Host;
  #running?: Running;
  #trappedAt = -Infinity;

  constructor(module: WebAssembly.Module, scope: string, getToken: GetToken, facts: Record<string, unknown>) {
    this.#module = module;
    this.#scope = scope;
    this.#getToken = getToken;
    this.#facts = facts;
  }

  /** Sets the listener; before `boot`. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Starts the module, which has received no event yet. */
  async boot(): Promise<void> {
    let up = false;
    let lost = false;
    const trapped = (cause: unknown): void => {
      if (lost) return;
      lost = true;
      if (up) this.#lose(cause);
    };
    const host = new Host(this.#scope, this.#getToken, this.#listener.receive, trapped);
    this.#host = host;
    this.#running = await run(this.#module, { ready: (program) => host.ready(program), call: (kind, text) => host.call(kind, text) }, trapped);
    if (lost || !host.started) {
      host.stop();
      throw new HoldfastError({ code: "WASM_INVALID", message: "The Holdfast module did not start." });
    }
    up = true;
  }

  /** Delivers the module's first event. */
  start(): void {
    const version = this.#listener.version();
    this.#host?.start({ ...this.#facts, ...(version > 0 && { version }), again: this.#trappedAt > 0 });
  }

  /** Delivers any other event. Between two modules it is dropped. */
  deliver(kind: string, text = ""): void {
    this.#host?.deliver(kind, text);
  }

  #lose(cause: unknown): void {
    this.#host?.stop();
    this.#host = undefined;
    this.#running?.cut();
    this.#running = undefined;
    const over = performance.now() - this.#trappedAt < again;
    this.#trappedAt = performance.now();
    const message = over ? "The Holdfast module stopped twice." : "The Holdfast module stopped, and is started again.";
    const failure = { code: "WASM_TRAP", message, recoverable: !over, action: over ? "stop" : "reconnect" } as const;
    if (this.#listener.trapped(new HoldfastError(failure, { cause }), over)) void this.#restart();
  }

  async #restart(): Promise<void> {
    try {
      await this.boot();
      this.start();
      this.#listener.resend();
    } catch (cause) {
      this.#listener.trapped(cause instanceof HoldfastError ? cause : new HoldfastError({ code: "WASM_TRAP" }, { cause }), true);
    }
  }
}
