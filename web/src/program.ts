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
  /** The sessions by the numbers that their calls and events carry, and under negative ones what they share. */
  #hosts = new Map<number, Host>();
  /** Those of them that are no sessions: each has what the sessions of a scope share. */
  #shares = new Map<string, { id: number; sessions: Set<number> }>();
  #newest = 0;
  #newestShare = 0;
  #booting?: Promise<void>;
  #entry?: Entry;
  #running?: Running;
  #trappedAt = -Infinity;

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /**
   * Adds a session, and what the sessions of its scope share if it is the first of them. It rejects
   * if the module does not start; then the session is not there.
   */
  static async add(module: WebAssembly.Module, host: Host, share: string, shared: () => Host): Promise<void> {
    let program = programs.get(module);
    if (!program) programs.set(module, (program = new Program(module)));
    await program.#add(host, share, shared);
  }

  async #add(host: Host, share: string, shared: () => Host): Promise<void> {
    let common = this.#shares.get(share);
    if (!common) this.#shares.set(share, (common = { id: this.#join(shared(), --this.#newestShare), sessions: new Set() }));
    const id = this.#join(host);
    common.sessions.add(id);
    try {
      await this.#boot();
      this.#hosts.get(common.id)?.start(); // once, by the first session
    } catch (cause) {
      this.#remove(id);
      throw cause;
    }
  }

  #join(host: Host, id = ++this.#newest): number {
    this.#hosts.set(id, host);
    host.join((kind, text) => this.#deliver(id, kind, text));
    return id;
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
    for (const [share, { id: common, sessions }] of this.#shares) {
      sessions.delete(id);
      if (common === id) this.#shares.delete(share);
      // A session that follows at once goes on with it, and the program is still at work.
      else if (sessions.size === 0) queueMicrotask(() => this.#end(share));
    }
    if (this.#hosts.size > this.#shares.size) return;
    for (const common of this.#hosts.values()) common.stop();
    this.#hosts.clear();
    this.#shares.clear();
    programs.delete(this.#module);
    const running = this.#running;
    this.#entry = this.#running = this.#booting = undefined;
    // It is still at work: the last frames leave before its call returns.
    queueMicrotask(() => running?.cut());
  }

  /** Ends what no session shares any more. */
  #end(share: string): void {
    const common = this.#shares.get(share);
    if (!common || common.sessions.size > 0) return;
    this.#deliver(common.id, "close", "");
    this.#hosts.get(common.id)?.stop();
    this.#remove(common.id);
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
