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
  run() { return globalThis.fakeProgram(global, this); }
  _resume() { globalThis.fakeResume?.(); }
};`;

/** The program under the shell: it records the events it receives, and can call out. */
export class Program {
  received = [];
  inside = false;
  answers = {};
  #waiting = [];
  start(global, go) {
    this.global = global;
    this.go = go;
    this.host = global.holdfast;
    this.host.ready((kind, text, now) => {
      assert.equal(this.inside, false, `re-entered by ${kind}`);
      assert.equal(typeof now, "number");
      this.inside = true;
      try {
        this.received.push([kind, text]);
        this.answers[kind]?.(text);
      } finally {
        this.inside = false;
      }
      this.#waiting = this.#waiting.filter(({ count, resolve }) => this.received.length < count || void resolve());
    });
    return new Promise((resolve) => (this.exit = resolve));
  }
  call(kind, text = "") {
    this.inside = true;
    this.host.call(kind, typeof text === "string" ? text : JSON.stringify(text));
    this.inside = false;
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
    query: async () => ({ held: [...held.keys()], pending: queue.map(({ name }) => name) }),
    request: (name, { signal, steal } = {}, run) => new Promise((resolve, reject) => {
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
