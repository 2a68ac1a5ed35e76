import type { Failure } from "../core.ts";
import type { Clock } from "./clock.ts";
import type { Line } from "./line.ts";

/** One entry of a document's log: an operation, or what belongs to a comment. */
export interface FakeEntry {
  version: number;
  userId: string;
  clientId: string;
  messageId: string;
  op?: unknown;
  comment?: { event: "create" | "reply" | "resolve"; commentId: string; body?: unknown; anchor?: unknown; at: number };
}

/** What is to be stored: a comment has its event, and those but `create` the comment's id. */
export type Draft = Pick<FakeEntry, "userId" | "clientId" | "messageId" | "op"> & {
  section?: string;
  comment?: { event: "create" | "reply" | "resolve"; comment_id?: string; body?: unknown; anchor?: unknown };
};

interface Section {
  section: string;
  userId: string;
  clientId: string;
  until: number;
}

const lockTime = 30_000;
const wait = { code: "DOCUMENT_LOCKED", recoverable: true, action: "wait", retryAfter: 5000 } as const;

/** A document as the server has it. */
export class FakeDocument {
  readonly log: FakeEntry[] = [];
  readonly lines = new Set<Line>();
  snapshot?: { version: number; data: unknown };
  locked = false;
  sections: Section[] = [];

  #clock: Clock;
  #resolved = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get version(): number {
    return this.log.length;
  }

  /** Returns why something cannot be stored now. */
  refusal({ userId, section, comment, op }: Pick<Draft, "userId" | "section" | "comment" | "op">): Failure | undefined {
    if (comment && comment.event !== "create" && (!this.#open(comment.comment_id) || this.#resolved.has(comment.comment_id!))) {
      return { code: "NOT_FOUND", message: "There is no such comment, or it was resolved.", reason: "comment_not_found" };
    }
    if (op !== undefined && this.locked) return { ...wait, message: "The document is locked: wait and try again." };
    const other = section && this.sections.find((lock) => lock.section === section && lock.userId !== userId);
    if (other) return { ...wait, message: "A section of the document is locked: wait and try again.", reason: "section_locked" };
  }

  #open(id?: string): boolean {
    return this.log.some(({ comment }) => comment?.event === "create" && comment.commentId === id);
  }

  /** Stores something once, whoever repeats it, and has everybody receive it. */
  append({ userId, clientId, messageId, op, comment }: Draft): FakeEntry {
    const stored = this.log.find((entry) => entry.messageId === messageId && entry.userId === userId && entry.clientId === clientId);
    if (stored) return stored;
    const version = this.version + 1;
    const entry: FakeEntry = { version, userId, clientId, messageId };
    if (comment) {
      const { event, body, anchor } = comment;
      entry.comment = { event, commentId: comment.comment_id ?? String(version), body, anchor, at: this.#clock.now };
      if (event === "resolve") this.#resolved.add(entry.comment.commentId);
    } else entry.op = op;
    this.log.push(structuredClone(entry));
    for (const line of this.lines) line.announce();
    return entry;
  }

  lock(locked: boolean): void {
    this.locked = locked;
    for (const line of this.lines) line.locks();
  }

  /** Locks a section for a user, or releases whoever's it is; returns why not. */
  lockSection(section: string, { userId, clientId }: { userId: string; clientId: string }, ttl: number | undefined, unlock: boolean): Failure | undefined {
    const refusal = unlock ? undefined : this.refusal({ userId, section });
    if (refusal) return refusal;
    this.sections = this.sections.filter((lock) => lock.section !== section);
    if (!unlock) {
      const held = { section, userId, clientId, until: this.#clock.now + (ttl || lockTime) };
      this.sections.push(held);
      this.#clock.after(ttl || lockTime, () => {
        if (!this.sections.includes(held)) return;
        this.sections.splice(this.sections.indexOf(held), 1);
        for (const line of this.lines) line.locks();
      });
    }
    for (const line of this.lines) line.locks();
  }
}
