// The shell around a program that a test writes in JavaScript: the package is
// bundled with a stand-in for wasm_exec.js, and the module is eight empty bytes.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const web = fileURLToPath(new URL("..", import.meta.url));

/** A module that holds nothing: enough to be instantiated. */
export const emptyModule = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const standIn = `export default (global) => class {
  importObject = {};
  run() { return globalThis.fakeModule.start(global, this); }
  _resume() { globalThis.fakeResume?.(); }
};`;

/** The module under the shell: the programs that are started of it, and the Program of each session. */
export const fakeModule = {
  /** How often it was started. */
  starts: 0,
  heirs: new Map(),
  shared: { receive: () => {} },
  start(global, go) {
    this.starts++;
    const running = { global, go, inside: false, programs: new Map(this.heirs), newest: Math.max(0, ...this.heirs.keys()) };
    this.heirs.clear();
    for (const program of running.programs.values()) program.running = running;
    global.holdfast.ready((id, kind, text) => {
      assert.equal(running.inside, false, `re-entered by ${kind}`);
      running.inside = true;
      try {
        // What the sessions share has negative numbers.
        (id < 0 ? this.shared : running.programs.get(id)).receive(kind, text, id);
      } finally {
        running.inside = false;
      }
    }, this.version ?? 2);
    this.running = running;
    return new Promise((resolve) => (running.exit = resolve));
  },
};

/** The program as the newest session sees it: it records the events it receives, and can call out. */
export class Program {
  received = [];
  answers = {};
  #waiting = [];
  /** With one of a program before: the same session in the next. */
  constructor(of) {
    this.id = of ? of.id : ++fakeModule.running.newest;
    if (of) return void fakeModule.heirs.set(this.id, this);
    this.running = fakeModule.running;
    this.running.programs.set(this.id, this);
  }
  get inside() {
    return this.running.inside;
  }
  get global() {
    return this.running.global;
  }
  get go() {
    return this.running?.go;
  }
  get host() {
    return this.running && { call: (kind, text) => this.running.global.holdfast.call(this.id, kind, text) };
  }
  exit() {
    this.running.exit();
  }
  receive(kind, text) {
    this.received.push([kind, text]);
    this.answers[kind]?.(text);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => this.received.length < count || void resolve());
  }
  call(kind, text = "") {
    this.running.inside = true;
    this.host.call(kind, typeof text === "string" ? text : JSON.stringify(text));
    this.running.inside = false;
  }
  emit(type, detail, set) {
    this.call("emit", { type, detail, set });
  }
  /** The next `count` events, as [kind, text]. */
  async next(count = 1) {
    const from = this.seen ?? 0;
    if (this.received.length < from + count) await new Promise((resolve) => this.#waiting.push({ count: from + count, resolve }));
    this.seen = from + count;
    return this.received.slice(from, from + count);
  }
}

/** Bundles the package and imports it. */
export async function importShell() {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-shell-"));
  const outfile = join(dir, "holdfast.mjs");
  await build({
    absWorkingDir: web, entryPoints: ["src/index.ts"], outfile, bundle: true, format: "esm", target: "es2022", logLevel: "warning",
    plugins: [{
      name: "stand-in",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^holdfast:/ }, ({ path }) => ({ path, namespace: "stand-in" }));
        onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({ contents: standIn }));
      },
    }],
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** A page as far as the shell looks: location, lifecycle events, locks. */
export function fakePage() {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  const put = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  put("location", { href: "https://app.example/notes/?a=1#b" });
  put("document", page);
  put("navigator", { onLine: true, locks: fakeLocks() });
  put("addEventListener", window.addEventListener.bind(window));
  put("removeEventListener", window.removeEventListener.bind(window));
  if (typeof WebSocket !== "function") put("WebSocket", class extends EventTarget {});
  const kept = new Map();
  put("localStorage", { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)) });
  return {
    page,
    window,
    kept,
    fire(type, more) {
      const targets = { visibilitychange: [page, window], freeze: [page], resume: [page] }[type] ?? [window]; // the first of them bubbles
      return targets.map((target) => target.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), more))).at(-1);
    },
  };
}

/** Web Locks, exclusive only, with abort and steal. */
function fakeLocks() {
  const held = new Map();
  const queue = [];
  const grant = () => {
    for (const waiter of [...queue]) {
      if (held.has(waiter.name)) continue;
      queue.splice(queue.indexOf(waiter), 1);
      held.set(waiter.name, waiter);
      Promise.resolve(waiter.run({ name: waiter.name })).then((value) => {
        if (held.get(waiter.name) !== waiter) return;
        held.delete(waiter.name);
        waiter.resolve(value);
        grant();
      }, waiter.reject);
    }
  };
  return {
    query: async () => ({ held: [...held.keys()].map((name) => ({ name })), pending: queue.map(({ name }) => ({ name })) }),
    request: (name, { signal, steal, ifAvailable } = {}, run) => new Promise((resolve, reject) => {
      if (ifAvailable && (held.has(name) || queue.some((waiter) => waiter.name === name))) return resolve(run(null));
      const waiter = { name, run, resolve, reject };
      signal?.addEventListener("abort", () => {
        const at = queue.indexOf(waiter);
        if (at < 0) return;
        queue.splice(at, 1);
        reject(new DOMException("aborted", "AbortError"));
      });
      if (steal) {
        held.get(name)?.reject(new DOMException("stolen", "AbortError"));
        held.delete(name);
        queue.unshift(waiter);
      } else queue.push(waiter);
      queueMicrotask(grant);
    }),
  };
}
