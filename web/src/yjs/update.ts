import type { Writer, YOp } from "./types.ts";

// With what the frame and the operation add it stays below the server's 64 KiB, or its lower limit.
const largest = 48_000;
const around = 1024;
// The most parts that one user may have begun and not ended: the rest may never come.
const begun = 64;
const pieces = 4096;

/** Returns bytes as base64. */
export function encode(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

/** Returns the bytes of base64; throws for anything else. */
export const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** Returns an update as operations: one, or its parts. */
export function split(text: string, name: string, frameBytes = Infinity): YOp[] {
  const size = Math.max(1, Math.min(largest, frameBytes - around));
  const of = Math.ceil(text.length / size);
  if (of <= 1) return [{ y: text }];
  return Array.from({ length: of }, (_, i) => ({ y: text.slice(i * size, (i + 1) * size), part: [name, i, of] }));
}

/** Returns one name for a user's client. */
export const nameOf = ({ userId, clientId }: Writer): string => `${userId}\n${clientId}`;

interface Pieces {
  user: string;
  client: string;
  name: string;
  since: number; // the version of the first part
  of: number; // 0 if an older snapshot lacks it
  have: (string | undefined)[];
}

/** The writer's client, the update's name, the version at which it began, the parts so far, the user, and the number of parts. */
export type Begun = [client: string, name: string, since: number, have: (string | undefined)[], user: string, of: number];

/** What an operation results in: an update, nothing yet, or a reason why there is none. */
export type Added = { whole?: string; bad?: "foreign" | "bad_part" | "parts_differ" | "parts_dropped" };

/** Parts puts together the parts of updates. Each user's client has its own. */
export class Parts {
  #open = new Map<string, Pieces>();

  /** Returns the incomplete updates that began after a version, for a snapshot. */
  begun(version: number): Begun[] {
    return [...this.#open.values()].filter(({ since }) => since > version).map(({ client, name, since, have, user, of }) => [client, name, since, have, user, of]);
  }

  /** Replaces everything by the incomplete updates that a snapshot holds. */
  resume(begun: unknown): void {
    this.#open.clear();
    if (!Array.isArray(begun)) return;
    for (const [client, name, since, have, user = "", of = 0] of begun.filter(Array.isArray) as unknown[][]) {
      if (typeof client !== "string" || typeof name !== "string" || typeof since !== "number" || !Array.isArray(have) || have.length > pieces) continue;
      if (typeof user !== "string" || !Number.isInteger(of)) continue;
      const pieced = have.map((piece: unknown) => (typeof piece === "string" ? piece : undefined));
      this.#open.set(key(user, client, name), { user, client, name, since, of: of as number, have: pieced });
    }
  }

  /** Returns the whole update that an operation is or completes. */
  add(op: unknown, { userId: user, clientId: client }: Writer, version: number): Added {
    const { y, part } = (op ?? {}) as Partial<YOp>;
    if (typeof y !== "string") return { bad: "foreign" };
    if (part === undefined) return { whole: y };
    if (!Array.isArray(part)) return { bad: "bad_part" };
    const [name, index, of] = part;
    if (typeof name !== "string" || !Number.isInteger(index) || !Number.isInteger(of) || index < 0 || index >= of || of > pieces) return { bad: "bad_part" };
    const mine = key(user, client, name);
    const update = this.#open.get(mine) ?? this.#adopt(user, client, name) ?? { user, client, name, since: version, of, have: [] };
    update.of ||= of;
    // The first part counts: one that contradicts it belongs to something else.
    if (update.of !== of || update.have.length > of || (update.have[index] ?? y) !== y) return { bad: "parts_differ" };
    update.have[index] = y;
    this.#open.set(mine, update);
    for (let i = 0; i < of; i++) if (update.have[i] === undefined) return this.#bound(user);
    this.#open.delete(mine);
    return { whole: update.have.join("") };
  }

  // An older snapshot does not say who wrote the parts.
  #adopt(user: string, client: string, name: string): Pieces | undefined {
    const unnamed = key("", client, name);
    const update = this.#open.get(unnamed);
    this.#open.delete(unnamed);
    return update && Object.assign(update, { user });
  }

  #bound(user: string): Added {
    const mine = [...this.#open].filter(([, update]) => update.user === user);
    if (mine.length <= begun) return {};
    this.#open.delete(mine[0]![0]);
    return { bad: "parts_dropped" };
  }
}

const key = (...parts: string[]): string => parts.join("\n");
