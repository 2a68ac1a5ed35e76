import { HoldfastError } from "./errors.ts";
import { Host, type GetToken, type Sink } from "./host.ts";
import { run, type Running } from "./load.ts";

/** A second trap within so many milliseconds of the first is the last. */
const again = 60_000;

/** The session, as the program knows it. */
export interface Listener {
  /** Hears one word of the program's. */
  hear: Sink;
  /** The program stopped; over: for good. Says whether another is to take its place. */
  trapped(error: HoldfastError, over: boolean): boolean;
  /** Another program is there: the newest version the app has heard, and then what the app waits for. */
  version(): number;
  resend(): void;
}

/**
 * Program is the module that runs for one session, and the next one when that
 * traps. A trap loses what the module knew; what the app still waits for is the
 * session's, and what is stored is the server's.
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

  /** Says who listens; before `boot`. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /** Starts the module. It has heard nothing yet. */
  async boot(): Promise<void> {
    let up = false;
    let lost = false;
    const trapped = (cause: unknown): void => {
      if (lost) return;
      lost = true;
      if (up) this.#lose(cause);
    };
    const host = new Host(this.#scope, this.#getToken, this.#listener.hear, trapped);
    this.#host = host;
    this.#running = await run(this.#module, { ready: (program) => host.ready(program), call: (kind, text) => host.call(kind, text) }, trapped);
    if (lost || !host.started) {
      host.stop();
      throw new HoldfastError({ code: "WASM_INVALID", message: "The Holdfast module did not start." });
    }
    up = true;
  }

  /** Gives the module its first event. */
  start(): void {
    const version = this.#listener.version();
    this.#host?.start({ ...this.#facts, ...(version > 0 && { version }) });
  }

  /** Gives it any other. Between two modules nobody hears it. */
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
