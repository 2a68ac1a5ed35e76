import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates, type Awareness } from "y-protocols/awareness";
import type { PresenceDetail, Session } from "../core.ts";
import type { Who, Writer, YOp, YPresence } from "./types.ts";
import { decode, encode, nameOf } from "./update.ts";

/**
 * Cursors keeps an awareness in step with the session's presence. An awareness id belongs
 * to the connection that showed it first, until that is gone: nobody else can move or
 * remove that cursor.
 */
export class Cursors {
  readonly who = new Map<number, Who>();

  #awareness: Awareness;
  #session: Session<YOp, YPresence>;
  #every: number;
  #origin: unknown;
  #timer?: ReturnType<typeof setTimeout>;
  #hidden = true;
  #lazy: boolean;
  #others = new Map<string, Map<string, Set<number>>>(); // awareness ids by a user's client, and by its tab
  #left = new Map<number, { clock: number; lastUpdated: number }>(); // those of this profile's tabs that are gone, to be told
  // The scratch, in which updates are examined: as much of an Awareness as reading one
  // takes. A real Awareness has a timer.
  #scratch = { clientID: -1, meta: new Map(), states: new Map(), getLocalState: () => null, emit() {} } as unknown as Awareness;

  /** With `lazy` nothing is shown before the app has set something: an empty state shows nobody anything. */
  constructor(awareness: Awareness, session: Session<YOp, YPresence>, every: number, origin: unknown, lazy: boolean) {
    this.#awareness = awareness;
    this.#session = session;
    this.#every = every;
    this.#origin = origin;
    this.#lazy = lazy;
    awareness.on("update", this.#moved);
    awareness.on("change", this.#set);
  }

  /** Shows this tab's place from now on. */
  show(): void {
    this.#hidden = false;
    this.publish();
  }

  /** Tells the others that this tab has gone, and forgets them. The app's own state stays as it is. */
  hide(): void {
    this.#hidden = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const id = this.#awareness.clientID;
    this.#scratch.states.clear();
    this.#scratch.meta.set(id, { clock: (this.#awareness.meta.get(id)?.clock ?? 0) + 1, lastUpdated: 0 });
    this.#send(encodeAwarenessUpdate(this.#scratch, [id]));
    for (const client of [...this.#others.keys()]) this.#forget(client);
  }

  destroy(): void {
    this.#awareness.off("update", this.#moved);
    this.#awareness.off("change", this.#set);
  }

  #set = (_: unknown, origin: unknown): void => {
    if (origin === "local") this.#lazy = false;
  };

  #moved = (_: unknown, origin: unknown): void => {
    if (origin !== this.#origin) this.publish();
  };

  /** Publishes where this tab is: the last place counts, and a burst of typing is one message. */
  publish(): void {
    if (this.#hidden) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const { clientID: id, meta, states } = this.#awareness;
      if (!meta.has(id)) return;
      this.#send(encodeAwarenessUpdate({ meta: new Map([[id, meta.get(id)!], ...this.#left]), states } as Awareness, [id, ...this.#left.keys()]));
      if (this.#session.state === "connected") this.#left.clear();
    }, this.#every);
  }

  #send(update: Uint8Array): void {
    if (!this.#lazy && this.#session.state === "connected") this.#session.presence({ tab: this.#session.tabId, aware: encode(update) });
  }

  /** Receives what the session reports about another client. */
  receive({ state, userId, clientId, name, data }: PresenceDetail): void {
    const writer = { userId, clientId };
    if (state === "leave") return this.#forget(nameOf(writer));
    if (state === "join" || state === "state") this.publish(); // a new member has not received this cursor
    const { tab, aware } = (data ?? {}) as Partial<YPresence>;
    if (typeof tab !== "string" || typeof aware !== "string" || tab === this.#session.tabId) return;
    try {
      const ids = this.#look(decode(aware)).filter((id) => id !== this.#awareness.clientID && this.#owns(writer, id));
      if (ids.length === 0) return;
      const tabs = this.#others.get(nameOf(writer)) ?? new Map<string, Set<number>>();
      if (!tabs.has(tab)) this.publish(); // nor has a new tab of a member's
      const its = tabs.get(tab) ?? new Set<number>();
      this.#others.set(nameOf(writer), tabs.set(tab, its));
      for (const id of ids) {
        its.add(id);
        this.who.set(id, { userId, clientId, ...(name && { name }) }); // before "change", so that a listener that draws finds the name
      }
      applyAwarenessUpdate(this.#awareness, encodeAwarenessUpdate(this.#scratch, ids, this.#scratch.states), this.#origin);
      for (const id of ids) {
        if (this.#awareness.states.has(id)) continue;
        its.delete(id);
        this.#drop([id]);
      }
    } catch {} // not an awareness update: another kind of client's presence
  }

  /** Forgets the tabs of this profile that are gone, and tells the others: of a tab that leaves the server knows nothing. */
  keep(tabs: string[]): void {
    const gone = (tab: string): boolean => !tabs.includes(tab);
    const client = nameOf(this.#session);
    for (const [tab, ids] of this.#others.get(client) ?? []) {
      for (const id of gone(tab) ? ids : []) this.#left.set(id, { clock: (this.#awareness.meta.get(id)?.clock ?? 0) + 1, lastUpdated: 0 });
    }
    this.#forget(client, gone);
    if (this.#left.size > 0) this.publish();
  }

  // The ids that an update is about; the scratch holds what it says about them.
  #look(update: Uint8Array): number[] {
    this.#scratch.meta.clear();
    this.#scratch.states.clear();
    applyAwarenessUpdate(this.#scratch, update, this);
    return [...this.#scratch.meta.keys()];
  }

  #owns({ userId, clientId }: Writer, id: number): boolean {
    const who = this.who.get(id);
    return !who || who.userId === userId && who.clientId === clientId;
  }

  #forget(client: string, which: (tab: string) => boolean = () => true): void {
    const tabs = this.#others.get(client);
    for (const [tab, ids] of tabs ?? []) {
      if (!which(tab)) continue;
      tabs!.delete(tab);
      this.#drop([...ids]);
    }
    if (tabs?.size === 0) this.#others.delete(client);
  }

  // Without their clocks: who comes again begins where it was.
  #drop(ids: number[]): void {
    for (const id of ids) this.who.delete(id);
    removeAwarenessStates(this.#awareness, ids, this.#origin);
    for (const id of ids) this.#awareness.meta.delete(id);
  }
}
