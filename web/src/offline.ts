import { asked, ended, openDatabase, stores, total } from "./database.ts";
import type { KeptChange, KeptDetail } from "./events.ts";

/** The options of what is kept over a closed browser. */
export interface OfflineOptions {
  /** How much is kept of this user, in bytes, for all documents of the server together. Default: 50 MiB. */
  maxBytes?: number;
}

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

interface Row extends Sealed {
  n: number;
  id: string;
  bytes: number;
}

type Work = (tx: IDBTransaction, sealed?: Sealed) => Promise<void>;

interface Task {
  text?: Uint8Array<ArrayBuffer>;
  work: Work;
  /** Does what there is room for, when there was no room for the whole. */
  failed?: (tx: IDBTransaction) => Promise<void>;
  done?: (reason?: string) => void;
}

const overhead = 256; // of a row, beside what it keeps
const pageRows = 256;
const pageBytes = 1 << 20;
const saveAfter = 500; // of the app's states the last one counts

/** Returns a record as the program reads it; one that is no JSON is of somebody else. */
function recordOf(bytes?: Uint8Array): string {
  try {
    const text = new TextDecoder().decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    return "{}";
  }
}

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
/**
 * Offline is what the browser keeps of one user: an IndexedDB database for each server and
 * user, encrypted with a key that no script can read out. It carries out what the program
 * asks, in that order, and decides nothing. The program decides what is sent.
 */
export class Offline {
  /** Whether changes are kept now. */
  get available(): boolean { return this.#reason === undefined; }
  /** How many bytes may be kept. */
  readonly limit: number;

  #db?: IDBDatabase;
  #document: string;
  #key?: { id: string; key: CryptoKey };
  #reason?: string;
  #bytes = 0;
  #tasks: Task[] = [];
  #running?: Promise<void>;
  #states = new Map<string, () => Uint8Array>();
  #saving?: ReturnType<typeof setTimeout>;
  #deliver: (kind: string, text: string) => void = () => {};
  #report: (detail: KeptDetail) => void = () => {};
  #leads = (): boolean => false;
  #tab: string;

  private constructor(document: string, tab: string, limit: number) {
    this.#document = document;
    this.#tab = tab;
    this.limit = limit;
  }

  /**
   * Opens the database. It never rejects: where nothing can be kept, the session works
   * without. Returns the client id under which this profile sends what it has kept.
   * @internal
   */
  static async open(scope: string, facts: { document: string; user: string; tabId: string; clientId: string; tabs: boolean }, options: OfflineOptions): Promise<{ offline: Offline; clientId: string }> {
    let clientId = facts.clientId;
    let reason: string | undefined;
    let key: { id: string; key: CryptoKey } | undefined;
    let db: IDBDatabase | undefined;
    try {
      if (!facts.tabs) throw "no_locks"; // two tabs that cannot find each other would both send it
      if (!globalThis.crypto?.subtle) throw "no_crypto";
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", encode(facts.user)));
      const name = `${scope}/offline/${Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      db = await openDatabase(name);
      const made = { id: crypto.randomUUID(), key: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]) };
      const tx = db.transaction(["keys", "facts"], "readwrite");
      key = await asked(tx.objectStore("keys").get("key"));
      if (!(key?.key instanceof CryptoKey)) tx.objectStore("keys").put((key = made), "key");
      const known = await asked(tx.objectStore("facts").get("client_id"));
      if (typeof known === "string" && /^[\w-]{1,128}$/.test(known)) clientId = known;
      else tx.objectStore("facts").put(clientId, "client_id");
      await ended(tx);
    } catch (cause) {
      reason = typeof cause === "string" ? cause : "no_storage";
    }
    const offline = new Offline(facts.document, facts.tabId, options.maxBytes ?? 50 << 20);
    offline.#reason = reason;
    offline.#key = key;
    if (!reason && db) offline.#use(db);
    return { offline, clientId };
  }

  /** @internal */
  join(deliver: (kind: string, text: string) => void, leads: () => boolean, report: (detail: KeptDetail) => void): void {
    this.#deliver = deliver;
    this.#leads = leads;
    this.#report = report;
  }

  /** Reports the state that the session begins with. @internal */
  begin(): void {
    if (this.available) this.#add({ work: async (tx) => void (this.#bytes = await total(tx)), done: () => this.#say() });
    else this.#say();
    globalThis.addEventListener?.("pagehide", () => this.#save());
  }

  /** Carries out a call of the program. Returns whether it is one for this store. @internal */
  call(kind: string, text: string): boolean {
    switch (kind) {
      case "keep": this.#keep(JSON.parse(text)); return true;
      case "mark": this.#mark(JSON.parse(text)); return true;
      case "forget": this.#forget(JSON.parse(text).ids); return true;
      case "load_kept": this.#load(Number(text)); return true;
      case "erase_kept": this.#erase(); return true;
    }
    return false;
  }

  /** What earlier pages kept of this document and is not stored yet, oldest first. */
  async waiting<Op = unknown>(): Promise<KeptChange<Op>[]> {
    const list: KeptChange<Op>[] = [];
    for (let after = 0; ; ) {
      const rows = await this.#page(after);
      if (!rows.length) return list;
      for (const { n, record } of rows) {
        after = n;
        const { message_id, op, comment, section, tab_id } = JSON.parse(record);
        if (!message_id || tab_id === this.#tab) continue;
        if (!comment) list.push({ messageId: message_id, op, ...(section && { section }) });
        else list.push({ messageId: message_id, comment: { event: comment, commentId: op.comment_id, body: op.body, anchor: op.anchor } });
      }
    }
  }

  /** Forgets a change that the app got as `unsaved`. */
  discard(messageId: string): Promise<void> {
    this.#forget([messageId]);
    return this.settled();
  }

  /**
   * Keeps something of the app's own for this document, such as its state, under a name, half a
   * second after the first call: the last one counts. A function is called then. In a tab that does not lead this does nothing.
   */
  save(name: string, bytes: Uint8Array | (() => Uint8Array)): void {
    if (!this.#db || !this.#leads()) return;
    this.#states.set(name, typeof bytes === "function" ? bytes : () => bytes);
    this.#saving ??= setTimeout(() => this.#save(), saveAfter);
  }

  /** Returns what was saved under a name. */
  async load(name: string): Promise<Uint8Array | undefined> {
    let row: Sealed | undefined;
    await this.#done({ work: async (tx) => void (row = await asked(tx.objectStore("states").get([this.#document, name]))) });
    return row && (await this.#unseal(row));
  }

  /** Resolves when all that was asked for is done. */
  async settled(): Promise<void> {
    this.#save();
    while (this.#running) await this.#running;
  }

  #use(db: IDBDatabase): void {
    this.#db = db;
    db.onversionchange = () => db.close(); // a later version of the package needs it
    db.onclose = () => this.#fail("no_storage");
  }

  #keep({ id, unsent, record }: { id: string; unsent: boolean; record: string }): void {
    const at = [this.#document, id];
    this.#add({
      text: encode(record),
      work: async (tx, sealed) => {
        const ops = tx.objectStore("ops");
        if ((await asked(ops.index("id").getKey(at))) !== undefined) return;
        await this.#grow(tx, sealed!.data.byteLength + overhead);
        ops.add({ document: this.#document, id, bytes: sealed!.data.byteLength + overhead, ...sealed });
        if (unsent) tx.objectStore("unsent").put(1, at);
      },
      done: (reason) => this.#deliver(reason ? "not_kept" : "safe", JSON.stringify([id])),
    });
  }

  #mark({ ids, version }: { ids: string[]; version: number }): void {
    let before: { id: string; mark: number }[] = [];
    const each = (write: boolean): Work => async (tx) => {
      before = [];
      for (const id of ids) {
        const at = [this.#document, id];
        if ((await asked(tx.objectStore("ops").index("id").getKey(at))) === undefined) continue;
        if ((await asked(tx.objectStore("unsent").getKey(at))) === undefined) before.push({ id, mark: (await asked(tx.objectStore("marks").get(at))) ?? 0 });
        else {
          if (write) tx.objectStore("marks").put(version, at);
          tx.objectStore("unsent").delete(at);
        }
      }
    };
    this.#add({ work: each(true), failed: each(false), done: () => this.#deliver("marked", JSON.stringify(before)) });
  }

  #forget(ids: string[]): void {
    this.#add({
      work: async (tx) => {
        const ops = tx.objectStore("ops");
        for (const id of ids) {
          const at = [this.#document, id];
          tx.objectStore("marks").delete(at);
          tx.objectStore("unsent").delete(at);
          const row: Row | undefined = await asked(ops.index("id").get(at));
          if (!row) continue;
          ops.delete(row.n);
          await this.#grow(tx, -row.bytes);
        }
      },
    });
  }

  #load(after: number): void {
    void this.#page(after, true);
  }

  async #page(after: number, deliver = false): Promise<{ n: number; record: string }[]> {
    const rows: (Row & { unsent: boolean; mark?: number })[] = [];
    let last = 0;
    await this.#done({
      work: async (tx) => {
        const order = tx.objectStore("ops").index("order");
        const here = (from: number): IDBKeyRange => IDBKeyRange.bound([this.#document, from], [this.#document, Infinity], true);
        const end = await asked(order.openKeyCursor(here(0), "prev"));
        last = (end?.primaryKey as number) ?? 0;
        let bytes = 0;
        for (const row of (await asked(order.getAll(here(after), pageRows))) as Row[]) {
          if (bytes > pageBytes) break;
          bytes += row.bytes;
          const at = [this.#document, row.id];
          rows.push({ ...row, unsent: (await asked(tx.objectStore("unsent").getKey(at))) !== undefined, mark: await asked(tx.objectStore("marks").get(at)) });
        }
      },
    });
    const page = await Promise.all(rows.map(async (row) => {
      const bytes = await this.#unseal(row);
      return { n: row.n, unsent: row.unsent, mark: row.mark, record: recordOf(bytes) };
    }));
    if (deliver) {
      const text = page.map(({ n, unsent, mark, record }) => `{"n":${n},"unsent":${unsent}${mark === undefined ? "" : `,"mark":${mark}`},"record":${record}}`);
      this.#deliver("kept", `{"last":${last},"records":[${text}]}`);
    }
    return page;
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    for (const [name, bytes] of this.#states) {
      const text = new Uint8Array(bytes());
      const at = [this.#document, name];
      this.#add({
        text,
        work: async (tx, sealed) => {
          const old = await asked(tx.objectStore("states").get(at));
          await this.#grow(tx, sealed!.data.byteLength - (old?.data.byteLength ?? -overhead));
          tx.objectStore("states").put(sealed, at);
        },
      });
    }
    this.#states.clear();
  }

  // What other tabs still write is refused, since the key is not theirs any more.
  #erase(): void {
    clearTimeout(this.#saving);
    this.#states.clear();
    this.#add({
      work: async (tx) => {
        for (const name of stores) tx.objectStore(name).clear();
      },
      done: () => {
        this.#fail("erased");
        this.#db?.close();
        this.#db = undefined;
      },
    });
  }

  async #grow(tx: IDBTransaction, by: number): Promise<void> {
    const bytes = Math.max(0, (await total(tx)) + by);
    if (by > 0 && bytes > this.limit) throw "limit";
    tx.objectStore("facts").put(bytes, "bytes");
    this.#bytes = bytes;
  }

  #done(task: Task): Promise<void> {
    return new Promise((resolve) => this.#add({ ...task, done: () => resolve() }));
  }

  #add(task: Task): void {
    this.#tasks.push(task);
    this.#running ??= this.#run();
  }

  // What was asked for in one go is one transaction. If that fails, each has its own.
  async #run(): Promise<void> {
    await undefined;
    while (this.#tasks.length) {
      const batch = this.#tasks.splice(0);
      const sealed = await Promise.all(batch.map(({ text }) => (text && this.#key ? this.#seal(text) : undefined))).catch(() => undefined);
      if (!sealed) {
        this.#fail("no_storage");
        for (const task of batch) task.done?.("no_storage");
        continue;
      }
      if (!(await this.#try(batch, sealed))) continue;
      for (const [i, task] of batch.entries()) {
        const reason = await this.#try([task], [sealed[i]]);
        if (!reason) continue;
        this.#fail(reason);
        if (!task.failed || (await this.#try([{ work: task.failed, done: task.done }], []))) task.done?.(reason);
      }
    }
    this.#running = undefined;
  }

  /** Does some tasks, all or none. Returns why it could not. */
  async #try(batch: Task[], sealed: (Sealed | undefined)[]): Promise<string | undefined> {
    try {
      if (!this.#db) throw this.#reason;
      // On the disk, and not only on its way there, when this is done.
      const tx = this.#db.transaction(stores, "readwrite", { durability: "strict" });
      const end = ended(tx);
      end.catch(() => {});
      try {
        const key = await asked(tx.objectStore("keys").get("key"));
        if (key?.id !== this.#key!.id) throw "erased";
        for (const [i, task] of batch.entries()) await task.work(tx, sealed[i]);
      } catch (cause) {
        try {
          tx.abort();
        } catch {}
        throw cause;
      }
      await end;
    } catch (cause) {
      return typeof cause === "string" ? cause : (cause as Error | undefined)?.name === "QuotaExceededError" ? "quota" : "no_storage";
    }
    if (batch.some(({ text }) => text)) this.#fail(undefined); // there is room again
    for (const task of batch) task.done?.();
    return undefined;
  }

  #fail(reason: string | undefined): void {
    if (this.#reason === reason || this.#reason === "erased") return;
    this.#reason = reason;
    this.#say();
  }

  #say(): void {
    this.#report({ available: this.available, ...(this.#reason && { reason: this.#reason }), bytes: this.#bytes, limit: this.limit });
  }

  async #seal(text: Uint8Array<ArrayBuffer>): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.#key!.key, text) };
  }

  async #unseal({ iv, data }: Sealed): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.#key!.key, data));
    } catch {
      return undefined; // of a key that is gone
    }
  }
}
