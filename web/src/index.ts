/**
 * Holdfast in a page: one authenticated, live session on a document, shared by
 * all of the user's tabs.
 *
 * Everything is decided by the WebAssembly module. What is here hands it the
 * page's facilities and hands the app its events.
 *
 * @module
 */
import { HoldfastError } from "./errors.ts";
import { Host, type GetToken } from "./host.ts";
import { load, run, type Running, type WasmSource } from "./load.ts";
import { clientId, hasChannel, hasLocks, randomId, socketBase } from "./names.ts";
import { Session } from "./session.ts";

export { HoldfastError, type Action, type Failure } from "./errors.ts";
export type * from "./events.ts";
export type { GetToken } from "./host.ts";
export type { WasmSource } from "./load.ts";
export { Session } from "./session.ts";

/** What `connect` is given. */
export interface ConnectOptions {
  /** The document's id. */
  document: string;
  /** Gives an access token. It is called at the start and before each expiry, in one tab only. */
  getToken: GetToken;
  /** The Worker's address. Default: the page's own origin. */
  url?: string | URL;
  /** A name for this browser profile instead of one that is made and kept in localStorage. */
  clientId?: string;
  /** Where the module comes from. Default: `holdfast.wasm` beside this file. */
  wasm?: WasmSource;
  /** Subresource integrity of the module, when it is fetched by its address. */
  integrity?: string;
}

/**
 * Loads the module and opens this tab's part of the session. It resolves before
 * the connection stands: listen for `state`. It rejects with a HoldfastError
 * when the module cannot run here.
 */
export async function connect<Op = unknown, Presence = unknown>(options: ConnectOptions): Promise<Session<Op, Presence>> {
  const { document, getToken } = options;
  if (typeof WebSocket !== "function" || typeof location !== "object") {
    throw new HoldfastError({ code: "UNSUPPORTED", message: "A session needs a page: this environment has no WebSocket or no location." });
  }
  if (typeof document !== "string" || !document) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`document` is missing." });
  if (typeof getToken !== "function") throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`getToken` is missing." });
  const url = socketBase(options.url);
  const [module, locks] = await Promise.all([load(options.wasm, options.integrity), hasLocks()]);

  const names = { document, tabId: randomId(), clientId: options.clientId ?? clientId(locks && hasChannel()) };
  let running: Running | undefined;
  const trapped = (cause: unknown): void => {
    host.stop();
    running?.cut();
    session.fail(new HoldfastError({ code: "WASM_TRAP", message: "The Holdfast module stopped." }, { cause }));
  };
  let host!: Host;
  const session = new Session<Op, Presence>(names, (hear) => {
    return (host = new Host(`holdfast.v1/${new URL(url).host}/${document}`, getToken, hear, trapped));
  });
  running = await run(module, { ready: (program) => host.ready(program), call: (kind, text) => host.call(kind, text) }, trapped);
  if (!host.started) throw new HoldfastError({ code: "WASM_INVALID", message: "The Holdfast module did not start." });

  // A task of its own, so that the app has its listeners in place. Not a timer:
  // a hidden tab's timers wait for up to a minute.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    host.start({ url, document, client_id: names.clientId, tab_id: names.tabId, locks });
  };
  port2.postMessage(0);
  return session;
}
