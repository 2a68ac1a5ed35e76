/**
 * Holdfast in a page: one authenticated, live session on a document, shared by
 * all of the user's tabs.
 *
 * The WebAssembly module decides everything. This code gives it the page's facilities,
 * and delivers its events to the app.
 *
 * @module
 */
import { open, type ConnectOptions } from "./core.ts";
import type { Session } from "./core.ts";

export { HoldfastError, Session } from "./core.ts";
export type * from "./core.ts";

// Bundlers look for exactly this expression to include the file.
const beside = (): URL => new URL("./holdfast.wasm", import.meta.url);

/**
 * Loads the module and opens this tab's part of the session. It resolves before there
 * is a connection: listen for `state`. It rejects with a HoldfastError if the module
 * cannot run here.
 */
export function connect<Op = unknown, Presence = unknown>(options: ConnectOptions): Promise<Session<Op, Presence>> {
  return open<Op, Presence>(options, beside);
}
