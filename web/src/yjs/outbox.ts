import { mergeUpdates, type Doc } from "yjs";
import type { Session } from "../core.ts";
import { HoldfastError } from "../errors.ts";
import type { YOp, YPresence } from "./types.ts";
import { encode, split } from "./update.ts";

/** What an outbox reports. */
export interface OutboxEvents {
  /** Something was stored, refused, or is new. */
  changed(): void;
  /** The server refused a change, and will again: nothing more is sent. */
  refused(error: HoldfastError): void;
  /** The log takes no more before it has a snapshot. */
  full(): void;
}

/** A change on its way: its update, and those of its operations that are not stored. */
interface Change {
  update: Uint8Array;
  ops: Set<YOp>;
  held: Set<YOp>; // of those, the ones that the server refused
  of: number;
  versions: number[];
  room: number; // how large a frame might be when it was split
}

// A snapshot leaves out updates that have been incomplete for so many versions. A writer
// that completes such an update later sends all of it again.
export const abandoned = 10_000;
// Milliseconds until a refused change is repeated, where the server has named no time.
const patience = 2000;

const outboxes = new WeakMap<Session, WeakMap<Doc, Outbox>>();

/**
 * Outbox is what a document has and the log has not, as updates: each is sent until it is
 * stored. What the server refuses for a while is repeated. What it refuses for good is kept,
 * with all that follows it, since that would build on something that nobody else has.
 */
export class Outbox {
  #session: Session<YOp, YPresence>;
  #providers = new Map<OutboxEvents, boolean>(); // and whether each is connected
  #section?: string | (() => string | undefined);
  #name: string; // names this outbox's updates in parts
  #sent = 0;
  #waiting: Uint8Array[] = [];
  #changes = new Set<Change>();
  #again?: ReturnType<typeof setTimeout>;
  #refusal?: HoldfastError;
  #said = ""; // the refusal that was reported last

  /** Returns the outbox of a document in a session: one, however many providers there are or come one after the other. */
  static of(session: Session<YOp, YPresence>, doc: Doc): Outbox {
    const its = outboxes.get(session) ?? new WeakMap<Doc, Outbox>();
    const outbox = its.get(doc) ?? new Outbox(session);
    outboxes.set(session, its.set(doc, outbox));
    return outbox;
  }

  private constructor(session: Session<YOp, YPresence>) {
    this.#session = session;
    this.#name = `${session.tabId}-${Math.random().toString(36).slice(2)}`;
  }

  /** How many changes are not stored. */
  get size(): number {
    return this.#changes.size + (this.#waiting.length && 1);
  }

  /** How many of them are not with the session. */
  get kept(): number {
    return [...this.#changes].filter(({ ops, held }) => ops.size === held.size).length + (this.#waiting.length && 1);
  }

  /** Whether something was refused, and is not stored since. */
  get stuck(): boolean {
    return !!this.#refusal || !!this.#again || [...this.#changes].some(({ held }) => held.size > 0);
  }

  /** Whether the user may write, as far as is known. */
  get allowed(): boolean {
    return this.#session.state !== "connected" || (this.#session.can?.("write") ?? true);
  }

  /** All of them. */
  get updates(): Uint8Array[] {
    return [...[...this.#changes].map(({ update }) => update), ...this.#waiting];
  }

  /** Takes a change; the changes of one task are one operation. */
  add(update: Uint8Array): void {
    if (this.#waiting.push(update) === 1) queueMicrotask(() => this.flush());
    else if (this.#waiting.length > 500) this.#waiting = [mergeUpdates(this.#waiting)];
  }

  /** Sends for a provider, and reports to it. */
  open(events: OutboxEvents, section?: string | (() => string | undefined)): void {
    this.#providers.set(events, true);
    this.#section = section;
    this.repeat();
  }

  /** Reports to a provider, and sends nothing for it. */
  close(events: OutboxEvents): void {
    this.flush();
    this.#providers.set(events, false);
    if (this.#open) return;
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  /** Forgets a provider. */
  leave(events: OutboxEvents): void {
    this.#providers.delete(events);
  }

  get #open(): boolean {
    return [...this.#providers.values()].includes(true);
  }

  #changed(): void {
    for (const events of [...this.#providers.keys()]) events.changed();
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#waiting.length && this.#open && !this.stuck) {
      if (!this.allowed) this.#refuse(forbidden());
      else {
        const update = mergeUpdates(this.#waiting);
        this.#waiting = [];
        this.#send(update);
      }
    }
    this.#changed();
  }

  /** Sends again what was refused: something may have changed. */
  repeat(): void {
    clearTimeout(this.#again);
    this.#again = this.#refusal = undefined;
    if (!this.#open) return;
    for (const change of this.#changes) {
      const { held } = change;
      change.held = new Set();
      for (const op of held) this.#post(change, op);
    }
    this.flush();
  }

  /** Takes an operation of the log as stored, if it is one of these; the session's own word comes later. */
  stored(op: YOp, version: number): void {
    for (const change of this.#changes) {
      for (const own of change.ops) {
        if (own.y === op?.y && String(own.part) === String(op.part)) return this.#done(change, own, version);
      }
    }
  }

  #send(update: Uint8Array): void {
    const room = this.#session.limits?.frameBytes;
    const ops = split(encode(update), `${this.#name}-${++this.#sent}`, room);
    const change: Change = { update, ops: new Set(ops), held: new Set(), of: ops.length, versions: [], room };
    this.#changes.add(change);
    for (const op of ops) this.#post(change, op);
  }

  #post(change: Change, op: YOp): void {
    const section = typeof this.#section === "function" ? this.#section() : this.#section;
    this.#session.send(op, section === undefined ? undefined : { section }).then(
      ({ version }) => this.#done(change, op, version),
      (error: HoldfastError) => this.#failed(change, op, error),
    );
  }

  #done(change: Change, op: YOp, version: number): void {
    if (!change.ops.delete(op)) return;
    this.#said = "";
    change.versions.push(version);
    if (change.ops.size === 0) {
      this.#changes.delete(change);
      if (Math.max(...change.versions) - Math.min(...change.versions) >= abandoned) this.add(change.update);
    }
    this.#changed();
  }

  #failed(change: Change, op: YOp, error: HoldfastError): void {
    if (!change.ops.has(op)) return; // it has been seen in the log
    change.held.add(op);
    // Nothing of it is stored: it waits with what follows, and they become one operation.
    if (change.held.size === change.of) {
      this.#changes.delete(change);
      this.#waiting.unshift(change.update);
    }
    if (error.code === "MESSAGE_TOO_LARGE" && this.#session.limits?.frameBytes < change.room) this.#retry(0); // smaller parts will do
    else if (error.code === "REWOUND") this.#retry(0); // an update merges wherever the log is
    else if (error.action === "wait" || error.recoverable) {
      if (error.reason === "log_full") for (const events of this.#providers.keys()) events.full();
      this.#retry(error.retryAfter ?? patience);
    } else if (error.code !== "CLOSED") this.#refuse(error);
    this.#changed();
  }

  #retry(after: number): void {
    if (this.#open) this.#again ??= setTimeout(() => this.repeat(), after);
  }

  #refuse(error: HoldfastError): void {
    this.#refusal = error;
    if (this.#said === error.code) return;
    this.#said = error.code;
    for (const events of [...this.#providers.keys()]) events.refused(error);
  }
}

const forbidden = (): HoldfastError => new HoldfastError({ code: "INSUFFICIENT_PERMISSIONS", message: "You may not change this document.", action: "stop" });
