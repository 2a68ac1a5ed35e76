import { HoldfastError } from "./errors.ts";
import { Host } from "./host.ts";
import { load, newer, type WasmSource } from "./load.ts";
import { hasChannel, heldLocks, randomId, Scope, socketBase } from "./names.ts";
import type { Offline, OfflineOptions } from "./offline.ts";
import { Program } from "./program.ts";
import { Session } from "./session.ts";
import { prefetch, type GetToken } from "./token.ts";

/** The options of `connect`. */
export interface ConnectOptions {
  /** The document's id. */
  document: string;
  /** Returns an access token. It is called at the start and before each expiry, in one tab only. */
  getToken: GetToken;
  /**
   * Ends the sign-in where `getToken` gets its tokens, for example the refresh cookie. `signOut()` calls it, in
   * the tab in which it was called.
   */
  logout?: () => unknown;
  /** The Worker's address. Default: the page's own origin. */
  url?: string | URL;
  /**
   * The id of the signed-in user as the server names them (the token's `user_id`, unless its SUBJECT_CLAIM is another), if the page knows it.
   * Then this tab joins no session of somebody who was signed in before.
   */
  user?: string;
  /** A name for this browser profile, instead of one that `connect` makes and keeps in localStorage. */
  clientId?: string;
  /** Where the module comes from. Default: `holdfast.wasm` beside the package's own file, or the module inside the entry. */
  wasm?: WasmSource;
  /** Subresource integrity of the module, if it is fetched by its address. */
  integrity?: string;
  /** Makes the browser ask before the user leaves the page while changes are not stored yet. Default: false. */
  warnUnsent?: boolean;
  /**
   * Keeps what is not stored yet in the browser, encrypted, so that it outlives a closed browser: the next page
   * sends it. It needs `user`. Default: false.
   */
  offline?: boolean | OfflineOptions;
}

/** What every entry of the package exports as `connect`. */
export type Connect = <Op = unknown, Presence = unknown>(options: ConnectOptions) => Promise<Session<Op, Presence>>;

/** Scopes whose first session of this page is being opened. */
const arriving = new Set<string>();

/**
 * Opens this tab's part of the session. `standard` returns the module if the options
 * name none.
 */
export async function open<Op, Presence>(options: ConnectOptions, standard: PromiseLike<Response> | (() => URL)): Promise<Session<Op, Presence>> {
  const { document, getToken } = options;
  if (typeof WebSocket !== "function" || typeof location !== "object") {
    throw new HoldfastError({ code: "UNSUPPORTED", message: "A session needs a page: this environment has no WebSocket or no location." });
  }
  if (typeof document !== "string" || !document) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`document` is missing." });
  if (typeof getToken !== "function") throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`getToken` is missing." });
  if (options.offline && !options.user) {
    throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`offline` needs `user`: what is kept is that user's, and nobody else's." });
  }
  const { maxBytes = 1 } = Object(options.offline) as OfflineOptions;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`maxBytes` is a number of bytes." });
  const url = socketBase(options.url);
  // A guest's tabs are beside those of who is signed in here: neither takes the other's token.
  const scope = new Scope(/^guest:/.test(options.user!) ? url + options.user : url);
  const name = scope.document(document);
  const loading = load(options.wasm ?? standard, options.integrity);
  loading.catch(() => {}); // awaited below
  const { user } = options;
  // Names the sessions of the page that have one token. No address has a space.
  const share = `${url} ${user}`;
  // Whether nobody here leads; undefined where there are no locks.
  const alone = heldLocks().then((held) => held && !scope.leads(held));
  // Token and module are fetched at the same time, unless somebody here has a token, or fetches it. What is held
  // and the token's lock are asked for at the same time, too: each takes a way to the browser's process and back.
  const first = !arriving.has(scope.name);
  if (first) {
    arriving.add(scope.name);
    prefetch(share, getToken, scope.token, alone);
  }
  const arrived = (): void => void (first && arriving.delete(scope.name));
  try {
    const nobody = await alone;
    const locks = nobody !== undefined;
    const others = nobody === false;
    if (others) arrived();
    const tabs = locks && hasChannel();

    const names = { document, tabId: randomId(), clientId: options.clientId ?? scope.clientId(tabs) };
    let offline: Offline | undefined;
    if (options.offline) {
      const kept = await loadOffline().then(({ Offline }) =>
        Offline.open(scope.name, { ...names, user: user!, tabs }, options.offline === true ? {} : options.offline || {}));
      offline = kept.offline;
      names.clientId = kept.clientId;
    }
    const host = new Host(scope.name, name, getToken, {
      url, document, client_id: names.clientId, tab_id: names.tabId, user, locks, ...(offline?.available && { offline: true }),
    }, offline);
    const session = new Session<Op, Presence>(names, host, options.warnUnsent ?? false, options.logout, offline);
    await join(await loading, host, share, () => new Host(scope.name, scope.token, undefined, { url, page_id: randomId(), user, locks, others }));

    // In a task of its own, so that the app has its listeners in place. Not in a timer,
    // because a hidden tab's timers wait for up to a minute.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      offline?.begin();
      host.start();
      arrived(); // from here on its lock says so
    };
    port2.postMessage(0);
    return session;
  } catch (error) {
    arrived();
    throw error;
  }
}

/** Has the host join the program of a module. After a deploy that may be another than the browser's cache has. */
async function join(module: WebAssembly.Module, ...session: [host: Host, share: string, shared: () => Host]): Promise<void> {
  for (;;) {
    try {
      return await Program.add(module, ...session);
    } catch (error) {
      const other = (error as HoldfastError).code === "WASM_INVALID" ? await newer(module)?.catch(() => undefined) : undefined;
      if (!other) throw error;
      module = other;
    }
  }
}
/** Loads what keeps changes. It is a file of its own, so that nobody else loads it. */
const loadOffline = (): Promise<typeof import("./offline.ts")> =>
  import("./offline.ts").catch((cause: unknown) => {
    throw new HoldfastError({ code: "WASM_FETCH", message: "The package's offline.js could not be fetched.", recoverable: true, action: "wait" }, { cause });
  });
