// Who is signed in on this browser, with the accounts that the Worker keeps itself. For an
// identity provider of your own, replace what is in here: the rest of the app asks only
// `account`, `getToken`, `signIn`, `signOut` and `forget`.

// The access token stays in memory. The refresh token is a cookie that no script can read.
let fresh;

// Whom to expect after a reload: a name and an id, no secret.
const key = "holdfast.account";

/** Returns who signed in here last: `{ id, name }`, or undefined. */
export function account() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Signs in. Rejects with an Error whose message people can read. */
export async function signIn(email, password) {
  const answer = await post("/auth/login", { email, password }).catch(() => undefined);
  if (!answer) throw new Error("The server cannot be reached.");
  if (!answer.ok) throw new Error(await reason(answer));
  fresh = (await answer.json()).access_token;
  const { user_id: id, name, email: address } = claims(fresh);
  localStorage.setItem(key, JSON.stringify({ id, name: name || address }));
}

/** Returns an access token for a session. Holdfast calls it, in one tab at a time. */
export async function getToken() {
  const token = fresh;
  fresh = undefined;
  if (token) return token;
  const answer = await post("/auth/refresh");
  if (!answer.ok) throw answer; // 401: nobody is signed in
  return (await answer.json()).access_token;
}

/** Forgets who is signed in, in this browser only. */
export function forget() {
  fresh = undefined;
  localStorage.removeItem(key);
}

/** Ends the sign-in on the server, too. A session calls it when it is signed out. */
export async function signOut() {
  forget();
  await post("/auth/logout");
}

function post(path, body) {
  // With keepalive a tab that is closed meanwhile does not lose the next cookie.
  return fetch(path, {
    method: "POST",
    keepalive: true,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
}

async function reason(answer) {
  const error = (await answer.json().catch(() => undefined))?.data;
  if (answer.status === 429) return "Too many attempts. Wait a minute, then try again.";
  return error?.message ?? `The server answered with HTTP ${answer.status}.`;
}

function claims(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0))));
}
