/**
 * `holdfast` for Svelte: a session as a store.
 *
 * @module
 */
import type { Readable } from "svelte/store";
import { connect as beside } from "./index.ts";
import { keyOf, Mount, none, type Holdfast, type HoldfastOptions } from "./mount.ts";

export type { Holdfast, HoldfastHandlers, HoldfastOptions } from "./mount.ts";

/** The session as a store: `$session.state`, and the methods beside it. */
export interface HoldfastStore<Op = unknown, Presence = unknown> extends Readable<Holdfast<Op, Presence>>, Pick<Holdfast<Op, Presence>, "send" | "presence" | "refresh" | "signOut" | "reopen"> {
  /** Takes other options: another `document`, `url`, `user`, `clientId`, `wasm`, `integrity` or `offline` is another session. */
  set(options: HoldfastOptions<Op, Presence>): void;
}

/**
 * Returns a store that opens the session with its first subscriber and closes it after its
 * last. On a server it holds the state before the first connection.
 */
export function holdfast<Op = unknown, Presence = unknown>(options: HoldfastOptions<Op, Presence>): HoldfastStore<Op, Presence> {
  const mount = new Mount<Op, Presence>();
  const newest = { current: options };
  let subscribers = 0;
  const open = (): void => {
    if (subscribers > 0 && typeof window === "object") mount.open(keyOf(newest.current, beside), newest.current.connect ?? beside, newest);
  };
  return {
    ...mount.methods,
    subscribe(run) {
      run(typeof window === "object" ? mount.read() : (none() as Holdfast<Op, Presence>));
      const leave = mount.subscribe(() => run(mount.read()));
      subscribers++;
      open();
      let gone = false;
      return () => {
        if (gone) return;
        gone = true;
        leave();
        if (--subscribers === 0) mount.leave();
      };
    },
    set(options) {
      newest.current = options;
      open();
    },
  };
}
