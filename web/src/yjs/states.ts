import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector, mergeUpdates, transact } from "yjs";
import { HoldfastError } from "../errors.ts";

/** Returns a document with the same content. */
export function copyOf(doc: Doc): Doc {
  const copy = new Doc();
  applyUpdate(copy, encodeStateAsUpdate(doc));
  return copy;
}

/** Applies an update. An error of the app's own, in an observer, is no error of the update: it is thrown later. */
export function applyAs(doc: Doc, update: Uint8Array, origin: unknown): void {
  let read = false;
  try {
    transact(doc, () => {
      applyUpdate(doc, update, origin);
      read = true;
    }, origin, false);
  } catch (error) {
    if (!read) throw error;
    setTimeout(() => {
      throw error;
    });
  }
}

/**
 * Returns what a document has and another lacks, or nothing; the other has it then. That is
 * what changes there: deletions that follow from the rest are no difference.
 */
export function surplus(doc: Doc, other: Doc): Uint8Array | undefined {
  const lacking: Uint8Array[] = [];
  other.on("update", (update: Uint8Array) => lacking.push(update));
  applyUpdate(other, encodeStateAsUpdate(doc, encodeStateVector(other)));
  return lacking.length ? mergeUpdates(lacking) : undefined;
}

/** Returns the error that another document has less than it had. */
export const lost = (): HoldfastError =>
  new HoldfastError({ code: "DOCUMENT_RESET", message: "The server's document was reset or restored, and has no longer all that this one has.", action: "stop" });
