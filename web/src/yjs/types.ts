import type { Awareness } from "y-protocols/awareness";
import type { HoldfastError } from "../errors.ts";

/** One operation: a Yjs update in base64, or a part of one. */
export interface YOp {
  y: string;
  /** Of an update too large for one operation: its name, this part's number, and how many there are. */
  part?: [name: string, index: number, of: number];
}

/** The presence of a tab with an awareness. */
export interface YPresence {
  tab: string;
  /** A y-protocols awareness update in base64. */
  aware: string;
}

/** The writer of something. A client id alone proves nothing, because another user may use the same. */
export interface Writer {
  userId: string;
  clientId: string;
}

/** The user behind an awareness id, by the server's word and not the peer's own. */
export interface Who extends Writer {
  name?: string;
}

/** The options of a provider. */
export interface HoldfastProviderOptions {
  /**
   * Cursors and names: of `y-protocols/awareness`, on the same document. Without one the
   * provider makes its own, and destroys it at the end.
   */
  awareness?: Awareness;
  /** For how many milliseconds changes of the awareness are gathered. Default: 60. */
  awarenessEvery?: number;
  /** Whether the provider connects at once. Default: true; otherwise at `connect()`. */
  connect?: boolean;
  /**
   * The section in which the changes are made. An operation that names none is refused while
   * somebody else has locked any section; the provider then waits.
   */
  section?: string | (() => string | undefined);
  /** The provider stores a snapshot once this profile wrote an operation at a multiple of this version. Default: 1000; 0: never. */
  snapshotEvery?: number;
}

/** Whether a provider exchanges anything with the server now. */
export type Status = "connecting" | "connected" | "disconnected";

/** What a provider reports, and with which detail. */
export interface HoldfastProviderEvents {
  /** The connection changed. `disconnected`: the session is closed, or `disconnect` was called. */
  status: { status: Status };
  /**
   * Whether document and log are the same: the document has everything that is stored, and
   * everything that it has is stored or on its way. After a drop that is unknown, so false.
   */
  synced: boolean;
  /** The same as `synced`, by its other usual name. */
  sync: boolean;
  /** An update that came from the server and is in the document now. */
  update: Uint8Array;
  /** How many changes of the document are not stored: on their way, held back, or refused. */
  unsent: { count: number };
  /**
   * The document has what nobody else has: the server refused a change for good, or has lost
   * (`DOCUMENT_RESET`) what it had. Nothing more is sent until the rights come back, or you
   * call `resend`. `unsaved` returns it.
   */
  refused: HoldfastError;
  /** Something in the log could not be applied: this document lacks it, and the provider makes no snapshot. */
  error: HoldfastError;
}

/** The provider's events, for `addEventListener`. */
export type HoldfastProviderEventMap = { [K in keyof HoldfastProviderEvents]: CustomEvent<HoldfastProviderEvents[K]> };
