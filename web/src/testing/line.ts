import type { Failure, Permission } from "../core.ts";
import type { FakeRequest } from "../testing.ts";
import type { Clock } from "./clock.ts";
import type { Draft, FakeDocument, FakeEntry } from "./document.ts";
import type { FakeTab } from "./tab.ts";

/** Something that waits for the server's answer. */
export interface Waiting {
  tab: FakeTab;
  id: string;
  draft: Draft;
  /** On its way to the server. */
  sent: boolean;
}

/** Something that is asked for, and that the log does not answer. */
export interface Asking {
  tab: FakeTab;
  id: string;
  request: Kind;
  again?: boolean;
  run(): Failure | undefined;
}

type Kind = Pick<FakeRequest, "kind" | "op" | "section">;

const held = new Set(["RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"]);

/**
 * Line is a profile's connection to a document: its tabs share it, and its first tab leads.
 * A message that is on its way when the connection drops is lost, like a real one; what the
 * server had stored comes with the replay.
 */
export class Line {
  readonly tabs: FakeTab[] = [];
  readonly waiting: Waiting[] = [];
  readonly userId: string;
  readonly clientId: string;
  up = false;
  permissions: readonly Permission[];
  readonly document: FakeDocument;
  readonly clock: Clock;

  #name?: string;
  #refuse: (request: Kind) => Failure | undefined;
  #connection = 0; // changes with each, so that what was on its way on an older one is lost
  #begun = false;
  #presence = new Map<string, unknown>();
  #asking = new Set<Asking>();

  constructor(clock: Clock, document: FakeDocument, who: { userId: string; clientId: string; name?: string }, permissions: readonly Permission[], refuse: (request: Kind) => Failure | undefined) {
    this.clock = clock;
    this.document = document;
    this.userId = who.userId;
    this.clientId = who.clientId;
    this.#name = who.name;
    this.permissions = permissions;
    this.#refuse = refuse;
  }

  /** Runs something at the other end, unless the connection is gone by then. */
  pass(run: () => void): void {
    const connection = this.#connection;
    this.clock.deliver(() => {
      if (this.up && connection === this.#connection) run();
    });
  }

  connect(): void {
    if (this.up || this.tabs.length === 0) return;
    const resumed = this.#begun;
    this.up = this.#begun = true;
    this.#connection++;
    this.document.lines.add(this);
    for (const tab of this.tabs) tab.connected(resumed, this.document.version);
    if (this.document.locked || this.document.sections.length > 0) this.locks();
    this.announce();
    if (!resumed) this.#meet();
    for (const one of this.waiting) one.sent = false;
    this.flush();
    for (const one of [...this.#asking]) this.ask(one);
  }

  drop(): void {
    if (!this.up) return;
    this.up = false;
    for (const tab of this.tabs) tab.dropped();
    for (const one of [...this.#asking]) this.#dropped(one);
  }

  end(failure: Failure): void {
    this.leave();
    for (const tab of [...this.tabs]) tab.ended(failure);
  }

  /** The last tab has left: the others see it. */
  leave(): void {
    this.up = this.#begun = false;
    this.document.lines.delete(this);
    this.#presence.clear();
    this.#tellOthers("leave");
  }

  permit(permissions: readonly Permission[]): void {
    const removed = this.permissions.filter((permission) => !permissions.includes(permission));
    this.permissions = permissions;
    if (!permissions.includes("read")) return this.end({ code: "INSUFFICIENT_PERMISSIONS", message: "The user may not read this document." });
    this.pass(() => {
      for (const tab of this.tabs) tab.emit("permissionchange", { permissions, removed, reason: "changed" }, { permissions });
    });
  }

  locks(): void {
    this.pass(() => {
      const { locked, sections } = this.document;
      const own = sections.map((lock) => ({ ...lock, own: lock.userId === this.userId }));
      for (const tab of this.tabs) tab.emit("locks", { locked, sections: own }, { locked });
    });
  }

  /** Something was stored: each tab receives what it lacks. */
  announce(): void {
    this.pass(() => {
      for (const tab of [...this.tabs]) tab.receive();
    });
  }

  /** Sends what waits. */
  flush(): void {
    for (const one of this.waiting) {
      if (one.sent || !this.up) continue;
      one.sent = true;
      this.pass(() => this.#store(one));
    }
  }

  #store(one: Waiting): void {
    const { draft } = one;
    const permission = !draft.comment ? "write" : draft.comment.event === "resolve" ? "moderate" : "comment";
    const failure = this.#refuse({ kind: draft.comment ? "comment" : "operation", op: draft.op, section: draft.section })
      ?? this.lacks(permission) ?? this.document.refusal(draft);
    if (!failure) return void this.document.append(draft);
    this.pass(() => {
      if (held.has(failure.code)) return this.clock.after(failure.retryAfter ?? 1000, () => ((one.sent = false), this.flush()));
      this.#answered(one);
      one.tab.refused(one.id, failure);
    });
  }

  /** Returns the refusal of what the user may not do. */
  lacks(permission: Permission): Failure | undefined {
    if (this.permissions.includes(permission)) return undefined;
    return { code: "INSUFFICIENT_PERMISSIONS", message: `This needs the permission ${permission}.` };
  }

  /** Takes an entry's own request out of what waits; undefined if it has had its answer. */
  answered({ messageId }: FakeEntry): Waiting | undefined {
    const one = this.waiting.find(({ draft }) => draft.messageId === messageId);
    if (one) this.#answered(one);
    return one;
  }

  #answered(one: Waiting): void {
    const at = this.waiting.indexOf(one);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Asks for something once. Over a drop a replay is asked for again, anything else fails. */
  ask(one: Asking): void {
    this.#asking.add(one);
    if (!this.up) return this.#dropped(one);
    this.pass(() => {
      const { request } = one;
      const failure = this.#refuse(request) ?? (request.kind === "lock" ? this.lacks("moderate") : request.kind === "snapshot" ? this.lacks("write") : undefined) ?? one.run();
      this.pass(() => {
        if (!this.#asking.delete(one)) return;
        if (failure) one.tab.refused(one.id, failure);
        else one.tab.answered(one.id, 0);
      });
    });
  }

  #dropped(one: Asking): void {
    if (one.again) return; // with the next connection
    this.#asking.delete(one);
    one.tab.refused(one.id, { code: "SERVICE_UNAVAILABLE", message: "There is no connection now.", recoverable: true, action: "wait", reason: "not_connected" });
  }

  show(from: FakeTab, data: unknown): void {
    if (!this.up) return;
    this.#presence.set(from.session.tabId, data);
    for (const tab of this.tabs) if (tab !== from) this.pass(() => tab.emit("presence", this.#presenceOf("update", data)));
    this.pass(() => this.#tellOthers("update", data));
  }

  #presenceOf(state: string, data?: unknown): Record<string, unknown> {
    return { state, userId: this.userId, clientId: this.clientId, ...(this.#name && { name: this.#name }), ...(data !== undefined && { data }) };
  }

  #tellOthers(state: string, data?: unknown): void {
    for (const line of this.document.lines) {
      if (line !== this) line.pass(() => line.tabs.forEach((tab) => tab.emit("presence", this.#presenceOf(state, data))));
    }
  }

  #meet(): void {
    this.#tellOthers("join");
    for (const line of this.document.lines) {
      if (line === this) continue;
      const data = [...line.#presence.values()].at(-1);
      this.pass(() => this.tabs.forEach((tab) => tab.emit("presence", line.#presenceOf("state", data))));
    }
  }
}
