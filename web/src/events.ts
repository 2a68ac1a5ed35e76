import type { HoldfastError } from "./errors.ts";

/**
 * The state of the connection. `replaced`: another browser or device of the same user has the
 * document. This one keeps what is not stored, and goes on after `takeOver()`.
 */
export type ConnectionState = "connecting" | "connected" | "reconnecting" | "replaced" | "closed";

/** Whether this tab holds the connection for all tabs of the profile. */
export type Role = "leader" | "follower";

/** What a user may do on a document. */
export type Permission = "read" | "write" | "comment" | "moderate" | "admin";

/** The server's limits of one frame. */
export interface Limits {
  frameBytes: number;
  /** The deepest nesting, which includes two levels around an operation. */
  depth: number;
}

/** A span of document versions, both ends included. */
export interface Range {
  from: number;
  to: number;
}

/** The connection changed. */
export interface StateDetail {
  state: ConnectionState;
  /** One word that gives the reason, if there is one. */
  reason?: string;
  /** On `connected`: whether the session was resumed. */
  resumed?: boolean;
  /** On `connected`: the missed versions, which follow. */
  replay?: Range;
  /** On `connected`: the document's version. This tab receives what it lacks up to there. */
  documentVersion?: number;
  /** On `reconnecting`: milliseconds until the next attempt. */
  retryIn?: number;
  /** The close code of the connection that ended. */
  code?: number;
  /** On `replaced`: the client that has the document now. */
  clientId?: string;
}

/** One entry of the document's log. Each tab receives each version exactly once, in order. */
export interface OperationDetail<Op = unknown> {
  op: Op;
  version: number;
  userId: string;
  clientId: string;
  messageId: string;
  /** This tab sent it, so it has applied it already. */
  own: boolean;
  /** It was missed while the connection was down, or is older than this tab's session. */
  replay: boolean;
}

/** One entry of the log that belongs to a comment. Its versions are those of operations, too. */
export interface CommentDetail {
  event: "create" | "reply" | "resolve";
  /** The comment it belongs to. */
  commentId: string;
  body?: unknown;
  /** Of a `create`: the place in the document. */
  anchor?: unknown;
  version: number;
  userId: string;
  clientId: string;
  messageId: string;
  /** When it was stored: milliseconds since the epoch, by the server's clock. */
  at?: number;
  /** Of a `resolve`: everything said in the comment is erased. Forget its texts. */
  erased?: boolean;
  /** This tab sent it. */
  own: boolean;
  replay: boolean;
}

/** What is locked now: the whole document, or sections of it. */
export interface LocksDetail {
  locked: boolean;
  /** Of the whole document's lock, if it has one: `log_full` ends with a snapshot. */
  reason?: string;
  sections: { section: string; userId: string; clientId: string; until: number; own: boolean }[];
}

/**
 * The document as it was at a version. It replaces everything that this tab has received
 * up to there, comments too. The open comments follow as `comment` events, with versions
 * of their own, and then newer entries.
 */
export interface SnapshotDetail {
  version: number;
  data: unknown;
}

/** An event that `replay` has repeated, as it was the first time. */
export type HistoryDetail<Op = unknown> =
  | { type: "operation"; detail: OperationDetail<Op> }
  | { type: "comment"; detail: CommentDetail }
  | { type: "snapshot"; detail: SnapshotDetail }
  | { type: "gap"; detail: GapDetail };

/** Another member of the document. The server neither stores nor repeats this. */
export interface PresenceDetail<Data = unknown> {
  state: "join" | "leave" | "update" | "state" | "readers";
  /** Empty for `readers`, and so is `clientId`. */
  userId: string;
  clientId: string;
  name?: string;
  /** The member came by a link, and the name is what it gave itself: show both. */
  guest?: boolean;
  /** A program that acts for the user; `name` is its own. */
  delegate?: boolean;
  /** With `readers`: how many readers are there that nobody is shown by name (`SHOWN_READERS`). */
  readers?: number;
  data?: Data;
}

/** A message of your backend to the user, whatever document is open. The page gets each once, on one of its sessions. */
export interface MessageDetail<Data = unknown> {
  /** The id that the backend gave it, or the server. */
  id: string;
  data: Data;
  /** When the server took it: milliseconds since the epoch, by the server's clock. */
  at: number;
}

/** The user's permissions changed while connected. */
export interface PermissionDetail {
  permissions: Permission[];
  removed: Permission[];
  reason: string;
}

/** A new access token is in use. */
export interface TokenDetail {
  /** Milliseconds since the epoch, by this machine's clock. */
  expiresAt: number;
  /** Seconds. */
  expiresIn: number;
  /** Whether this tab asked for the token or another did. */
  by: "self" | "leader";
}

/** Another tab leads now, or this one does. */
export interface LeaderDetail {
  role: Role;
  /** The leader's tab id. */
  tabId?: string;
  tabs?: string[];
}

/**
 * Versions that are lost: what the app shows may be incomplete. With the reason `rewound` the server's log went back: forget
 * the document, for a `snapshot` or version 1 follows.
 */
export interface GapDetail extends Range {
  count: number;
  reason: string;
}

/** How many changes of this tab the server has not stored yet. */
export interface UnsentDetail {
  count: number;
}

/** A change that an earlier page kept (see ConnectOptions.offline). It is an operation or a comment. */
export interface KeptChange<Op = unknown> {
  messageId: string;
  op?: Op;
  section?: string;
  comment?: { event: "create" | "reply" | "resolve"; commentId?: string; body?: unknown; anchor?: unknown };
}

/** What is kept, and whether more can be (see ConnectOptions.offline). */
export interface KeptDetail {
  /** Whether changes are kept. If not, the session works without. */
  available: boolean;
  /**
   * Why not: there is no room below `maxBytes` (`limit`) or on the disk (`quota`); the browser has no
   * storage here (`no_storage`), no WebCrypto (`no_crypto`) or no Web Locks (`no_locks`); or the user signed out (`erased`).
   */
  reason?: "limit" | "quota" | "no_storage" | "no_crypto" | "no_locks" | "erased" | (string & {});
  /** Of this user, for all documents of the server. */
  bytes: number;
  limit: number;
}

/**
 * A change that is not stored. One that an earlier page kept stays kept, and is tried again by the next page, until the
 * app discards it. With the code REWOUND it is a change that this tab had sent, and that the server's log has lost.
 */
export interface UnsavedDetail<Op = unknown> extends KeptChange<Op> {
  /** Why: the server's refusal, MAY_BE_STORED or REWOUND. */
  error: HoldfastError;
}

/** Every event of a session and what its `detail` is. */
export interface SessionEventMap<Op = unknown, Presence = unknown> {
  state: CustomEvent<StateDetail>;
  operation: CustomEvent<OperationDetail<Op>>;
  comment: CustomEvent<CommentDetail>;
  snapshot: CustomEvent<SnapshotDetail>;
  history: CustomEvent<HistoryDetail<Op>>;
  locks: CustomEvent<LocksDetail>;
  presence: CustomEvent<PresenceDetail<Presence>>;
  message: CustomEvent<MessageDetail>;
  permissionchange: CustomEvent<PermissionDetail>;
  /** The user may not do this here; after a lost `read` the session closes. */
  permissiondenied: CustomEvent<HoldfastError>;
  tokenrefresh: CustomEvent<TokenDetail>;
  /** No token can be had: the user has to sign in again. */
  autherror: CustomEvent<HoldfastError>;
  leaderchange: CustomEvent<LeaderDetail>;
  /** The profile's tabs on this document, this one included. */
  tabs: CustomEvent<{ tabs: string[] }>;
  gap: CustomEvent<GapDetail>;
  unsent: CustomEvent<UnsentDetail>;
  kept: CustomEvent<KeptDetail>;
  unsaved: CustomEvent<UnsavedDetail<Op>>;
  error: CustomEvent<HoldfastError>;
}
