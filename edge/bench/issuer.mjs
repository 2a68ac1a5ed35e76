// The least that a sign-in and a refresh can be in JavaScript: the password's hash, a token signed by
// jose, a refresh token that serves once, and a statement or a batch of them where one is needed.
// It has no limits, no families and no sweeps.

import { SignJWT, importJWK } from "jose";

const encoder = new TextEncoder();
const digest = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();
const random = () => crypto.getRandomValues(new Uint8Array(16)).toBase64({ alphabet: "base64url", omitPadding: true });
let key;

async function answer(env, user, next, before) {
	key ??= await importJWK(JSON.parse(env.SIGNING_KEY), "RS256");
	const token = await new SignJWT({ user_id: user.id, email: user.email, name: user.name })
		.setProtectedHeader({ alg: "RS256", typ: "JWT" })
		.setIssuer(env.ISSUER)
		.setIssuedAt()
		.setExpirationTime("15m")
		.setJti(random())
		.sign(key);
	await env.DB.batch([
		env.DB.prepare("INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)").bind(await digest(next), "bare", user.id, Date.now(), Date.now() + 1e9),
		...(before === undefined ? [] : [env.DB.prepare("DELETE FROM refresh_tokens WHERE hash = ?").bind(before)]),
	]);
	const headers = { "set-cookie": `holdfast_refresh=${next}; Path=/; HttpOnly; SameSite=Strict` };
	return Response.json({ access_token: token, user_id: user.id }, { headers });
}

export async function login(request, env) {
	const { email, password } = await request.json();
	const user = await env.DB.prepare("SELECT id, email, name, password_hash, salt, iterations FROM users WHERE email = ?").bind(email).first();
	const secret = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, ["deriveBits"]);
	const hash = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: Uint8Array.fromHex(user.salt), iterations: user.iterations }, secret, 256);
	if (new Uint8Array(hash).toHex() !== user.password_hash) return new Response(null, { status: 401 });
	return answer(env, user, random());
}

export async function refresh(request, env) {
	const before = await digest(/holdfast_refresh=([^;]+)/.exec(request.headers.get("cookie"))[1]);
	const user = await env.DB.prepare("SELECT u.id, u.email, u.name FROM refresh_tokens r JOIN users u ON u.id = r.user_id WHERE r.hash = ?").bind(before).first();
	if (user === null) return new Response(null, { status: 401 });
	return answer(env, user, random(), before);
}
