// The hooks: functions of the Worker that Holdfast is a part of. They are asked where the HTTP
// services are, with the same limits, and what they answer is read by the core as a service's
// answer is. A hook that fails fails alone.

import { within } from "./fetch.mjs";
import { log, onLine, rarely, write } from "./log.mjs";
import { bound, eventsQueue } from "./queue.mjs";

/** Stands in PERMISSIONS_URL's place, so that the core asks the hook as it would ask a service. */
export const permissionsHook = "hook:permissions";

/** Stands in EVENTS_URL's place, so that events are given to the hook. */
export const eventsHook = "hook:events";

/** How long what an event's hook began may take, in milliseconds: it keeps an object awake. */
const patience = 10_000;

const names = ["claims", "permissions", "events", "onEvent"];
const encoder = new TextEncoder();
let hooks; // undefined until handler() has been called
let instead = {}; // what the core sees in place of variables

/**
 * Takes the hooks, once. Objects live in isolates of their own, where nothing of the Worker has
 * run but its modules. So hooks have to be there when the modules have been read, and stay.
 */
export function setHooks(given = {}) {
	if (given === null || typeof given !== "object") throw new TypeError(`handler: the hooks are an object with ${names.join(", ")}`);
	for (const [name, hook] of Object.entries(given)) {
		if (!names.includes(name)) throw new TypeError(`handler: there is no hook "${name}": there are ${names.join(", ")}`);
		if (hook !== undefined && typeof hook !== "function") throw new TypeError(`handler: the hook "${name}" is not a function`);
	}
	if (hooks !== undefined && names.some((name) => hooks[name] !== given[name]) && !readAgain()) {
		throw new Error("handler: it was called before with other hooks; call it once, at the top level of the Worker's entry");
	}
	hooks = Object.freeze({ ...given });
	instead = {
		...(hooks.permissions && { PERMISSIONS_URL: permissionsHook }),
		...(hooks.events && { EVENTS_URL: eventsHook }),
		...(hooks.claims && { "hook:claims": "1" }),
	};
	if (hooks.onEvent !== undefined) onLine(tell);
}

// readAgain reports whether a development server has read the entry's modules again: it does so
// within a request, where random numbers are to be had. Elsewhere other hooks in a request would
// be one user's for another.
function readAgain() {
	try {
		if (process.env.NODE_ENV !== "development") return false;
		crypto.getRandomValues(new Uint8Array(1));
		console.warn("holdfast: handler() was called again, and its new hooks count from now on; a deployment refuses that");
		return true;
	} catch {
		return false; // there is no process, or nothing has been asked yet
	}
}

/** Fails where handler() was not called: an object without its hooks would ask somebody else. */
export function needHooks() {
	if (hooks !== undefined) return;
	const why = "holdfast: handler() was not called at the top level of the Worker's entry, so this object does not know its hooks";
	console.error(why); // who called the object is told only that it failed
	throw new Error(why);
}

/** A variable as the core sees it. */
export function variable(env, name) {
	return inPlace(env)[name] ?? env[name];
}

/** The variables and bindings as the core sees them. */
export function variables(env) {
	return { ...env, ...inPlace(env) };
}

// inPlace is what the core sees in place of variables. A hook comes before a queue.
const inPlace = (env) => (instead.EVENTS_URL === undefined && bound(env) ? { ...instead, EVENTS_URL: eventsQueue } : instead);

/** Gives the hook the events that a backend at EVENTS_URL would be sent, and answers as one would: what it throws has them sent again. */
export async function takeEvents(body, env, ctx, timeout) {
	try {
		await within(timeout, (async () => hooks.events(frozen(JSON.parse(body).events), env))());
		return { status: 200 };
	} catch (err) {
		failed("events", err, env, ctx);
		throw err instanceof Error ? err : new TypeError("a hook threw what is no error");
	}
}

/** Asks the hook what a service at PERMISSIONS_URL would be asked, and answers what one would. */
export async function askPermissions(question, env, ctx, timeout, most) {
	let answer;
	try {
		answer = await within(timeout, (async () => hooks.permissions(Object.freeze(JSON.parse(question)), env))());
	} catch (err) {
		if (err?.status === 403 || err?.status === 404) return { status: err.status };
		failed("permissions", err, env, ctx);
		throw err instanceof Error ? err : new TypeError("a hook threw what is no error");
	}
	if (answer === null || answer === undefined) return { status: 404 };
	const body = text(answer);
	return encoder.encode(body).length > most ? { status: 200, error: "too large" } : { status: 200, body };
}

/** Asks the hook what a token says of its user. Nothing here holds the token. */
export async function askClaims({ claims, timeout_ms, max_bytes }, env, ctx, request) {
	let answer, body;
	try {
		const more = Object.freeze({ request: request && withoutToken(request), env });
		answer = await within(timeout_ms, (async () => hooks.claims(claims, more))());
		if (answer === null || answer === undefined) return { refused: true };
		body = text(answer);
		if (typeof answer !== "object" || !body.startsWith("{")) throw new TypeError("the hook claims returned what is no object of claims");
		if (encoder.encode(body).length > max_bytes) throw new RangeError("the hook claims returned too much");
	} catch (err) {
		if (err?.status === 401 || err?.status === 403) return { refused: true };
		failed("claims", err, env, ctx);
		return { error: "failed" };
	}
	return { body };
}

// withoutToken is a request as a hook may see it: without what may be a token or a session.
function withoutToken(request) {
	const url = new URL(request.url);
	url.searchParams.delete("token");
	const headers = new Headers(request.headers);
	for (const name of ["authorization", "cookie", "sec-websocket-protocol"]) headers.delete(name);
	return new Request(url, { headers, cf: request.cf });
}

// text is an answer as JSON; "" for one that has no such form.
function text(answer) {
	try {
		return JSON.stringify(answer) ?? "";
	} catch {
		return "";
	}
}

// tell gives a line of the log to the hook, once the core has ended its turn.
function tell(line, env, ctx) {
	const told = Promise.resolve().then(() => hooks.onEvent?.(frozen(JSON.parse(line)), Object.freeze({ env, ctx: Object.freeze({ waitUntil: (promise) => ctx?.waitUntil(promise) }) })));
	ctx?.waitUntil(within(patience, told).catch((err) => failed("onEvent", err)));
}

function frozen(value) {
	if (value !== null && typeof value === "object") Object.values(Object.freeze(value)).forEach(frozen);
	return value;
}

// failed logs, once a minute, that a hook failed and how. No hook is given a token. A failure of
// onEvent is no event.
function failed(name, err, env, ctx) {
	if (!rarely(`hook_failed ${name} ${err?.name}`)) return;
	const line = JSON.stringify({ level: "error", event: "hook_failed", hook: name, error: String(err?.stack ?? err).slice(0, 2000) });
	if (name === "onEvent") write(line);
	else log(line, env, ctx);
}
