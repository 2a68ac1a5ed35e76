import { HoldfastError, type ShellCode } from "./errors.ts";
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
    if (response?.ok) throw failed("WASM_INTEGRITY", "is not the one that `integrity` names", cause);
    if (!response) throw unreached(cause);
  }
  return response;
}

async function compile(source: BufferSource | Response | PromiseLike<Response>): Promise<WebAssembly.Module> {
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) return compileBytes(source);
  let response: Response;
  try {
    response = await source;
  } catch (cause) {
    throw cause instanceof HoldfastError ? cause : unreached(cause);
  }
  if (!response.ok) {
    const { status } = response;
    throw failed("WASM_FETCH", `was answered with HTTP ${status}`, undefined, status >= 500, status);
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

/** passing: it may be otherwise later. */
function failed(code: ShellCode, what: string, cause: unknown, passing = false, status?: number): HoldfastError {
  const message = `The Holdfast module ${what}.`;
  return new HoldfastError({ code, message, recoverable: passing, action: passing ? "wait" : "stop" }, { ...(cause !== undefined && { cause }), status });
}

const unreached = (cause: unknown): HoldfastError => failed("WASM_FETCH", "could not be fetched", cause, true);
const broken = (cause: unknown): HoldfastError => failed("WASM_FETCH", "broke off", cause, true);
const outOfMemory = (cause: unknown): HoldfastError => failed("WASM_OUT_OF_MEMORY", "found no memory left", cause, true);

function compileError(cause: unknown): HoldfastError {
  // Every engine words this differently; all of them name the policy or its keyword.
  const blocked = /content.security.policy|\bcsp\b|unsafe-eval/i.test(String(cause));
  if (cause instanceof RangeError) return outOfMemory(cause);
  if (cause instanceof TypeError && !blocked) return broken(cause);
  return blocked
    ? failed("WASM_BLOCKED_BY_CSP", "is blocked by the page's Content-Security-Policy: add 'wasm-unsafe-eval' to script-src", cause)
    : failed("WASM_INVALID", "is not WebAssembly this browser can compile", cause);
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
    throw cause instanceof RangeError ? outOfMemory(cause) : failed("WASM_INVALID", "and its JavaScript are not of one build", cause);
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
