/**
 * `useHoldfast`: a session for as long as a component is mounted.
 *
 * @module
 */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { connect as beside } from "./index.ts";
import { keyOf, Mount, none, type Holdfast, type HoldfastOptions } from "./mount.ts";

export type { Holdfast, HoldfastHandlers, HoldfastOptions } from "./mount.ts";

/**
 * Opens a session when the component is mounted, closes it when it is unmounted, and
 * opens another when `document`, `url`, `user`, `clientId`, `wasm`, `integrity` or `offline` changes.
 * `getToken` and the handlers in `on` may be new functions at each render: the session
 * calls the newest, and does not reconnect.
 *
 * Strict Mode's second mount takes over the session of the first. On a server the hook
 * renders the state before the first connection.
 */
export function useHoldfast<Op = unknown, Presence = unknown>(options: HoldfastOptions<Op, Presence>): Holdfast<Op, Presence> {
  const [mount] = useState(() => new Mount<Op, Presence>());
  const newest = useRef(options);
  useEffect(() => {
    newest.current = options;
  });
  const key = keyOf(options, beside);
  useEffect(() => {
    mount.open(key, newest.current.connect ?? beside, newest);
    return () => mount.leave();
  }, [mount, ...key]);
  return useSyncExternalStore(mount.subscribe, mount.read, none) as Holdfast<Op, Presence>;
}
