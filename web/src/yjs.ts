/**
 * A Yjs document in a session: its updates are the session's operations, its
 * awareness the session's presence.
 *
 * @module
 */
export { keepDocument } from "./yjs/kept.ts";
export { HoldfastProvider } from "./yjs/provider.ts";
export type * from "./yjs/types.ts";
