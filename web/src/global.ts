/**
 * Holdfast for a page without modules: `<script src="holdfast.global.js">` makes
 * `Holdfast.connect`, and finds `holdfast.wasm` beside itself.
 *
 * @module
 */
import { open, type ConnectOptions } from "./core.ts";
import type { Session } from "./core.ts";

export { HoldfastError, Session } from "./core.ts";

// Known only while the script itself runs.
const script = globalThis.document?.currentScript as HTMLScriptElement | null | undefined;
const beside = (): URL => new URL("holdfast.wasm", script?.src || document.baseURI);

/** As `connect` of the npm package. */
export function connect<Op = unknown, Presence = unknown>(options: ConnectOptions): Promise<Session<Op, Presence>> {
  return open<Op, Presence>(options, beside);
}
