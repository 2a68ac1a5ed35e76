// The two accounts of a development server. They are made by the operators' calls of the server
// that has just been started, so they are in its local database and nowhere else.
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { read } from "./secret_file.mjs";
import { parsed } from "./signing_key.mjs";

const people = { "ann@example.com": "Ann", "bob@example.com": "Bob" };

/**
 * Makes the accounts, if they are not there yet, with a password that is remembered in a file.
 * Returns { people, password }, or { problem } if there can be none; {} if other people's issuer signs in.
 */
export async function accounts(url, adminToken = "", file) {
	const known = parsed(read(file) ?? "");
	if (typeof known?.password === "string") return { people: Object.keys(people), password: known.password };
	const password = speakable();
	// Entries are TOKEN or NAME:TOKEN.
	const bearer = adminToken.split(/[\s,]+/)[0].replace(/^[^:]*:/, "");
	const call = (method, path, body) =>
		fetch(new URL(path, url), { method, headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" }, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(30_000) });
	try {
		for (const [email, name] of Object.entries(people)) {
			let answer = await call("POST", "/v1/admin/accounts", { email, name, password });
			// The file is gone and the database is not.
			if (answer.status === 409) {
				const [{ id }] = (await (await call("GET", `/v1/admin/accounts?email=${encodeURIComponent(email)}`)).json()).accounts;
				answer = await call("PUT", `/v1/admin/accounts/${id}/password`, { password });
			}
			if (!answer.ok) {
				const { reason, message } = details(await answer.json().catch(() => undefined));
				return reason === "no_embedded_issuer" ? {} : { problem: message ?? `the Worker answered with HTTP ${answer.status}.` };
			}
		}
	} catch (err) {
		return { problem: `the Worker does not answer (${err.message}).` };
	}
	writeFileSync(file, JSON.stringify({ password }), { mode: 0o600 });
	return { people: Object.keys(people), password };
}

const details = (answer) => ({ reason: answer?.data?.details?.reason, message: answer?.data?.message });

/** Returns a random password that can be typed off a screen: 50 bits, which no network sees. */
function speakable() {
	const letter = (of) => of[randomInt(of.length)];
	const syllable = () => letter("bdfghjklmnprstvz") + letter("aeiou");
	return Array.from({ length: 4 }, () => syllable() + syllable()).join("-");
}
