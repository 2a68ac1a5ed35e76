import { HoldfastError } from "./errors.ts";

/**
 * Returns a valid access token, and fetches a new one if necessary. Null, undefined and ""
 * mean "not yet": the client asks again, with growing pauses, for as long as it takes.
 *
 * A call that takes longer than 30 s is given up and `signal` is aborted; the client calls
 * anew. A token that a call returns late is used if it is newer than what there is.
 *
 * What it throws decides what follows. A `Response` with 400, 401 or 403 is final. After
 * any other `Response` the client asks again, once its `Retry-After` has passed if it has
 * one. Of other errors the client reads the fields of TokenFailure; without them it asks
 * again, at most five times.
 */
export type GetToken = (options: { signal: AbortSignal }) => Promise<string | null | undefined> | string | null | undefined;

/** The fields of an error of `getToken` that the client reads; a HoldfastError has them, too. */
export interface TokenFailure {
  message?: string;
  /** The code of the `autherror` that follows. Default: AUTHENTICATION_FAILED. */
  code?: string;
  /** Nobody is signed in: the client does not ask again. `recoverable: false` means the same. */
  final?: boolean;
  recoverable?: boolean;
  /** Milliseconds until the client may ask again. */
  retryAfter?: number;
}

/** One call of the app's `getToken`. */
export interface Call {
  abort: AbortController;
  since: number;
  /** The event that its answer is, with its fields. Never rejects. */
  answer: Promise<[kind: string, fields: Record<string, unknown>]>;
}

/** Milliseconds for which a token that was fetched early is the answer to the program's first question. */
const fresh = 30_000;

/** Calls from before the program asked, by whose sessions they serve: whichever of them it asks takes the call. */
const early = new Map<string, Call>();

/**
 * Calls the app before the program asks. An issuer may take a refresh token once, so no two pages
 * call at a time: the call holds the lock of the scope's token, and is not made where another page has it.
 * `wanted` says whether to make it, once that is known: undefined where there are no locks.
 */
export function prefetch(share: string, getToken: GetToken, lock: string, wanted: Promise<boolean | undefined>): void {
  const call = async (): Promise<void> => {
    const made = callApp(getToken);
    early.set(share, made);
    let timer: ReturnType<typeof setTimeout>;
    await Promise.race([made.answer, new Promise((late) => (timer = setTimeout(late, fresh)))]);
    clearTimeout(timer!);
  };
  const locked = (): Promise<unknown> => navigator.locks.request(lock, { ifAvailable: true }, async (held) => held && (await wanted) && call());
  Promise.resolve().then(locked).catch(async () => (await wanted) ?? call());
}

/** Takes the call that was made early for these sessions, if there is one and it is new. */
export function takeEarly(share: string): Call | undefined {
  const call = early.get(share);
  early.delete(share);
  if (!call || performance.now() - call.since < fresh) return call;
  call.abort.abort();
  return undefined;
}

/** Calls the app, in a later task: its code never runs inside the program's call. */
export function callApp(getToken: GetToken): Call {
  const abort = new AbortController();
  const answer = Promise.resolve()
    .then(() => getToken({ signal: abort.signal }))
    .then((token): [string, Record<string, unknown>] => {
      if (typeof (token ?? "") !== "string") throw new HoldfastError({ code: "INVALID_ARGUMENT", message: "getToken returned no text." });
      return ["token", { token: token ?? "" }];
    })
    .catch((error: unknown): [string, Record<string, unknown>] => ["token_failed", tokenFailure(error)]);
  return { abort, answer, since: performance.now() };
}

/** Returns the failure as the program reads it. An error is not final unless it says so. */
function tokenFailure(error: unknown): Record<string, unknown> {
  try {
    return failureOf(error);
  } catch {
    return { message: "getToken failed with something that cannot be read.", code: "", final: false, retry_after: 0 };
  }
}

function failureOf(error: unknown): Record<string, unknown> {
  const failure = (typeof Response === "function" && error instanceof Response ? answered(error) : typeof error === "object" && error ? error : {}) as TokenFailure;
  return {
    message: String(failure.message ?? error),
    code: typeof failure.code === "string" ? failure.code : "",
    final: failure.final === true || failure.recoverable === false,
    retry_after: typeof failure.retryAfter === "number" ? failure.retryAfter : 0,
  };
}

/** Returns what the answer of a token service means. */
function answered({ status, headers }: Response): TokenFailure {
  const after = headers.get("retry-after");
  const ms = after ? Number(after) * 1000 || Date.parse(after) - Date.now() : 0;
  return {
    message: `The token service answered with HTTP ${status}.`,
    final: status === 400 || status === 401 || status === 403,
    ...(ms > 0 && { retryAfter: ms }),
  };
}
