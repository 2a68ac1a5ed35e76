/**
 * What all entries of the package share: everything except where the module comes
 * from. It is not an entry itself.
 *
 * @module
 */
export { open } from "./connect.ts";
export type { Connect, ConnectOptions } from "./connect.ts";
export { HoldfastError, type Action, type ErrorCode, type Failure, type ProtocolCode, type ShellCode } from "./errors.ts";
export type * from "./events.ts";
export type { GetToken, TokenFailure } from "./token.ts";
export type { WasmSource } from "./load.ts";
export type { Offline, OfflineOptions } from "./offline.ts";
export { Session } from "./session.ts";
