/**
 * Holdfast in a page: one authenticated, live session on a document, shared by
 * all of the user's tabs.
 *
 * Everything is decided by the WebAssembly module. What is here hands it the
 * page's facilities and hands the app its events.
 *
 * @module
 */
import { open, type ConnectOptions } from "./core.ts";
import type { Session } from "./core.ts";

export { HoldfastError, Session } from "./core.ts";
export type * from "./core.ts";

// Word for word what bundlers look for to take the file along.
const beside = (): URL => new URL("./holdfast.wasm", import.meta.url);

/**
 * Loads the module and opens this tab's part of the session. It resolves before
 * the connection stands: listen for `state`. It rejects with a HoldfastError
 * when the module cannot run here.
 */
export function connect<Op = unknown, Presence = unknown>(options: ConnectOptions): Promise<Session<Op, Presence>> {
  return open<Op, Presence>(options, beside);
}
