/**
 * `useHoldfast` for Vue: a session for as long as a component, or another effect scope, lives.
 *
 * @module
 */
import { getCurrentInstance, onMounted, onScopeDispose, shallowReactive, toRefs, toValue, watch, type MaybeRefOrGetter, type ToRefs } from "vue";
import { connect as beside } from "./index.ts";
import { keyOf, Mount, none, type Holdfast, type HoldfastOptions, type View } from "./mount.ts";

export type { Holdfast, HoldfastHandlers, HoldfastOptions } from "./mount.ts";

/** What changes, as refs; and the methods, which stay. */
export type HoldfastRefs<Op = unknown, Presence = unknown> = ToRefs<View<Op, Presence>> & Omit<Holdfast<Op, Presence>, keyof View>;

/**
 * Opens a session when the component is mounted, closes it when its scope is disposed, and
 * opens another when `document`, `url`, `user`, `clientId`, `wasm`, `integrity` or `offline` changes:
 * so the options may be a ref or a getter. The session calls the newest `getToken` and
 * the newest handlers in `on`.
 *
 * On a server the refs hold the state before the first connection.
 */
export function useHoldfast<Op = unknown, Presence = unknown>(options: MaybeRefOrGetter<HoldfastOptions<Op, Presence>>): HoldfastRefs<Op, Presence> {
  const mount = new Mount<Op, Presence>();
  const { methods } = mount;
  const { send: _, presence: _p, refresh: _r, signOut: _s, reopen: _o, ...start } = none() as Holdfast<Op, Presence>;
  const view = shallowReactive<View<Op, Presence>>(start);
  mount.subscribe(() => {
    const seen = mount.read();
    for (const key of Object.keys(start)) Reflect.set(view, key, Reflect.get(seen, key));
  });
  const newest = { get current() { return toValue(options); } };
  const open = (): void => {
    watch(() => keyOf(newest.current, beside), (key) => mount.open(key, newest.current.connect ?? beside, newest), { immediate: true });
  };
  if (getCurrentInstance()) onMounted(open); // never on a server
  else open();
  onScopeDispose(() => mount.leave());
  return { ...toRefs(view), ...methods } as HoldfastRefs<Op, Presence>;
}
