import { HoldfastError } from "./errors.ts";
import { absolute } from "./names.ts";
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

/** How the module has to speak with this code; wasm/page_js.go has the same number. */
const hostVersion = 2;

/** One running program. */
export interface Running {
  /** Ends it: it runs no more, and the sockets that it left open are closed. */
  cut(): void;
}

/** Something that keeps promises of modules by their source. */
interface Cache<K> {
  get(source: K): Promise<WebAssembly.Module> | undefined;
  set(source: K, module: Promise<WebAssembly.Module>): unknown;
  delete(source: K): boolean;
}

/** By integrity and address. */
const byAddress: Cache<string> = new Map();
const byObject: Cache<object> = new WeakMap();

/** Where a module came from, if it has an address. */
interface Address {
  url: string;
  integrity: string | undefined;
  key: string;
  /** Fetched past the browser's cache: there is no newer one. */
  newest: boolean;
  newer?: Promise<WebAssembly.Module>;
}
const addresses = new WeakMap<WebAssembly.Module, Address>();

/** Fetches and compiles the module: once per page for the same address and integrity, or the same object. */
export async function load(source: WasmSource | (() => URL), integrity?: string): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== "object") throw new HoldfastError({ code: "UNSUPPORTED", message: "This environment has no WebAssembly." });
  const given = typeof source === "function" ? source() : source;
  if (given instanceof WebAssembly.Module) return given;
  if (typeof given !== "string" && !(given instanceof URL)) return once(byObject, given, () => compile(given));
  const url = absolute(given);
  const address = { url, integrity, key: `${integrity ?? ""} ${url}`, newest: false };
  return once(byAddress, address.key, () => fetched(address));
}

function once<K>(cache: Cache<K>, source: K, make: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  let module = cache.get(source);
  if (!module) {
    cache.set(source, (module = make()));
    module.catch(() => cache.delete(source)); // so that a later connect may try again
  }
  return module;
}

/**
 * Returns the module that the server has in place of one that does not run with this
 * JavaScript, or undefined if it is that one. After a deploy the browser's cache may hold
 * the file of another version.
 */
export function newer(module: WebAssembly.Module): Promise<WebAssembly.Module> | undefined {
  const address = addresses.get(module);
  if (!address || address.newer) return address?.newer;
  byAddress.delete(address.key);
  if (!address.newest) return (address.newer = once(byAddress, address.key, () => fetched({ ...address, newest: true })));
}

async function fetched(address: Address): Promise<WebAssembly.Module> {
  try {
    const module = await compile(get(address));
    addresses.set(module, address);
    return module;
  } catch (error) {
    const stale = ["WASM_INVALID", "WASM_INTEGRITY"].includes((error as HoldfastError).code);
    if (!stale || address.newest) throw error;
    return fetched({ ...address, newest: true });
  }
}

async function get({ url, integrity, newest }: Address): Promise<Response> {
  const options: RequestInit = { credentials: "same-origin", ...(newest && { cache: "reload" }) };
  let response: Response | undefined;
  try {
    response = await fetch(url, { ...options, ...(integrity && { integrity }) });
  } catch (cause) {
    // fetch fails alike for a file with another hash and for a network that is down.
    response = integrity ? await fetch(url, options).catch(() => undefined) : undefined;
    void response?.body?.cancel();
    if (response?.ok) throw new HoldfastError({ code: "WASM_INTEGRITY", message: "The Holdfast module is not the one that `integrity` names." }, { cause });
    if (!response) throw new HoldfastError({ code: "WASM_FETCH", message: "The Holdfast module could not be fetched.", recoverable: true, action: "wait" }, { cause });
  }
  return response;
}

async function compile(source: BufferSource | Response | PromiseLike<Response>): Promise<WebAssembly.Module> {
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) return compileBytes(source);
  let response: Response;
  try {
    response = await source;
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError({ code: "WASM_FETCH", message: "The Holdfast module could not be fetched.", recoverable: true, action: "wait" }, { cause });
  }
  if (!response.ok) {
    const server = response.status >= 500;
    throw new HoldfastError(
      { code: "WASM_FETCH", message: `The Holdfast module was answered with HTTP ${response.status}.`, recoverable: server, action: server ? "wait" : "stop" },
      { status: response.status },
    );
  }
  if (response.bodyUsed) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "The Response in `wasm` has been read already." });
  // A server that does not know the media type is common and harmless: then the
  // bytes are compiled once they are here, and not while they arrive.
  const streaming = response.headers.get("content-type")?.split(";")[0]?.trim() === "application/wasm";
  try {
    if (streaming) return await WebAssembly.compileStreaming(response);
  } catch (cause) {
    throw compileError(cause);
  }
  return compileBytes(await response.arrayBuffer().catch((cause: unknown) => {
    throw broken(cause);
  }));
}

async function compileBytes(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw compileError(cause);
  }
}

const broken = (cause: unknown): HoldfastError =>
  new HoldfastError({ code: "WASM_FETCH", message: "The Holdfast module broke off.", recoverable: true, action: "wait" }, { cause });

function compileError(cause: unknown): HoldfastError {
  // Every engine words this differently; all of them name the policy or its keyword.
  const blocked = /content.security.policy|\bcsp\b|unsafe-eval/i.test(String(cause));
  if (cause instanceof RangeError) return outOfMemory(cause);
  if (cause instanceof TypeError && !blocked) return broken(cause);
  return new HoldfastError(
    blocked
      ? { code: "WASM_BLOCKED_BY_CSP", message: "The page's Content-Security-Policy blocks WebAssembly: add 'wasm-unsafe-eval' to script-src." }
      : { code: "WASM_INVALID", message: "The Holdfast module is not WebAssembly this browser can compile." },
    { cause },
  );
}

const outOfMemory = (cause: unknown): HoldfastError =>
  new HoldfastError({ code: "WASM_OUT_OF_MEMORY", message: "There is no memory left for the Holdfast module.", recoverable: true, action: "wait" }, { cause });

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
  const ready = (entry: Entry, version: number): void => {
    if (version !== hostVersion) return;
    host.ready((id, kind, text) => {
      try {
        if (!over) entry(id, kind, text);
      } catch (cause) {
        ended(cause);
      }
    });
  };
  const { view, closeAll } = viewOf(globalThis, { holdfast: { ready, call: host.call } });
  const go = new (loadGo(view))();
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, go.importObject);
  } catch (cause) {
    if (cause instanceof RangeError) throw outOfMemory(cause);
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
