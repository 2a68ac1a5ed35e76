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
  const [state, waiting] = await Promise.all([offline.load(name), offline.waiting<YOp>()]);
  const apply = (update: () => Uint8Array): void => {
    try {
      applyUpdate(doc, update(), offline);
    } catch {} // of something else than Yjs
  };
  if (state) apply(() => state);
  for (const { op } of waiting) {
    if (op?.y && !op.part) apply(() => decode(op.y)); // a part comes with the log
  }
  doc.on("update", () => offline.save(name, () => encodeStateAsUpdate(doc)));
}
