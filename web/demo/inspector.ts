import type { Permission, Session, StateDetail } from "holdfast";
import { at, make, short, span } from "./dom.ts";

const levels: [Permission, string][] = [
  ["read", "View the document"],
  ["write", "Send operations"],
  ["comment", "Create and reply to comments"],
  ["moderate", "Resolve comments, lock sections"],
  ["admin", "Manage permissions"],
];

/** Shows the state of the session beside the text. It reads, and changes nothing. */
export class Inspector {
  #session: Session;
  #tabs: string[] = [];
  #leader = "";
  #retryAt = 0;
  #tick: ReturnType<typeof setInterval>;

  constructor(session: Session) {
    this.#session = session;
    this.#tabs = [session.tabId];
    at("resumed").textContent = "–";
    session.addEventListener("state", ({ detail }) => this.#state(detail));
    session.addEventListener("leaderchange", ({ detail }) => {
      this.#leader = detail.tabId ?? "";
      if (detail.tabs) this.#tabs = detail.tabs;
      this.draw();
    });
    session.addEventListener("tabs", ({ detail }) => {
      this.#tabs = detail.tabs;
      this.draw();
    });
    for (const type of ["operation", "permissionchange", "tokenrefresh"]) session.addEventListener(type, () => this.draw());
    this.#tick = setInterval(() => this.#clock(), 1000);
    this.draw();
  }

  /** Draws everything again from the session's properties. */
  draw(): void {
    const s = this.#session;
    const dot = at("dot");
    dot.dataset.state = s.state;
    at("role").textContent = s.role;
    at("role").dataset.role = s.role;
    at("role").hidden = at("tabs").hidden = s.state === "closed";
    at<HTMLButtonElement>("reconnect").disabled = s.state === "connected" || s.state === "closed" || s.state === "replaced";
    for (const button of ["drop", "offline", "refresh", "short", "revoke"]) at<HTMLButtonElement>(button).disabled = s.state === "closed";
    const others = this.#tabs.filter((id) => id !== s.tabId);
    at("role-text").textContent = s.state === "closed" ? "This tab has left, and does not dial again by itself." : explain(s.role, others.length);
    at("tabs").replaceChildren(
      ...[s.tabId, ...others].map((id) => {
        const leads = id === this.#leader || (id === s.tabId && s.role === "leader");
        const item = make("li", leads ? "tab leads" : "tab", make("span", "mono", id.slice(0, 4)), id === s.tabId ? "this tab" : "");
        item.title = leads ? "Holds the connection" : "Goes through the leader";
        return item;
      }),
    );
    at("permissions").replaceChildren(
      ...levels.map(([level, what]) => {
        const held = s.can(level);
        const chip = make("li", held ? "chip held" : "chip", level, make("span", "unseen", held ? " (granted)" : " (not granted)"));
        chip.title = what;
        return chip;
      }),
    );
    id("user", s.userId);
    id("session-id", s.sessionId);
    id("client-id", s.clientId);
    at("version").textContent = String(s.version);
    this.#clock();
  }

  /** Stops its clock. */
  destroy(): void {
    clearInterval(this.#tick);
  }

  #state(detail: StateDetail): void {
    this.#retryAt = detail.retryIn ? performance.now() + detail.retryIn : 0;
    if (detail.state === "connected") {
      const replay = detail.replay;
      at("resumed").textContent = !detail.resumed ? "no, a new session" : replay ? `yes, received ${span(replay)}` : "yes, nothing missed";
    }
    this.draw();
  }

  #clock(): void {
    const s = this.#session;
    const wait = Math.ceil((this.#retryAt - performance.now()) / 1000);
    const words = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", replaced: "Open elsewhere", closed: "Closed" };
    if (at("state").textContent !== words[s.state]) at("state").textContent = words[s.state];
    // Beside the live region: a screen reader would read every second.
    at("retry").textContent = s.state === "reconnecting" && wait > 0 ? `in ${wait} s` : "";
    const left = s.expiresAt - Date.now();
    const known = s.expiresAt > 0 && s.state !== "closed";
    const seconds = Math.max(0, Math.round(left / 1000));
    at("countdown").textContent = known ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "–:––";
    const ring = at("ring");
    ring.style.strokeDashoffset = String(100 - (known ? Math.min(100, (100 * left) / Math.max(1, s.expiresAt - s.issuedAt)) : 0));
    ring.dataset.soon = String(known && seconds <= 60);
    at("token-text").textContent = !known
      ? s.state === "closed" ? "None in use." : "Waiting for a token."
      : s.role === "leader" ? "This tab refreshes it, a minute before the end, for all." : "The leading tab refreshes it; this one is handed the new one.";
  }
}

function explain(role: string, others: number): string {
  const tabs = others === 1 ? "1 other tab goes" : `${others} other tabs go`;
  if (role === "follower") return "Another tab holds the connection; this one sends and receives through it.";
  return others ? `This tab holds the one connection; ${tabs} through it.` : "This tab holds the connection. Open a second one to see it shared.";
}

function id(where: string, value: string): void {
  at(where).textContent = short(value);
  at(where).title = value;
}
