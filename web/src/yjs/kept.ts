import { applyUpdate, encodeStateAsUpdate, type Doc } from "yjs";
import type { Session } from "../core.ts";
import type { YOp, YPresence } from "./types.ts";
import { decode } from "./update.ts";

const name = "yjs";

/**
 * Fills a document with what the browser has kept of it, and keeps it from then on, if the
 * session was opened with `offline`. Call it before the provider is made: the provider then
 * sends what the server lacks. What it applies has the session's `offline` as its origin.
 */
export async function keepDocument(session: Session<YOp, YPresence>, doc: Doc): Promise<void> {
  const { offline } = session;
  if (!offline?.available) return;
  const apply = (update: () => Uint8Array): void => {
    try {
      applyUpdate(doc, update(), offline);
    } catch {} // of something else than Yjs
  };
  // The leader's document takes the place of what is kept, so it has to hold that first: the
  // leader before it may have kept what this document has not received.
  let whole = false;
  let leaders = 0;
  const fill = async (): Promise<void> => {
    const mine = ++leaders;
    whole = false;
    const state = await offline.load(name);
    if (state) apply(() => state);
    if (mine === leaders) whole = true;
  };
  const save = (): void => {
    if (whole) offline.save(name, () => encodeStateAsUpdate(doc));
  };
  session.addEventListener("leaderchange", ({ detail }) => {
    if (detail.role === "leader") void fill().then(save);
  });
  await fill();
  for (const { op } of await offline.waiting<YOp>()) {
    if (op?.y && !op.part) apply(() => decode(op.y)); // a part comes with the log
  }
  doc.on("update", save);
}
