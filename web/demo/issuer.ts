import { HoldfastError, type GetToken } from "holdfast";

// The access token is kept here and nowhere else: not in storage, not in an address.
// The refresh token is an HttpOnly cookie, which no script can read.
let access: { token: string; ttl: number; until: number } | undefined;
let signedIn: string | undefined;
let refreshing: Promise<string> | undefined;

// Remembers that somebody signed in here before. So a reload goes straight in, and a first
// visit asks for no token that it cannot get. It is an e-mail, not a secret.
const accountKey = "holdfast-demo.account";

/** What to do where the server refuses the origin of this page. */
export const wrongOrigin = `The server does not allow the origin of this page, ${location.origin}. Add it to the variable ALLOWED_ORIGINS, or open the page at an address that is listed there.`;

/** Returns who signed in last on this browser, or "". */
export function account(): string {
  try {
    return localStorage.getItem(accountKey) ?? "";
  } catch {
    return "";
  }
}

/** Returns the id of the signed-in user, if this page knows it: after a reload it does not until it has a token. */
export function userId(): string | undefined {
  return signedIn;
}

/** Signs in. Rejects with a HoldfastError whose message a person can read. */
export async function login(email: string, password: string): Promise<void> {
  keep(await post("/auth/login", { email, password }));
  try {
    localStorage.setItem(accountKey, email);
  } catch {}
}

/** Ends the sign-in on the server and here. */
export async function logout(): Promise<void> {
  forget();
  await fetch("/auth/logout", { method: "POST", credentials: "include", keepalive: true }).catch(() => {});
}

/** Revokes every token of the user, here and everywhere, as after the theft of a laptop. */
export async function revoke(): Promise<void> {
  await fetch("/auth/logout", { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: '{"everywhere":true}' });
}

let shortly = false;

/** Makes the next token live for only 20 s, so that one can watch its end and its refresh. */
export function shorten(): void {
  shortly = true;
}

/** Forgets who is signed in, on this page only. */
export function forget(): void {
  access = signedIn = undefined;
  try {
    localStorage.removeItem(accountKey);
  } catch {}
}

/** The `getToken` of one session: first the token of the sign-in while it is fresh, then refreshed ones. */
export function tokens(): GetToken {
  let first = true;
  return () => {
    const fresh = first && access && access.until - performance.now() > access.ttl / 2 ? access.token : undefined;
    first = false;
    return fresh ?? (refreshing ??= post("/auth/refresh", lifetime()).then(keep).finally(() => (refreshing = undefined)));
  };
}

/** Asks the server something in the user's name, by a fresh token. Rejects with a HoldfastError. */
export async function asUser(path: string, init: RequestInit): Promise<Record<string, unknown>> {
  const token = await tokens()({ signal: AbortSignal.timeout(30_000) });
  const headers = { authorization: `Bearer ${token}`, ...(init.body !== undefined && { "content-type": "application/json" }) };
  const response = await fetch(path, { ...init, headers }).catch((cause) => {
    throw new HoldfastError({ code: "SERVICE_UNAVAILABLE", message: "The server cannot be reached.", recoverable: true, action: "wait" }, { cause });
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { error_code: code, message } = answer.data ?? {};
  throw new HoldfastError({ code: code ?? "SERVICE_UNAVAILABLE", message: message ?? `The server answered with HTTP ${response.status}.` }, { status: response.status });
}

function lifetime(): { expires_in: number } | undefined {
  const short = shortly;
  shortly = false;
  return short ? { expires_in: 20 } : undefined;
}

interface Answer {
  access_token: string;
  expires_in: number;
  user_id: string;
}

function keep({ access_token: token, expires_in: seconds, user_id: user }: Answer): string {
  signedIn = user;
  access = { token, ttl: seconds * 1000, until: performance.now() + seconds * 1000 };
  return token;
}

async function post(path: string, body?: unknown): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      credentials: "include",
      // Without keepalive a tab that is closed in mid-refresh would lose the rotated cookie.
      keepalive: true,
      ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new HoldfastError({ code: "SERVICE_UNAVAILABLE", message: "The server cannot be reached.", recoverable: true, action: "wait" }, { cause });
  }
  if (response.ok) return (await response.json()) as Answer;
  const wait = Number(response.headers.get("retry-after")) * 1000;
  const refusal = (await response.json().catch(() => undefined)) as { data?: { error_code?: string } } | undefined;
  const code = refusal?.data?.error_code;
  if (code === "ORIGIN_NOT_ALLOWED") throw new HoldfastError({ code, message: wrongOrigin, recoverable: false, action: "stop" }, { status: response.status });
  if (response.status === 401 || response.status === 403 || response.status === 400) {
    const message = path === "/auth/login" ? "That email and password do not match." : "Your sign-in has ended.";
    throw new HoldfastError({ code: "AUTHENTICATION_FAILED", message, recoverable: false, action: "stop" }, { status: response.status });
  }
  throw new HoldfastError(
    { code: response.status === 429 ? "RATE_LIMIT_EXCEEDED" : "SERVICE_UNAVAILABLE", message: `The server answered with HTTP ${response.status}.`, recoverable: true, action: "wait", ...(wait > 0 && { retryAfter: wait }) },
    { status: response.status },
  );
}
