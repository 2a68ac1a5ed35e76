import { HoldfastError } from "./errors.ts";

const key = "holdfast.client_id";

/**
 * The browser profile's id: made once, kept in localStorage, shared by all its
 * tabs. It is a name, not a secret. Where tabs cannot find each other, each is
 * a client of its own.
 */
export function clientId(shared: boolean): string {
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

/** 128 random bits; randomUUID is missing on pages without https. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The server's address as the program dials it: `ws:` or `wss:`, no query, no trailing slash. */
export function socketBase(url: string | URL | undefined): string {
  try {
    const base = new URL(url ?? "/", globalThis.location?.href);
    base.protocol = base.protocol.replace(/^http/, "ws");
    if (!/^wss?:$/.test(base.protocol)) throw new TypeError(base.protocol);
    return base.protocol + "//" + base.host + base.pathname.replace(/\/+$/, "");
  } catch (cause) {
    throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "`url` is not an http or ws address." }, { cause });
  }
}

/** Whether tabs can elect a leader here. An opaque origin has the API and refuses its use. */
export async function hasLocks(): Promise<boolean> {
  try {
    return (await navigator.locks.query()) !== undefined;
  } catch {
    return false;
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
