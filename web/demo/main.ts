import code from "demo:code";
import { HoldfastError } from "holdfast";
import { linkIn, type Guest } from "holdfast/guest";
import { at, make, short, span } from "./dom.ts";
import { Editor, type DemoSession, type Person } from "./editor.ts";
import { joinForm, shownName } from "./guests.ts";
import { Inspector } from "./inspector.ts";
import { account, forget, logout, revoke, shorten, tokens, userId, wrongOrigin } from "./issuer.ts";
import { dropLine, setOnline } from "./line.ts";
import { clearLog, log, logOperation } from "./log.ts";
import { Share } from "./share.ts";
import { signInForm } from "./signin.ts";

const documents = ["welcome", "notes", "secret", "locked"];

let current: { session: DemoSession; editor: Editor; inspector: Inspector } | undefined;
let wanted = 0; // counts openings, so that a slow opening that a newer one has overtaken is dropped

// Who came by a link, and has no account.
let guest: Guest | undefined;
const joining = joinForm(
  () => linkIn(location.hash),
  async (joined) => {
    guest = joined;
    document.body.dataset.guest = "";
    await open(joined.document);
    if (at("blocked").hidden) current?.editor.focus();
  },
);

const sharing = new Share();

// After a sign-in the next thing that one does is to write.
const form = signInForm(async () => {
  await open(chosen());
  if (at("blocked").hidden) current?.editor.focus();
  else at("blocked-retry").focus();
});

/** Returns the document in the address, or the first one. */
function chosen(): string {
  return guest?.document || new URL(location.href).searchParams.get("document") || documents[0]!;
}

async function open(name: string): Promise<void> {
  const mine = ++wanted;
  leave();
  clearLog();
  showDocument(name);
  let editor: Editor;
  try {
    editor = await Editor.open(
      at("editor"),
      { document: name, user: guest?.userId ?? userId(), getToken: guest?.getToken ?? tokens(), warnUnsent: true },
      { refused, restored, unreadable: ({ reason }) => log("unreadable", reason ?? "", "bad"), people, say },
    );
  } catch (error) {
    const failure = error as HoldfastError;
    log("load error", failure.code, "bad");
    return block(failure);
  }
  const { session } = editor;
  if (mine !== wanted) {
    editor.destroy();
    return void session.close();
  }
  current = { session, editor, inspector: new Inspector(session) };
  listen(session);
  // For experiments in the console, and for the tests. It holds no token.
  Object.assign(globalThis, { demo: { session, text: () => editor.text } });
}

function leave(): void {
  const left = current;
  current = undefined;
  if (!left) return;
  left.inspector.destroy();
  left.editor.destroy();
  void left.session.close();
}

function listen(session: DemoSession): void {
  const mine = (): boolean => current?.session === session;
  let last: HoldfastError | undefined;

  session.addEventListener("state", ({ detail }) => {
    if (!mine()) return;
    const { state, resumed, replay, retryIn, reason } = detail;
    if (state === "connected") {
      log(state, resumed ? (replay ? `resumed, replaying ${span(replay)}` : "resumed") : `session ${short(session.sessionId)}`, "good");
      last = undefined;
      unblock();
      showAccess(session);
      saved();
    } else if (state === "reconnecting") {
      log(state, retryIn ? `in ${(retryIn / 1000).toFixed(1)} s${reason ? `, ${reason}` : ""}` : reason, "warn");
      if (last?.action === "wait" && !session.sessionId) block(last); // it was never connected
      else saved();
    } else if (state === "replaced") {
      log(state, reason, "warn");
      const waiting = session.unsent ? ` ${waits(session.unsent)}: stored once you use it here again.` : "";
      block(new HoldfastError({ code: "CONNECTION_REPLACED", message: `You have opened this document in another browser or on another device.${waiting}` }));
      at("blocked-retry").textContent = "Use it here";
    } else if (state === "closed") {
      log(state, last?.code ?? reason, "bad");
      block(last ?? new HoldfastError({ code: "CLOSED", message: "This tab has left the session." }));
    }
  });
  session.addEventListener("unsent", () => mine() && saved());
  session.addEventListener("operation", ({ detail }) => {
    if (!mine()) return;
    const from = detail.own ? "this tab" : detail.userId === session.userId && detail.clientId === session.clientId ? "another tab" : short(detail.userId);
    logOperation(detail.version, from, detail.replay);
  });
  session.addEventListener("presence", ({ detail }) => {
    if (mine() && (detail.state === "join" || detail.state === "leave")) log("presence", `${shownName(detail.userId, detail.name || short(detail.userId))} ${detail.state === "join" ? "joined" : "left"}`);
  });
  session.addEventListener("permissionchange", ({ detail }) => {
    if (!mine()) return;
    log("permissionchange", `${detail.permissions.join(" ") || "none"}; ${detail.reason}`, "warn");
    showAccess(session);
  });
  session.addEventListener("tokenrefresh", ({ detail }) => {
    if (mine()) log("tokenrefresh", `${Math.round(detail.expiresIn)} s, by ${detail.by === "self" ? "this tab" : "the leader"}`, "good");
  });
  session.addEventListener("leaderchange", ({ detail }) => {
    if (mine()) log("leaderchange", detail.role === "leader" ? "this tab leads" : `${(detail.tabId ?? "").slice(0, 4)} leads`);
  });
  session.addEventListener("gap", ({ detail }) => {
    if (mine()) log("gap", `${detail.count} versions, ${detail.reason}`, "bad");
  });
  for (const type of ["error", "permissiondenied"] as const) {
    session.addEventListener(type, ({ detail }) => {
      if (!mine()) return;
      last = detail;
      log(type, detail.code, "bad");
    });
  }
  session.addEventListener("autherror", ({ detail }) => {
    if (!mine()) return;
    log("autherror", detail.code, "bad");
    if (detail.recoverable) return; // the session still uses its token, and asks again
    leave();
    if (guest) return void joining.show(detail);
    forget();
    form.show(detail.message);
  });
}

function showDocument(name: string): void {
  document.body.dataset.view = "workspace";
  document.title = `${name} · Holdfast`;
  at("title").textContent = name;
  at("email").textContent = guest ? guest.name : account();
  at("as-guest").hidden = !guest;
  at("sign-out").textContent = guest ? "Leave" : "Sign out";
  at("read-only").hidden = true;
  at("people").replaceChildren();
  sharing.draw(undefined);
  at("saved").dataset.waiting = "false";
  at("saved").textContent = "Opening…";
  at<HTMLAnchorElement>("second-tab").href = guest ? location.href : `?document=${encodeURIComponent(name)}`;
  say("");
  unblock();
  at("documents").replaceChildren(
    ...documents.map((id) => {
      const link = make("a", "", id);
      link.href = `?document=${id}`;
      if (id === name) link.setAttribute("aria-current", "page");
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        history.pushState(null, "", link.href);
        void open(id);
      });
      return link;
    }),
  );
}

const titles: Record<string, string> = {
  CONNECTION_REPLACED: "Open on another device",
  INSUFFICIENT_PERMISSIONS: "You have no access to this document",
  DOCUMENT_LOCKED: "This document is locked",
  DOCUMENT_NOT_FOUND: "There is no such document",
  MESSAGE_TOO_LARGE: "That change was too large",
  ORIGIN_NOT_ALLOWED: "This page may not use the server",
  TOKEN_REVOKED: "Your sign-in was revoked",
  WASM_FETCH: "The page could not be loaded in full",
  WASM_BLOCKED_BY_CSP: "This page may not run WebAssembly",
};

const guestTitles: Record<string, string> = {
  INSUFFICIENT_PERMISSIONS: "Your link gives you no access any more",
};

function block(error: HoldfastError): void {
  at("blocked").hidden = false;
  at("blocked-title").textContent = (guest && guestTitles[error.code]) || (titles[error.code] ?? (current?.session.state === "closed" ? "The session has ended" : "A change was refused"));
  at("blocked-text").textContent = error.code === "ORIGIN_NOT_ALLOWED" ? wrongOrigin : error.message;
  at("blocked-code").textContent = error.code;
  at("blocked-retry").textContent = "Try again";
  at("editor").inert = true;
  at("saved").textContent = "Not connected";
}

function unblock(): void {
  if (current?.editor.refused) return; // what is in the text is not what is stored
  at("blocked").hidden = true;
  at("editor").inert = false;
}

function showAccess(session: DemoSession): void {
  sharing.draw(guest ? undefined : session);
  at("read-only").hidden = session.can("write") && !session.locked;
  at("read-only").textContent = session.locked ? "Locked" : session.can("comment") ? "Comment only" : "Read only";
}

const waits = (unsaved: number): string => `${unsaved} ${unsaved === 1 ? "change" : "changes"} waiting`;

function saved(): void {
  if (!at("blocked").hidden) return; // a graver message is on the page
  const unsaved = current?.session.unsent ?? 0;
  const away = current?.session.state !== "connected";
  at("saved").textContent = unsaved ? `${waits(unsaved)}${away ? " for the line" : ""}` : away ? "Waiting for the line" : "All changes stored";
  at("saved").dataset.waiting = String(unsaved > 0 || away);
}

// Text that is typed after a refused change would build on something that nobody else has.
function refused(error: HoldfastError): void {
  log("refused", error.code, "bad");
  block(new HoldfastError({ code: error.code, message: "Your last change was not stored. Open the document again to go on from what is." }));
}

function restored(): void {
  unblock();
  saved();
}

function say(text: string): void {
  at("notice").textContent = text;
}

function people(others: Person[]): void {
  at("people").replaceChildren(
    ...others.slice(0, 5).map(({ name, colour }) => {
      const face = make("li", `face c${colour}`, name.slice(0, 1).toUpperCase());
      face.title = name;
      return face;
    }),
  );
}

async function signOut(): Promise<void> {
  const left = current;
  current = undefined;
  left?.inspector.destroy();
  left?.editor.destroy();
  if (guest) {
    void left?.session.close();
    return location.replace("./"); // without the link
  }
  await Promise.all([left?.session.signOut(), logout()]);
  form.show();
}

at("sign-out").addEventListener("click", () => void signOut());
at("drop").addEventListener("click", () => dropLine(3000));
at("refresh").addEventListener("click", () => current?.session.refresh());
at("short").addEventListener("click", () => {
  shorten();
  current?.session.refresh();
});
at("offline").addEventListener("click", ({ currentTarget }) => {
  const button = currentTarget as HTMLButtonElement;
  const offline = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(offline));
  button.textContent = offline ? "Go online" : "Go offline";
  setOnline(!offline);
});
at("revoke").addEventListener("click", () => void revoke());
at("blocked-retry").addEventListener("click", () => {
  if (current?.session.state === "replaced") current.session.takeOver();
  else void open(chosen());
});
at("blocked-account").addEventListener("click", () => void signOut());
at("reconnect").addEventListener("click", () => current?.session.reconnect());
at("comment").addEventListener("click", () => current?.editor.comments.begin());
at("remark-cancel").addEventListener("click", () => {
  current?.editor.comments.cancel();
  current?.editor.focus();
});
at("remark-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void current?.editor.comments.store();
});
at("lock").addEventListener("click", () => void current?.editor.locks.toggle());
for (const button of document.querySelectorAll<HTMLElement>("[data-mark]")) button.addEventListener("click", () => current?.editor.format(button.dataset.mark!));
at("code").textContent = code;
at("show-code").addEventListener("click", () => at<HTMLDialogElement>("code-panel").showModal());
addEventListener("popstate", () => {
  if (document.body.dataset.view === "workspace") void open(chosen());
});

addEventListener("hashchange", () => linkIn(location.hash) && location.reload()); // a link, pasted into this tab

if (linkIn(location.hash)) void joining.begin();
else if (account()) void open(chosen());
else form.show();
