import { HoldfastError, Session, type ConnectOptions, type Failure } from "../core.ts";
import type { Listener } from "../host.ts";
import type { FakeEntry } from "./document.ts";
import type { Line } from "./line.ts";

interface Asked {
  id: string;
  op?: unknown;
  section?: string;
  event?: "create" | "reply" | "resolve";
  comment_id?: string;
  body?: unknown;
  anchor?: unknown;
  ttl?: number;
  unlock?: boolean;
  version?: number;
  data?: unknown;
}

/** FakeTab is one tab: it stands in for the WebAssembly program under a real Session. */
export class FakeTab {
  readonly session: Session;
  readonly line: Line;

  #listener!: Listener;
  #left: () => void;
  #version = 0;
  #resumedTo = 0; // entries up to here were missed
  #early: [string, string][] | undefined = []; // what the app said before it began
  #over = false;
  #leader?: string;
  #tabs: string; // those of the profile, this one included

  constructor(line: Line, document: string, tabId: string, left: () => void) {
    this.line = line;
    this.#left = left;
    this.#tabs = tabId;
    const host = { listen: (listener: Listener) => void (this.#listener = listener), deliver: (kind: string, text = "") => this.#deliver(kind, text) };
    this.session = new Session({ document, tabId, clientId: line.clientId }, host, false);
  }

  /** The app had time to listen. */
  async start(getToken?: ConnectOptions["getToken"]): Promise<void> {
    if (this.#over) return;
    const { line } = this;
    line.tabs.push(this);
    this.#lead();
    if (getToken && !(await this.#token(getToken))) return;
    const early = this.#early ?? [];
    this.#early = undefined;
    if (line.up) {
      this.connected(false, line.document.version);
      line.locks();
      line.announce();
    } else line.connect();
    for (const [kind, text] of early) this.#deliver(kind, text);
  }

  async #token(getToken: ConnectOptions["getToken"]): Promise<boolean> {
    try {
      const ask = getToken as (about: { signal: AbortSignal }) => Promise<string> | string;
      if (await ask({ signal: new AbortController().signal })) return !this.#over;
      throw new HoldfastError({ code: "AUTHENTICATION_FAILED", message: "getToken returned no token." });
    } catch (cause) {
      const failure = { code: "AUTHENTICATION_FAILED", message: String((cause as Error)?.message ?? cause), reason: "signed_out" } as const;
      this.ended(failure, "autherror");
      return false;
    }
  }

  emit(type: string, detail: unknown, set?: unknown): void {
    if (!this.#over) this.#listener.receive("emit", JSON.stringify({ type, detail, set }));
  }

  connected(resumed: boolean, version: number): void {
    const { line } = this;
    const from = this.#version + 1;
    this.#resumedTo = version;
    this.emit("state", { state: "connected", resumed, ...(version > 0 && { documentVersion: version }), ...(resumed && from <= version && { replay: { from, to: version } }) }, {
      state: "connected", sessionId: `session-of-${line.userId}`, userId: line.userId, clientId: line.clientId, permissions: line.permissions, locked: line.document.locked,
    });
  }

  dropped(): void {
    this.emit("state", { state: "reconnecting", retryIn: 200, code: 1006 }, { state: "reconnecting" });
  }

  ended(failure: Failure, type = "error"): void {
    if (this.#over) return;
    this.emit(type, failure);
    this.emit("state", { state: "closed", reason: failure.reason ?? "ended" }, { state: "closed", permissions: [] });
    this.#leave();
  }

  refused(id: string, failure: Failure): void {
    this.#listener.receive("unsent", JSON.stringify({ id, error: failure }));
  }

  answered(id: string, version: number): void {
    this.#listener.receive("sent", JSON.stringify({ id, version }));
  }

  /** Receives what this tab lacks of the log, each version once and in order. */
  receive(): void {
    const { log, snapshot } = this.line.document;
    if (snapshot && this.#version < snapshot.version && this.#version === 0) {
      this.#version = snapshot.version;
      this.emit("snapshot", snapshot, { version: snapshot.version });
      for (const entry of log.slice(0, snapshot.version)) this.#settle(entry); // what of its own is in it
    }
    for (const entry of log.slice(this.#version)) {
      this.#version = entry.version;
      const own = this.#sent(entry);
      this.emit(...this.#event(entry, own, entry.version <= this.#resumedTo), { version: entry.version });
      this.#settle(entry);
    }
  }

  #settle(entry: FakeEntry): void {
    const one = this.#sent(entry) && this.line.answered(entry);
    if (one) this.answered(one.id, entry.version);
  }

  #sent({ messageId, userId, clientId }: FakeEntry): boolean {
    return userId === this.line.userId && clientId === this.line.clientId && messageId.startsWith(`${this.session.tabId}-`);
  }

  #event({ op, comment, version, userId, clientId, messageId }: FakeEntry, own: boolean, replay: boolean): [string, Record<string, unknown>] {
    const by = { version, userId, clientId, messageId, own, replay };
    return comment ? ["comment", { ...comment, ...by }] : ["operation", { op, ...by }];
  }

  #deliver(kind: string, text: string): void {
    if (this.#over) return;
    if (kind === "close" || kind === "sign_out") return this.#close(kind);
    if (this.#early) return void this.#early.push([kind, text]);
    const asked: Asked = text ? JSON.parse(text) : {};
    const { line } = this;
    const { userId, clientId, document } = line;
    const messageId = `${this.session.tabId}-${kind}-${asked.id}`;
    switch (kind) {
      case "send":
      case "comment": {
        const { id, op, section, event, comment_id, body, anchor } = asked;
        const draft = { userId, clientId, messageId, section, ...(kind === "send" ? { op } : { comment: { event: event!, comment_id, body, anchor } }) };
        line.waiting.push({ tab: this, id, draft, sent: false });
        return line.flush();
      }
      case "presence": return line.show(this, asked);
      case "lock": return line.ask({ tab: this, id: asked.id, request: { kind: "lock", section: asked.section }, run: () => document.lockSection(asked.section!, line, asked.ttl, asked.unlock === true) });
      case "snapshot": return line.ask({ tab: this, id: asked.id, request: { kind: "snapshot" }, run: () => this.#keep(asked) });
      case "replay": return line.ask({ tab: this, id: asked.id, request: { kind: "replay" }, again: true, run: () => void this.#replay() });
      case "refresh": return line.pass(() => line.tabs.forEach((tab) => tab.emit("tokenrefresh", { expiresAt: 0, expiresIn: 0, by: tab === this ? "self" : "leader" })));
      case "reconnect": return line.connect();
    }
  }

  #keep({ version = 0, data }: Asked): Failure | undefined {
    const { line } = this;
    if (line.tabs[0] !== this) return { code: "INVALID_ARGUMENT", message: "Only the tab that leads posts snapshots.", reason: "not_leader" };
    if (version > line.document.version) return { code: "MALFORMED_MESSAGE", message: "There is no such version.", reason: "bad_field" };
    if (version > (line.document.snapshot?.version ?? 0)) line.document.snapshot = { version, data };
  }

  #replay(): void {
    const { log, snapshot } = this.line.document;
    if (snapshot) this.emit("history", { type: "snapshot", detail: snapshot });
    for (const entry of log.slice(snapshot?.version ?? 0, this.#version)) {
      const [type, detail] = this.#event(entry, this.#sent(entry), true);
      this.emit("history", { type, detail });
    }
  }

  #close(kind: string): void {
    const tabs = kind === "sign_out" ? [...this.line.tabs] : [this];
    if (!tabs.includes(this)) tabs.push(this);
    for (const tab of tabs) {
      tab.emit("state", { state: "closed", reason: kind === "sign_out" ? "signed_out" : "closed" }, { state: "closed" });
      tab.#leave();
    }
  }

  #leave(): void {
    const { line } = this;
    this.#over = true;
    const at = line.tabs.indexOf(this);
    if (at >= 0) line.tabs.splice(at, 1);
    for (const one of [...line.waiting]) if (one.tab === this && !one.sent) line.waiting.splice(line.waiting.indexOf(one), 1);
    this.#listener.receive("closed", "");
    if (line.tabs.length > 0) return line.tabs.forEach((tab) => tab.#lead());
    if (line.document.lines.has(line)) line.leave();
    this.#left();
  }

  #lead(): void {
    const { tabs } = this.line;
    const names = tabs.map(({ session }) => session.tabId);
    const role = tabs[0] === this ? "leader" : "follower";
    if (this.#leader !== names[0]) this.emit("leaderchange", { role, tabId: (this.#leader = names[0]), tabs: names }, { role });
    for (const tab of tabs) tab.#meet(names);
  }

  #meet(tabs: string[]): void {
    if (this.#tabs !== (this.#tabs = tabs.join())) this.emit("tabs", { tabs });
  }
}
