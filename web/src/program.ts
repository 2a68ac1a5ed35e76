import { HoldfastError } from "./errors.ts";
import type { Host } from "./host.ts";
import { run, type Entry, type Running } from "./load.ts";

/** A second trap within so many milliseconds of the first ends the sessions. */
const again = 60_000;

const programs = new WeakMap<WebAssembly.Module, Program>();

/**
 * Program runs one module for all sessions of the page. It starts with the first session
 * and ends with the last; sessions of another module have a program of their own.
 *
 * After a trap it starts the module again, once for all sessions. A trap loses what the
 * module knew. Each session keeps what its app still waits for, and the server what is
 * stored.
 */
export class Program {
  #module: WebAssembly.Module;
  /** The sessions by the numbers that their calls and events carry. */
  #hosts = new Map<number, Host>();
  #newest = 0;
  #booting?: Promise<void>;
  #entry?: Entry;
  #running?: Running;
  #trappedAt = -Infinity;

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** Adds a session. It rejects if the module does not start; then the session is not there. */
  static async add(module: WebAssembly.Module, host: Host): Promise<void> {
    let program = programs.get(module);
    if (!program) programs.set(module, (program = new Program(module)));
    await program.#add(host);
  }

  async #add(host: Host): Promise<void> {
    const id = ++this.#newest;
    this.#hosts.set(id, host);
    host.join((kind, text) => this.#deliver(id, kind, text));
    try {
      await this.#boot();
    } catch (cause) {
      this.#remove(id);
      throw cause;
    }
  }

  #boot(): Promise<void> {
    return (this.#booting ??= this.#start().catch((cause: unknown) => {
      this.#booting = undefined;
      throw cause;
    }));
  }

  async #start(): Promise<void> {
    let up = false;
    let lost = false;
    let entry: Entry | undefined;
    const running = await run(this.#module, {
      ready: (program) => (entry = program),
      call: (id, kind, text) => {
        if (lost) return; // a program that trapped may still call
        this.#hosts.get(id)?.call(kind, text);
        if (kind === "closed") this.#remove(id);
      },
    }, (cause) => {
      lost = true;
      if (up) this.#lose(cause);
    });
    if (lost || !entry) throw new HoldfastError({ code: "WASM_INVALID", message: "The Holdfast module did not start." });
    up = true;
    this.#entry = entry;
    this.#running = running;
  }

  /** Delivers one event. Between two modules it is dropped. */
  #deliver(id: number, kind: string, text: string): void {
    this.#entry?.(id, kind, text);
  }

  #remove(id: number): void {
    this.#hosts.delete(id);
    if (this.#hosts.size > 0) return;
    programs.delete(this.#module);
    const running = this.#running;
    this.#entry = this.#running = this.#booting = undefined;
    // It is still at work: the last frames leave before its call returns.
    queueMicrotask(() => running?.cut());
  }

  #lose(cause: unknown): void {
    this.#entry = this.#running = this.#booting = undefined;
    const over = performance.now() - this.#trappedAt < again;
    this.#trappedAt = performance.now();
    const message = over ? "The Holdfast module stopped twice." : "The Holdfast module stopped, and is started again.";
    const failure = { code: "WASM_TRAP", message, recoverable: !over, action: over ? "stop" : "reconnect" } as const;
    this.#tell(new HoldfastError(failure, { cause }), over);
    if (this.#hosts.size > 0) void this.#restart();
  }

  /** Tells the sessions of a trap, and forgets those that have ended. */
  #tell(error: HoldfastError, over: boolean): void {
    for (const [id, host] of this.#hosts) {
      if (!host.trapped(error, over)) this.#remove(id);
    }
  }

  async #restart(): Promise<void> {
    try {
      await this.#boot();
    } catch (cause) {
      return this.#tell(cause instanceof HoldfastError ? cause : new HoldfastError({ code: "WASM_TRAP" }, { cause }), true);
    }
    for (const host of this.#hosts.values()) host.resume();
  }
}
