// Texts that Go posts to a service outside, signed where it asks for that, or gives to what stands
// in a service's place: a hook, or a queue.

import { fetchText, within } from "./fetch.mjs";
import { askPermissions, eventsHook, permissionsHook, takeEvents } from "./hooks.mjs";
import { eventsQueue } from "./queue.mjs";

const encoder = new TextEncoder();

/** Posts a text and returns the text of an object with the answer's status and body. */
export async function post({ url, authorization, header, prefix, before, secret, body, timeout, most }, env, ctx) {
	return JSON.stringify(await answer());

	async function answer() {
		if (url === permissionsHook) return askPermissions(body, env, ctx, timeout, most);
		if (url === eventsHook) return takeEvents(body, env, ctx, timeout);
		if (url === eventsQueue) return within(timeout, send(env.EVENTS_QUEUE, body));
		const headers = { "content-type": "application/json", ...(authorization !== "" && { authorization }) };
		if (header !== "") headers[header] = await signatures(prefix, secret, before + body);
		return fetchText(url, { method: "POST", headers, body }, timeout, most);
	}
}

// send puts each event into the queue, as a message of its own.
async function send(queue, body) {
	await queue.sendBatch(JSON.parse(body).events.map((event) => ({ body: event, contentType: "json" })));
	return { status: 200 };
}

// signatures signs a text by each of the secrets, which spaces separate: while a secret is being
// replaced a receiver may know either. The prefix ends in a signature's name, and so does each that follows.
async function signatures(prefix, secret, text) {
	const all = await Promise.all(secret.split(/\s+/).filter(Boolean).map((one) => signature(one, text)));
	return prefix + all.join(prefix.slice(prefix.lastIndexOf(",")));
}

/** Returns the HMAC-SHA256 of a text, in hexadecimal. */
async function signature(secret, text) {
	const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
	return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))).toHex();
}
