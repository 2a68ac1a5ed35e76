import { Doc, applyUpdate, encodeStateAsUpdateV2 } from "yjs";
import type { HistoryDetail, OperationDetail, Session } from "../core.ts";
import type { HoldfastError } from "../errors.ts";
import { abandoned } from "./outbox.ts";
import { Run } from "./run.ts";
import type { YOp, YPresence } from "./types.ts";
import { encode } from "./update.ts";

/** A document and the run of the log that it is made of. */
interface State {
  run: Run;
  doc: Doc;
}

// The most milliseconds after which a full log is given its snapshot: whoever is first does
// it for all.
const spread = 3000;

/**
 * Snapshots stores what the document is at a version, so that later members need not
 * receive the log, and so that a log that is full takes more. A snapshot replaces the log:
 * only a document that holds all of it and nothing else may be one, since the server may
 * still refuse what is not stored yet.
 */
export class Snapshots {
  #session: Session<YOp, YPresence>;
  #every: number;
  #state: () => State | undefined;
  #due = false;
  #gone = false;
  #full?: ReturnType<typeof setTimeout>;
  #rebuilt?: State; // of the log alone, while the document holds more

  constructor(session: Session<YOp, YPresence>, every: number, state: () => State | undefined) {
    this.#session = session;
    this.#every = every;
    this.#state = state;
  }

  destroy(): void {
    this.#gone = true;
    clearTimeout(this.#full);
    this.#drop();
  }

  // The writer of the thousandth entry stores a snapshot. Of a profile's tabs the leader does it.
  receive(type: HistoryDetail["type"], detail: HistoryDetail["detail"]): void {
    this.#rebuilt?.run.receive(type, detail);
    if (type !== "operation") return;
    const { version, userId, clientId } = detail as OperationDetail;
    const { userId: user, clientId: client, role } = this.#session;
    this.#due ||= this.#every > 0 && version % this.#every === 0 && role === "leader" && userId === user && clientId === client;
  }

  /** Stores the snapshot that is due, if the document is the one to store. */
  keep(): void {
    const due = this.#due && this.#whole(this.#state()) || this.#whole(this.#rebuilt);
    if (!due) return;
    this.#due = false;
    const { run, doc } = due;
    // An incomplete update is neither in the document nor wholly behind the snapshot.
    const begun = run.parts.begun(run.at - abandoned);
    // Yjs's second format: half as large for a document with a history, larger for one letter.
    this.#store(run.at, { y2: encode(encodeStateAsUpdateV2(doc)), ...(begun.length && { begun }) });
    this.#drop();
  }

  /** The log is full, and takes nothing more before it has a snapshot. */
  full(): void {
    if (this.#full || this.#rebuilt || this.#gone || this.#every <= 0) return;
    this.#full = setTimeout(() => {
      this.#full = undefined;
      if (this.#gone || this.#session.role !== "leader" || !this.#session.locked) return;
      this.#due = true;
      this.keep();
      if (this.#due) this.#rebuild();
    }, Math.random() * spread);
  }

  // The document holds what was refused, so the log is read once more.
  #rebuild(): void {
    this.#due = false;
    const doc = new Doc();
    const run = new Run({
      apply: (update) => applyUpdate(doc, update),
      begin: () => {},
      missed: () => this.#drop(),
      unreadable: () => {},
    });
    this.#rebuilt = { run, doc };
    this.#session.replay?.().then(() => this.keep(), () => {}).then(() => this.#drop());
  }

  #drop(): void {
    this.#rebuilt?.doc.destroy();
    this.#rebuilt = undefined;
  }

  #whole(state?: State): State | undefined {
    if (!state || this.#gone) return;
    const { run, doc } = state;
    const { version, role } = this.#session;
    const { pendingStructs, pendingDs } = doc.store;
    if (role === "leader" && run.at === version && version > 0 && run.whole && !pendingStructs && !pendingDs) return state;
    return;
  }

  // While others are connected the server refuses a snapshot until one of them has received
  // its version: the same is sent again. After any other refusal the next snapshot will do.
  #store(version: number, data: unknown): void {
    if (this.#gone) return;
    this.#session.snapshot(version, data).catch(({ reason, retryAfter = 1000 }: HoldfastError) => {
      if (reason === "snapshot_unconfirmed") setTimeout(() => this.#store(version, data), retryAfter);
    });
  }
}
