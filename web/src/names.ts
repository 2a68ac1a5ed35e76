import { HoldfastError } from "./errors.ts";

/**
 * The scope: what the tabs of one browser profile share of one server. Its name is the
 * server's whole address, for two Workers may be below one origin. All that tabs share hangs
 * on it: locks, channels, the client id in storage. Each part is escaped, so no two scopes or
 * documents have a name in common. Who is signed in is in no name: every script of the origin can list
 * the locks, and a tab whose app does not say who it is has to find the tabs that do.
 */
export class Scope {
  /** The scope's own name, and that of the channel on which its tabs say who signed in or out. */
  readonly name: string;
  /** The name of the lock and the channel of its one token. */
  readonly token: string;

  constructor(base: string) {
    this.name = `holdfast.v1/${encodeURIComponent(base)}`;
    this.token = `${this.name}/token`;
  }

  /** Whether a tab of the scope leads a document: it has a token, or is about to have one. */
  leads(held: string[]): boolean {
    return held.some((name) => name.startsWith(`${this.name}/documents/`));
  }

  /** The name of a document's lock and channel. */
  document(id: string): string {
    try {
      return `${this.name}/documents/${encodeURIComponent(id)}`;
    } catch (cause) {
      throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`document` is not well-formed text." }, { cause });
    }
  }

  /**
   * The client id that a tab begins with: made once, kept in localStorage. It is a name, not a
   * secret. A tab takes the one of the leader that it follows, so tabs agree whatever
   * became of the storage. Where tabs cannot find each other, each is a client of its own.
   */
  clientId(shared: boolean): string {
    const key = `${this.name}/client_id`;
    try {
      const kept = shared && localStorage.getItem(key);
      if (kept && /^[\w-]{8,128}$/.test(kept)) return kept;
      const made = randomId();
      if (shared) localStorage.setItem(key, made);
      return made;
    } catch {
      return randomId();
    }
  }
}

/** 128 random bits; randomUUID is missing on pages without https. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns an address whole. A frame without an address of its own has its parent's base or origin. */
export function absolute(url: string | URL, bases = [globalThis.document?.baseURI, globalThis.location?.href, globalThis.origin]): string {
  for (const base of bases) {
    try {
      return new URL(url, base).href;
    } catch {} // "about:srcdoc", "blob:…", "null" are no base of a relative address
  }
  return String(url);
}

/** The server's address as the program dials it: `ws:` or `wss:`, no query, no trailing slash. */
export function socketBase(url: string | URL | undefined): string {
  try {
    // The default is the page's own origin, whatever its base is.
    const base = new URL(url === undefined ? absolute("/", [globalThis.origin, globalThis.location?.href]) : absolute(url));
    base.protocol = base.protocol.replace(/^http/, "ws");
    if (!/^wss?:$/.test(base.protocol)) throw new TypeError(base.protocol);
    return base.protocol + "//" + base.host + base.pathname.replace(/\/+$/, "");
  } catch (cause) {
    throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`url` is not an http or ws address." }, { cause });
  }
}

/** The names of the locks that are held, undefined where tabs cannot elect a leader. An opaque origin has the API and refuses its use. */
export async function heldLocks(): Promise<string[] | undefined> {
  try {
    return ((await navigator.locks.query()).held ?? []).map(({ name }) => name ?? "");
  } catch {
    return undefined;
  }
}

/** Whether tabs can talk here. */
export function hasChannel(): boolean {
  try {
    new BroadcastChannel("holdfast").close();
    return true;
  } catch {
    return false;
  }
}
