/**
 * Emitter is an EventTarget that can also be listened to as the other Yjs providers are:
 * `on("synced", (synced) => …)` receives the detail of the event alone.
 */
export class Emitter<Events> extends EventTarget {
  #listeners = new Map<string, Map<unknown, (event: Event) => void>>();

  /** Calls a listener with the detail of each such event. */
  on<K extends keyof Events & string>(type: K, listener: (detail: Events[K]) => void): this;
  on(type: string, listener: (detail: never) => void): this;
  on(type: string, listener: (detail: never) => void): this {
    return this.#listen(type, listener, false);
  }

  /** Calls a listener with the detail of the next such event. */
  once<K extends keyof Events & string>(type: K, listener: (detail: Events[K]) => void): this;
  once(type: string, listener: (detail: never) => void): this;
  once(type: string, listener: (detail: never) => void): this {
    return this.#listen(type, listener, true);
  }

  /** Takes back an `on` or `once`. */
  off(type: string, listener: (detail: never) => void): this {
    const call = this.#listeners.get(type)?.get(listener);
    if (call) this.removeEventListener(type, call);
    this.#listeners.get(type)?.delete(listener);
    return this;
  }

  #listen(type: string, listener: (detail: never) => void, once: boolean): this {
    this.off(type, listener);
    const call = (event: Event): void => {
      if (once) this.off(type, listener);
      listener((event as CustomEvent).detail as never);
    };
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Map()).set(listener, call));
    this.addEventListener(type, call);
    return this;
  }

  protected emit<K extends keyof Events & string>(type: K, detail: Events[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
