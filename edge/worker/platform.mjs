// What the program behind the HTTP routes may ask for (edge/attempt). Each returns a text, or fails.

import { within } from "./fetch.mjs";
import { variable } from "./hooks.mjs";
import { log } from "./log.mjs";
import { objectOf } from "./place.mjs";
import { post } from "./post.mjs";

/** How long a request waits for an object, in milliseconds: longer than an object waits for another. */
const patience = 10_000;

const encoder = new TextEncoder();
const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const keys = new Map(); // CryptoKeys by their JWK

/** Returns what the program asks for on behalf of one request. */
export function platform(env, ctx) {
	return {
		/** Has the request last until something is done, though it has been answered. */
		until: (done) => void ctx?.waitUntil(done),
		log: (line) => log(line, env, ctx),
		call: ({ binding, name }, text) => within(patience, objectOf(env, binding, name).call(text)),
		post: (what, text) => post(JSON.parse(text), env, ctx),

		// Statements are one transaction if they are several. Each returns its rows, or how many it changed.
		async database({ binding, statements }) {
			const all = statements.map(({ query, args }) => env[binding].prepare(query).bind(...args));
			if (all.length === 1 && statements[0].reads) return JSON.stringify([{ rows: await all[0].raw() }]);
			const results = all.length === 1 ? [await all[0].run()] : await env[binding].batch(all);
			return JSON.stringify(results.map(({ results, meta }, n) => (statements[n].reads ? { rows: results.map(Object.values) } : { changes: meta.changes })));
		},

		async derive({ salt, iterations }, password) {
			const key = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, ["deriveBits"]);
			return base64(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: Uint8Array.fromBase64(salt), iterations }, key, 256));
		},

		async sign({ variable: name }, text) {
			const jwk = variable(env, name);
			let key = keys.get(jwk);
			if (key === undefined) {
				key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), rsa, false, ["sign"]);
				if (keys.size >= 4) keys.clear();
				keys.set(jwk, key);
			}
			return base64(await crypto.subtle.sign(rsa, key, encoder.encode(text)));
		},
	};
}

const base64 = (buffer) => new Uint8Array(buffer).toBase64();
