/**
 * Guests, who come to one document by a link and have no account:
 *
 *     const guest = await join({ url, link: linkIn(location.hash), name });
 *     const session = await connect({ url, document: guest.document, user: guest.userId, getToken: guest.getToken });
 */
import { HoldfastError, type Failure } from "./errors.ts";
import type { GetToken } from "./token.ts";

/** How to join. */
export interface JoinOptions {
  /** The server's address. */
  url: string | URL;
  /** The link's text. */
  link: string;
  /** What the guest is called. Who was here before in this browser may leave it out, and keeps the name. */
  name?: string;
}

/** What a link gives. */
export interface Guest {
  readonly userId: string;
  readonly document: string;
  readonly role: "view" | "comment" | "edit";
  readonly name: string;
  /** When the link ends, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** For `connect`. The tokens stay in memory. */
  readonly getToken: GetToken;
}

interface Answer {
  access_token: string;
  user_id: string;
  document: string;
  role: Guest["role"];
  name: string;
  link_expires_at: string;
}

/** Returns the link in an address's fragment, `#link=…`, or "". No server sees it there. */
export const linkIn = (hash: string): string => new URLSearchParams(hash.replace(/^#/, "")).get("link") ?? "";

/** Reports whether a user is a guest. No issuer's user is called so. */
export const isGuest = (userId: string): boolean => userId.startsWith("guest:");

/**
 * Redeems a link. The answer's cookie says who this is, so a reload is the same guest. It rejects with a
 * HoldfastError, of which `reason` says why: `link_unknown`, `link_expired`, `link_revoked`,
 * `link_used_up`, `guest_revoked`; or `bad_field`, where a name is needed.
 */
export async function join({ url, link, name }: JoinOptions): Promise<Guest> {
  const redeem = async (more: object, signal?: AbortSignal): Promise<Answer> => {
    let response: Response;
    try {
      response = await fetch(new URL("/v1/links/redeem", url), {
        method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: JSON.stringify({ link, ...more }), signal,
      });
    } catch (cause) {
      throw new HoldfastError({ code: "SERVICE_UNAVAILABLE", message: "The server cannot be reached.", recoverable: true, action: "wait" }, { cause });
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer as Answer;
    throw new HoldfastError(failure(answer, response.status), { status: response.status });
  };
  const first = await redeem(name ? { name } : {});
  // Of another site's page the browser keeps no cookie: the last token says who this is.
  let last = first.access_token;
  let unused = true;
  return {
    userId: first.user_id, document: first.document, role: first.role, name: first.name, expiresAt: Date.parse(first.link_expires_at),
    async getToken({ signal }) {
      if (!unused) last = (await redeem({ guest: last }, signal)).access_token;
      unused = false;
      return last;
    },
  };
}

// The client reads of it whether there is any use in asking again.
function failure(answer: unknown, status: number): Failure {
  const { error_code: code, message, details } = ((answer as { data?: unknown }).data ?? {}) as { error_code?: string; message?: string; details?: { reason?: string; retry_after?: number } };
  const again = status === 429 || status >= 500;
  return {
    code: code ?? "SERVICE_UNAVAILABLE", message: message ?? `The server answered with HTTP ${status}.`, recoverable: again, action: again ? "wait" : "stop",
    reason: details?.reason, ...(again && details?.retry_after && { retryAfter: details.retry_after }),
  };
}
