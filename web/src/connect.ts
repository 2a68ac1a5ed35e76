import { HoldfastError } from "./errors.ts";
import type { GetToken } from "./host.ts";
import { load, type WasmSource } from "./load.ts";
import { clientId, hasChannel, hasLocks, randomId, socketBase } from "./names.ts";
import { Program } from "./program.ts";
import { Session } from "./session.ts";

/** What `connect` is given. */
export interface ConnectOptions {
  /** The document's id. */
  document: string;
  /** Gives an access token. It is called at the start and before each expiry, in one tab only. */
  getToken: GetToken;
  /** The Worker's address. Default: the page's own origin. */
  url?: string | URL;
  /**
   * The id of who is signed in, as the server names them (the token's `user_id`, unless its SUBJECT_CLAIM is another), where the page knows.
   * Then this tab joins no session of someone who was signed in before.
   */
  user?: string;
  /** A name for this browser profile instead of one that is made and kept in localStorage. */
  clientId?: string;
  /** Where the module comes from. Default: `holdfast.wasm` beside the package's own file, or what the entry holds itself. */
  wasm?: WasmSource;
  /** Subresource integrity of the module, when it is fetched by its address. */
  integrity?: string;
  /** Have the browser ask before the page is left while changes are not stored yet. Default: it does not. */
  warnUnsent?: boolean;
}

/** What every entry of the package exports as `connect`. */
export type Connect = <Op = unknown, Presence = unknown>(options: ConnectOptions) => Promise<Session<Op, Presence>>;

/**
 * Opens this tab's part of the session; `standard` gives the module where the
 * options name none.
 */
export async function open<Op, Presence>(options: ConnectOptions, standard: () => WasmSource): Promise<Session<Op, Presence>> {
  const { document, getToken } = options;
  if (typeof WebSocket !== "function" || typeof location !== "object") {
    throw new HoldfastError({ code: "UNSUPPORTED", message: "A session needs a page: this environment has no WebSocket or no location." });
  }
  if (typeof document !== "string" || !document) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`document` is missing." });
  if (typeof getToken !== "function") throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`getToken` is missing." });
  const url = socketBase(options.url);
  const [module, locks] = await Promise.all([load(options.wasm ?? standard, options.integrity), hasLocks()]);

  const names = { document, tabId: randomId(), clientId: options.clientId ?? clientId(locks && hasChannel()) };
  const program = new Program(module, `holdfast.v1/${new URL(url).host}/${document}`, getToken, {
    url, document, client_id: names.clientId, tab_id: names.tabId, user: options.user, locks,
  });
  const session = new Session<Op, Presence>(names, program, options.warnUnsent ?? false);
  await program.boot();

  // A task of its own, so that the app has its listeners in place. Not a timer:
  // a hidden tab's timers wait for up to a minute.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    program.start();
  };
  port2.postMessage(0);
  return session;
}
