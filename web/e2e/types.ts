// What the package's types promise. It is compiled, never run: a line below
// `@ts-expect-error` has to be refused.
import { connect, HoldfastError, type ErrorCode, type Permission, type Session, type SessionEventMap } from "holdfast";
import { connect as inside } from "holdfast/inline";
import { useHoldfast } from "holdfast/react";
import { holdfast } from "holdfast/svelte";
import { useHoldfast as useVue } from "holdfast/vue";
import { HoldfastProvider, type YOp, type YPresence } from "holdfast/yjs";
import { Doc } from "yjs";
import { Awareness } from "y-protocols/awareness";

interface Op { insert: string; at: number }
interface Cursor { line: number }

export async function sessions(): Promise<void> {
  const session: Session<Op, Cursor> = await connect<Op, Cursor>({ document: "d", getToken: () => "t", warnUnsent: true });
  const stored: { version: number } = await session.send({ insert: "x", at: 0 });
  // @ts-expect-error an operation of another kind
  await session.send({ remove: 1 });
  session.presence({ line: 1 });
  // @ts-expect-error a presence of another kind
  session.presence({ column: stored.version });
  session.addEventListener("operation", ({ detail }) => { const op: Op = detail.op; const own: boolean = detail.own; void [op, own]; });
  session.addEventListener("presence", ({ detail }) => { const cursor: Cursor | undefined = detail.data; void cursor; });
  session.addEventListener("state", ({ detail }) => {
    // @ts-expect-error not a state there is
    if (detail.state === "open") return;
  });
  session.addEventListener("unsent", ({ detail }) => { const count: number = detail.count; void count; });
  session.addEventListener("autherror", ({ detail }) => { const error: HoldfastError = detail; void error; });
  const may: Permission = "write";
  session.can(may);
  // @ts-expect-error not a permission there is
  session.can("delete");
  // @ts-expect-error a property is read, never set
  session.state = "closed";
  const loose = await inside({ document: "d", getToken: async () => "t", wasm: new Uint8Array() });
  await loose.send({ anything: [1] });
  // @ts-expect-error getToken is missing
  await connect({ document: "d" });
  await connect({ document: "d", getToken: () => Promise.reject({ final: true }) });
}

export function errors(error: unknown): string {
  if (!(error instanceof HoldfastError)) return "";
  const code: ErrorCode = error.code;
  const action: "reconnect" | "refresh_token" | "wait" | "stop" = error.action;
  switch (error.code) {
    case "WASM_BLOCKED_BY_CSP": case "TOKEN_EXPIRED": return action;
    default: return code;
  }
}

export function Editor(): string {
  const { session, state, leader, lostConnection, error, unsent, send } = useHoldfast<Op, Cursor>({
    document: "d", getToken: () => "t", connect: inside, lostAfter: 1000,
    on: { operation: ({ detail }, on) => void [detail.op.insert, on.version], state: ({ detail }) => void detail.resumed },
  });
  void send({ insert: "x", at: 0 });
  // @ts-expect-error an operation of another kind
  void send("x");
  const flags: [boolean, boolean, number] = [leader, lostConnection, unsent];
  return `${session?.version} ${state} ${error?.code} ${flags}`;
}

export function others(document: () => string): void {
  const { state, unsent, send, reopen } = useVue<Op, Cursor>(() => ({ document: document(), getToken: () => "t" }));
  const shown: [string, number] = [state.value, unsent.value];
  void [shown, send({ insert: "x", at: 0 }), reopen()];
  // @ts-expect-error an operation of another kind
  void send("x");
  const store = holdfast<Op, Cursor>({ document: "d", getToken: () => "t", on: { operation: ({ detail }) => void detail.op.at } });
  const leave = store.subscribe(({ state, session }) => void [state, session?.version]);
  store.set({ document: document(), getToken: () => "t" });
  void [leave(), store.signOut()];
}

export function collaborate(session: Session<YOp, YPresence>): HoldfastProvider {
  const doc = new Doc();
  const provider = new HoldfastProvider(session, doc, { awareness: new Awareness(doc) });
  provider.addEventListener("synced", ({ detail }) => { const synced: boolean = detail; void synced; });
  provider.addEventListener("refused", ({ detail }) => { const code: ErrorCode = detail.code; void code; });
  provider.addEventListener("error", ({ detail }) => { const code: ErrorCode = detail.code; void code; });
  provider.on("status", ({ status }) => { const word: "connecting" | "connected" | "disconnected" = status; void word; });
  provider.once("synced", (synced) => { const yes: boolean = synced; void yes; });
  provider.off("reload", () => {});
  const unsaved: Uint8Array | undefined = provider.unsaved();
  void [unsaved, provider.unsent, provider.whenSynced.then(({ awareness }) => awareness.getStates())];
  void new HoldfastProvider(session, doc, { connect: false, section: () => "intro" });
  session.addEventListener("history", ({ detail }) => { if (detail.type === "gap") void detail.detail.reason; });
  void session.replay().then(({ version }) => version + session.documentVersion);
  return provider;
}

// Every event has a type, and no event that there is not.
type Missing = Exclude<"state" | "operation" | "comment" | "snapshot" | "history" | "locks" | "presence" | "permissionchange" | "permissiondenied" | "tokenrefresh" | "autherror" | "leaderchange" | "tabs" | "gap" | "unsent" | "error", keyof SessionEventMap>;
export const none: Missing[] = [];
