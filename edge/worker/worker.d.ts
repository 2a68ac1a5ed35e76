// The types of `holdfast/worker`. They name no package: `Request` and `Response` are the ones
// that the project has, @cloudflare/workers-types', wrangler's own or the browser's.

/** The platform's request type, whatever the project knows it by. */
type AnyRequest = typeof globalThis extends { Request: { prototype: infer R } } ? R : object;
/** The platform's response type. */
type AnyResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : object;

/** What a Worker's fetch is given beside the request and the env. */
export interface Context {
  waitUntil(promise: Promise<any>): void;
}

/** Whose permissions on which document are asked for. */
export interface PermissionQuestion {
  readonly user_id: string;
  readonly document: string;
}

/** What somebody may do with a document: the answer that a service at PERMISSIONS_URL gives. */
export interface Access {
  workspace_id: string;
  workspace_role?: "owner" | "admin" | "member" | "viewer" | null;
  document_role?: "full_access" | "edit" | "comment" | "view" | null;
  /** Only who has a role on the document itself, or leads its workspace, may see it. */
  restricted?: boolean;
  /** Everybody reads, and nobody writes. */
  locked?: boolean;
}

/** A token's claims. */
export interface Claims {
  [claim: string]: unknown;
}

/** Something that has happened: a line of the log. Which members it has depends on `event`. */
export interface HoldfastEvent {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [member: string]: unknown;
}

/** Something that a backend is told of: what is sent to EVENTS_URL, too. */
export interface BackendEvent {
  /** The same on every try. */
  readonly id: string;
  readonly type:
    | "document.changed"
    | "document.joined"
    | "document.left"
    | "comment.created"
    | "comment.replied"
    | "comment.resolved"
    | "session.started"
    | "session.ended"
    | "user.revoked";
  readonly at: string;
  readonly stream: string;
  /** Grows by one, within the stream. */
  readonly seq: number;
  readonly document?: string;
  readonly user_id?: string;
  readonly data: { readonly [member: string]: unknown };
}

/** Functions of your own that Holdfast asks. */
export interface Hooks<Env = any> {
  /**
   * Says what a user may do with a document, in place of the database and of PERMISSIONS_URL. null: there is no
   * such document. An error with a `status` of 403 or 404 says that the user may not see it, or that it is not there.
   * Any other error, an answer of another form and none within PERMISSIONS_TIMEOUT_MS let nobody in.
   */
  permissions?(question: PermissionQuestion, env: Env): Access | null | Promise<Access | null>;
  /**
   * Returns the claims to go on with, once the token's signature, issuer, audience and times have been checked;
   * null refuses the token. The times and the id stay the token's own, except that `exp` may be sooner.
   * `request` is the one that brought the token, without it; null when it came over a socket.
   */
  claims?(claims: Claims, more: { readonly request: AnyRequest | null; readonly env: Env }): Claims | null | Promise<Claims | null>;
  /**
   * Takes events, in place of EVENTS_URL and of a queue: at least once, in order for each document and user. What it
   * throws, or that it takes longer than EVENTS_TIMEOUT_MS, has them sent again.
   */
  events?(events: readonly BackendEvent[], env: Env): unknown;
  /** Is told what the log is told. Its failure reaches no session. */
  onEvent?(event: HoldfastEvent, more: { readonly env: Env; readonly ctx: Context }): void | Promise<void>;
}

/** What answers Holdfast's requests. */
export interface Handler<Env = any> {
  /** Answers one request, as a Worker's `fetch` does. */
  fetch(request: AnyRequest, env: Env, ctx: Context): Promise<AnyResponse>;
  /** Whether a request is for one of Holdfast's routes. */
  handles(request: { readonly url: string }): boolean;
}

/** Takes your hooks, and returns what answers Holdfast's requests. Call it once, at the top level of your Worker's entry. */
export function handler<Env = any>(hooks?: Hooks<Env>): Handler<Env>;

declare class HoldfastObject {
  /** Marks a class of Durable Objects for the platform's types. */
  readonly __DURABLE_OBJECT_BRAND: never;
  constructor(ctx: any, env: any);
  fetch(request: AnyRequest): Promise<AnyResponse>;
}

/** The Durable Object of one user: export it from your Worker, and bind it as SESSIONS. */
export class UserSession extends HoldfastObject {}
/** The Durable Object of one document: export it from your Worker, and bind it as DOCUMENTS. */
export class Document extends HoldfastObject {}
