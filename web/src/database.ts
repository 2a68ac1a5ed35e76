// The database of offline.ts.

/** Its stores: the key; what there is one of; changes, in order; which of them are unsent; when the others were sent; the app's states. */
export const stores = ["keys", "facts", "ops", "unsent", "marks", "states"];

const patience = 3000; // for a database that does not open

/** Returns what a request brings. */
export const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Returns how many bytes are kept. */
export const total = async (tx: IDBTransaction): Promise<number> => ((await asked(tx.objectStore("facts").get("bytes"))) as number | undefined) ?? 0;

/** Resolves when a transaction is on the disk. */
export const ended = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error("aborted"));
  });

/** Opens it, and makes it if it is not there. It rejects with one word. */
export function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    setTimeout(reject, patience, "timeout");
    request.onupgradeneeded = () => {
      const db = request.result;
      for (const store of stores) db.createObjectStore(store, store === "ops" ? { keyPath: "n", autoIncrement: true } : undefined);
      const ops = request.transaction!.objectStore("ops");
      ops.createIndex("id", ["document", "id"], { unique: true });
      ops.createIndex("order", ["document", "n"]);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject("no_storage");
  });
}
