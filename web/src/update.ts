import type { YOp } from "./yjs.ts";

// With what the frame and the operation add, below the server's 64 KiB.
const largest = 48_000;
// What one client may have begun and not ended: a bound, for its rest may never come.
const begun = 16;
const pieces = 4096;

/** Bytes as base64. */
export function encode(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

/** Base64 as bytes; throws for anything else. */
export const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** An update as operations: one, or its parts. */
export function split(text: string, name: string): YOp[] {
  const of = Math.ceil(text.length / largest);
  if (of <= 1) return [{ y: text }];
  return Array.from({ length: of }, (_, i) => ({ y: text.slice(i * largest, (i + 1) * largest), part: [name, i, of] }));
}

interface Pieces {
  have: (string | undefined)[];
  since: number; // the version of the first
}

/** Whose it is, its name, the version it began at, and what there is of it. */
export type Begun = [from: string, name: string, since: number, have: (string | undefined)[]];

/** Parts puts together what came in parts. Each client's are its own: a name alone is no proof. */
export class Parts {
  #open = new Map<string, Map<string, Pieces>>();

  /** What has begun since a version and is not whole, for a snapshot. */
  begun(version: number): Begun[] {
    return [...this.#open].flatMap(([from, mine]) => [...mine].filter(([, { since }]) => since > version).map(([name, { have, since }]): Begun => [from, name, since, have]));
  }

  /** Takes up what a snapshot says has begun. */
  resume(begun: unknown): void {
    if (!Array.isArray(begun)) return;
    for (const [from, name, since, have] of begun.filter(Array.isArray) as unknown[][]) {
      if (typeof from !== "string" || typeof name !== "string" || typeof since !== "number" || !Array.isArray(have) || have.length > pieces) continue;
      const pieced = have.map((piece: unknown) => (typeof piece === "string" ? piece : undefined));
      this.#of(from).set(name, { have: pieced, since });
    }
  }

  /** The whole update that an operation is or ends; undefined while there is none. */
  add(op: unknown, from: string, version: number): string | undefined {
    const { y, part } = (op ?? {}) as Partial<YOp>;
    if (typeof y !== "string") return;
    if (part === undefined) return y;
    if (!Array.isArray(part)) return;
    const [name, index, of] = part;
    if (typeof name !== "string" || !Number.isInteger(index) || !Number.isInteger(of) || index < 0 || index >= of || of > pieces) return;
    const mine = this.#of(from);
    const update = mine.get(name) ?? { have: [], since: version };
    const { have } = update;
    have[index] = y;
    mine.set(name, update);
    if (mine.size > begun) mine.delete(mine.keys().next().value!);
    for (let i = 0; i < of; i++) if (have[i] === undefined) return;
    mine.delete(name);
    return have.join("");
  }

  #of(from: string): Map<string, Pieces> {
    let mine = this.#open.get(from);
    if (!mine) this.#open.set(from, (mine = new Map()));
    return mine;
  }
}
