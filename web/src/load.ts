import { HoldfastError } from "./errors.ts";
import { viewOf } from "./view.ts";
// The build puts here the wasm_exec.js of the compiler that made the module, as a
// function of the global object that it may write to.
import loadGo from "holdfast:wasm_exec";

/** Where the module comes from. */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module | PromiseLike<Response>;

/** Takes an event of the session with this number. */
export type Entry = (id: number, kind: string, text: string) => void;

/** What the program can call; host.ts lists the calls. */
export interface GoHost {
  /** The program's first call: it says where its events go. */
  ready(entry: Entry): void;
  call(id: number, kind: string, text: string): void;
}

/** One running program. */
export interface Running {
  /** Ends it: it runs no more, and the sockets that it left open are closed. */
  cut(): void;
}

const modules = new Map<unknown, Promise<WebAssembly.Module>>();

/**
 * Fetches and compiles the module. It compiles the module of one address once per page,
 * and so the default module of an entry.
 */
export function load(source: WasmSource | (() => WasmSource), integrity?: string): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== "object") {
    return Promise.reject(new HoldfastError({ code: "UNSUPPORTED", message: "This environment has no WebAssembly." }));
  }
  const key = source instanceof URL ? source.href : source;
  if (typeof key !== "string" && typeof key !== "function") return compile(key, integrity);
  let module = modules.get(key);
  if (!module) {
    module = compile(typeof key === "string" ? key : key(), integrity);
    modules.set(key, module);
    module.catch(() => modules.delete(key)); // so that a later connect may try again
  }
  return module;
}

async function compile(source: WasmSource, integrity?: string): Promise<WebAssembly.Module> {
  if (source instanceof URL) source = source.href;
  if (source instanceof WebAssembly.Module) return source;
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) return compileBytes(source);
  let response: Response;
  try {
    response = await (typeof source === "string" ? get(source, integrity) : source);
  } catch (cause) {
    // fetch fails alike for a file with another hash and for a network that is down.
    const other = typeof source === "string" && integrity ? await get(source).catch(() => undefined) : undefined;
    void other?.body?.cancel();
    if (other?.ok) throw new HoldfastError({ code: "WASM_INTEGRITY", message: "The Holdfast module is not the one that `integrity` names." }, { cause });
    if (!other) {
      throw new HoldfastError(
        { code: "WASM_FETCH", message: "The Holdfast module could not be fetched.", recoverable: true, action: "wait" },
        { cause },
      );
    }
    response = other;
  }
  if (!response.ok) {
    const server = response.status >= 500;
    throw new HoldfastError(
      { code: "WASM_FETCH", message: `The Holdfast module was answered with HTTP ${response.status}.`, recoverable: server, action: server ? "wait" : "stop" },
      { status: response.status },
    );
  }
  // A server that does not know the media type is common and harmless: then the
  // bytes are compiled once they are here, and not while they arrive.
  const streaming = response.headers.get("content-type")?.split(";")[0]?.trim() === "application/wasm";
  try {
    if (streaming) return await WebAssembly.compileStreaming(response);
  } catch (cause) {
    throw compileError(cause);
  }
  return compileBytes(await response.arrayBuffer().catch((cause: unknown) => {
    throw new HoldfastError({ code: "WASM_FETCH", message: "The Holdfast module broke off.", recoverable: true, action: "wait" }, { cause });
  }));
}

const get = (url: string, integrity?: string): Promise<Response> => fetch(url, { credentials: "same-origin", ...(integrity && { integrity }) });

async function compileBytes(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw compileError(cause);
  }
}

function compileError(cause: unknown): HoldfastError {
  // Every engine words this differently; all of them name the policy or its keyword.
  const blocked = /content.security.policy|\bcsp\b|unsafe-eval/i.test(String(cause));
  return new HoldfastError(
    blocked
      ? { code: "WASM_BLOCKED_BY_CSP", message: "The page's Content-Security-Policy blocks WebAssembly: add 'wasm-unsafe-eval' to script-src." }
      : { code: "WASM_INVALID", message: "The Holdfast module is not WebAssembly this browser can compile." },
    { cause },
  );
}

/**
 * Starts one program of the module with its host. The program has called `ready` when
 * this returns. `trapped` is called once when the program stops of itself, for any reason.
 */
export async function run(module: WebAssembly.Module, host: GoHost, trapped: (cause: unknown) => void): Promise<Running> {
  let over = false;
  const cut = (): void => {
    over = true;
    go.exited = true; // nobody needs its timers any more
    closeAll();
  };
  const ended = (cause: unknown): void => {
    if (over) return;
    cut();
    trapped(cause);
  };
  const ready = (entry: Entry): void =>
    host.ready((id, kind, text) => {
      try {
        if (!over) entry(id, kind, text);
      } catch (cause) {
        ended(cause);
      }
    });
  const { view, closeAll } = viewOf(globalThis, { holdfast: { ready, call: host.call } });
  const go = new (loadGo(view))();
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, go.importObject);
  } catch (cause) {
    throw new HoldfastError({ code: "WASM_INVALID", message: "The Holdfast module and its JavaScript are not of one build." }, { cause });
  }
  // Every event of the page enters the program here. An exception is a trap; uncaught
  // it would surface in whichever listener happened to run.
  const resume = go._resume;
  go._resume = () => {
    if (over) return; // nothing enters the program by the callbacks that it left
    try {
      resume.call(go);
    } catch (cause) {
      ended(cause);
    }
  };
  go.run(instance).then(() => ended(new Error("the program ended")), ended);
  return { cut };
}
