/**
 * Holdfast with its module inside, for a bundler or a host that cannot serve a
 * file beside the code. It exports the same names as `holdfast`, and takes half as long
 * again to load, before the first line runs: prefer `holdfast` where that works.
 *
 * @module
 */
import { open, type ConnectOptions } from "./core.ts";
import type { Session } from "./core.ts";
// The build puts the module here: gzip, in base64.
import packed from "holdfast:wasm";

export { HoldfastError, Session } from "./core.ts";
export type * from "./core.ts";

// Unpacked when it is compiled. It has no address, so it needs no connect-src.
const unpacked: PromiseLike<Response> = {
  then(...handlers) {
    const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return Promise.resolve(new Response(stream, { headers: { "content-type": "application/wasm" } })).then(...handlers);
  },
};

/** As `connect` of `holdfast`, with the module inside. */
export function connect<Op = unknown, Presence = unknown>(options: ConnectOptions): Promise<Session<Op, Presence>> {
  return open<Op, Presence>(options, unpacked);
}
