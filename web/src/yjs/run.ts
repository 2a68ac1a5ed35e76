import { convertUpdateFormatV2ToV1 } from "yjs";
import type { GapDetail, HistoryDetail, OperationDetail, SnapshotDetail } from "../core.ts";
import { HoldfastError } from "../errors.ts";
import { decode, Parts } from "./update.ts";

/** What a run does with what it finds. */
export interface RunEvents {
  /** Applies an update; throws if it is none. */
  apply(update: Uint8Array): void;
  /** A snapshot takes the place of everything before it. */
  begin(): void;
  /** Versions were missed: the log has to be replayed. */
  missed(): void;
  /** The log holds something that this document cannot take. */
  unreadable(error: HoldfastError): void;
}

/**
 * Run is what a document has received of the log: every version up to `at`, each in order.
 * Whether a document is the one of a version is known here and nowhere else.
 */
export class Run {
  at = 0;
  /** Whether all of it is in the document: otherwise that is not the document as of this version. */
  whole = true;
  /** Whether the server has something that could not be read here. */
  lacking = false;
  parts = new Parts();

  #events: RunEvents;

  constructor(events: RunEvents) {
    this.#events = events;
  }

  /** Forgets all of it: the log begins anew. */
  restart(): void {
    this.at = 0;
    this.whole = true;
    this.lacking = false;
    this.parts = new Parts();
  }

  /** Receives an event of the log. */
  receive(type: HistoryDetail["type"], detail: HistoryDetail["detail"]): void {
    if (type === "gap") this.#skip(detail as GapDetail);
    else if (type === "snapshot") this.#load(detail as SnapshotDetail);
    else {
      const entry = detail as OperationDetail;
      const late = entry.version - this.at - 1;
      if (late > 0) this.#events.missed(); // and it comes again, in order
      if (late !== 0) return;
      this.at = entry.version;
      if (type === "operation") this.#take(entry);
    }
  }

  #take({ op, version, userId, clientId }: OperationDetail): void {
    const { whole, bad } = this.parts.add(op, { userId, clientId }, version);
    const why = bad ?? (whole !== undefined && !this.#apply(whole) ? "not_an_update" : undefined);
    if (!why) return;
    this.whole = false;
    if (why !== "foreign") this.#unreadable(why, `Version ${version}, by ${userId},`);
  }

  #load({ version, data }: SnapshotDetail): void {
    if (version <= this.at) return;
    const { y, y2, begun } = (data ?? {}) as { y?: unknown; y2?: unknown; begun?: unknown };
    this.#events.begin();
    this.at = version;
    this.whole = typeof y2 === "string" ? this.#apply(y2, convertUpdateFormatV2ToV1) : typeof y === "string" && this.#apply(y);
    this.lacking = !this.whole;
    this.parts.resume(begun);
    if (this.lacking) this.#unreadable("not_an_update", `The snapshot of version ${version}`);
  }

  #skip({ from, to, reason }: GapDetail): void {
    if (from > this.at + 1) this.#events.missed();
    else if (to > this.at) {
      this.at = to;
      this.whole = false;
      this.lacking ||= reason !== "log_truncated"; // which the server itself has no longer
    }
  }

  #apply(text: string, convert = (update: Uint8Array): Uint8Array => update): boolean {
    try {
      this.#events.apply(convert(decode(text)));
      return true;
    } catch {
      return false;
    }
  }

  #unreadable(reason: string, what: string): void {
    const failure = { code: "MALFORMED_MESSAGE", message: `${what} holds no Yjs update that can be applied.`, reason, recoverable: true, action: "wait" } as const;
    this.#events.unreadable(new HoldfastError(failure));
  }
}
