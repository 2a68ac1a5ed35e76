/** What a client does about an error, as the ranges of the protocol's close codes say, too. */
export type Action = "reconnect" | "refresh_token" | "wait" | "stop";

/** The codes of the package's own errors. */
export type ShellCode =
  | "UNSUPPORTED" | "INVALID_ARGUMENT" | "CLOSED" | "DOCUMENT_RESET" | "MAY_BE_STORED" | "REWOUND"
  | "WASM_FETCH" | "WASM_INTEGRITY" | "WASM_BLOCKED_BY_CSP" | "WASM_OUT_OF_MEMORY" | "WASM_INVALID" | "WASM_TRAP";

/** The codes of the protocol; shared/protocol/errors.go has their table. */
export type ProtocolCode =
  | "AUTHENTICATION_FAILED" | "TOKEN_EXPIRED" | "TOKEN_REVOKED" | "INSUFFICIENT_PERMISSIONS" | "ORIGIN_NOT_ALLOWED"
  | "DOCUMENT_NOT_FOUND" | "NOT_FOUND" | "DOCUMENT_LOCKED" | "CONNECTION_INIT_TIMEOUT" | "CONNECTION_REPLACED" | "SESSION_ENDED"
  | "HEARTBEAT_TIMEOUT" | "RATE_LIMIT_EXCEEDED" | "MESSAGE_TOO_LARGE" | "MALFORMED_MESSAGE" | "STALE_PERMISSION_EPOCH"
  | "SLOW_CONSUMER" | "SERVICE_UNAVAILABLE" | "INTERNAL_ERROR";

/** All codes; the server may send one that this version does not know. */
export type ErrorCode = ShellCode | ProtocolCode | (string & {});

/** A failure as the module and the shell report it: plain data in one form for both. */
export interface Failure {
  code: string;
  message?: string;
  recoverable?: boolean;
  action?: Action;
  reason?: string;
  /** Milliseconds to wait before the next attempt, if the server named a wait. */
  retryAfter?: number;
  /** Of `CONNECTION_REPLACED`: the client that has the document now, and since when (RFC 3339), where the server says so. */
  clientId?: string;
  since?: string;
}

/**
 * The one error class of the package. `code` is one of the protocol's codes
 * (`TOKEN_EXPIRED`, `INSUFFICIENT_PERMISSIONS`, …) or one of the shell's own:
 *
 * - `UNSUPPORTED`: this is not a page, or it has no WebAssembly or no WebSocket
 * - `INVALID_ARGUMENT`: `connect` or `send` was called with an invalid argument
 * - `WASM_FETCH`: the module could not be fetched (`status` is the HTTP status)
 * - `WASM_INTEGRITY`: the module is not the one that `integrity` names
 * - `WASM_BLOCKED_BY_CSP`: the page's policy lacks `'wasm-unsafe-eval'`
 * - `WASM_OUT_OF_MEMORY`: the browser has no memory left for the module; `recoverable`
 * - `WASM_INVALID`: this version cannot run the module
 * - `WASM_TRAP`: the module crashed; `recoverable` unless that happens twice within
 *   a minute, because the client then starts no other
 * - `CLOSED`: the session was closed before this could be done
 * - `DOCUMENT_RESET`: the server's document was reset or restored, and lacks what a Yjs
 *   document here still has
 * - `REWOUND`: the server's log went back, and this change was made on what is gone: it is not sent again by itself
 * - `MAY_BE_STORED`: the browser was closed before the answer came, and nobody can say any more whether this was stored
 *
 * `getToken` may throw one with `recoverable: false` to say that it has no token until
 * the user signs in again; see GetToken for the other ways.
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly recoverable: boolean;
  readonly action: Action;
  readonly reason?: string;
  readonly retryAfter?: number;
  /** Of `CONNECTION_REPLACED`: the client that has the document now, and since when, where the server says so. */
  readonly clientId?: string;
  readonly since?: string;
  /** The HTTP status behind a `WASM_FETCH`. */
  readonly status?: number;

  constructor(failure: Failure, extra?: { cause?: unknown; status?: number }) {
    super(failure.message || failure.code, extra && "cause" in extra ? { cause: extra.cause } : undefined);
    this.name = "HoldfastError";
    this.code = failure.code;
    this.recoverable = failure.recoverable ?? false;
    this.action = failure.action ?? "stop";
    if (failure.reason) this.reason = failure.reason;
    if (failure.retryAfter) this.retryAfter = failure.retryAfter;
    if (failure.clientId) this.clientId = failure.clientId;
    if (failure.since) this.since = failure.since;
    if (extra?.status) this.status = extra.status;
  }
}
