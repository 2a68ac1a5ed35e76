// The front Worker's shell. Every request is an event for the core, which answers with one
// step at a time. This file carries the steps out and understands none of them.

import { fetchText, readBody, within } from "./fetch.mjs";
import { askClaims, variables } from "./hooks.mjs";
import { log } from "./log.mjs";
import { PendingSocket } from "./pending.mjs";
import { objectOf } from "./place.mjs";
import { platform } from "./platform.mjs";
import { serve } from "./program.mjs";
import { reactor } from "./runtime.mjs";
import { accepted, closeSocket, dropSocket } from "./socket.mjs";
import module from "../../.build/current/front.wasm";

/** How long a request waits for what the core asks before the first of all, in milliseconds. */
const patience = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// The core waits for nothing, so all requests of an isolate share it. It boots inside an
// event, because Go needs random numbers, which global scope does not have.
let core;
let room = { at: 0, bytes: 0 }; // where its input goes
let due = 0; // when the core has to be started, in milliseconds
let starting; // its start under way, for all who ask meanwhile
let fault; // the answer once the core has trapped, in its own words

function boot(env, ctx) {
	core = reactor(module);
	due = 0;
	room = { at: 0, bytes: 0 };
	const complaints = read(core.exports.front_boot(put(texts(env))));
	for (const line of complaints.split("\n")) if (line !== "") log(line, env, ctx);
	fault = turn({ kind: "fault" });
}

// texts returns the variables as Go sees them. One that is a list in wrangler.toml is one here too,
// and no binding is.
function texts(env) {
	const all = Object.entries(variables(env)).map(([name, value]) => [name, Array.isArray(value) ? JSON.stringify(value) : value]);
	return Object.fromEntries(all.filter(([, value]) => typeof value === "string"));
}

function put(value) {
	const text = encoder.encode(JSON.stringify(value));
	if (text.length > room.bytes) {
		const bytes = Math.max(text.length, 8192);
		room = { at: core.exports.front_alloc(bytes), bytes };
	}
	core.views().bytes.set(text, room.at);
	return text.length;
}

function read(at) {
	const { bytes, data } = core.views(); // the call may have moved the memory
	return decoder.decode(bytes.subarray(at + 4, at + 4 + data.getUint32(at, true)));
}

function turn(event) {
	return JSON.parse(read(core.exports.front_step(put({ ...event, now: Date.now() }))));
}

function ask(env, event, ctx) {
	try {
		if (core === undefined) boot(env, ctx);
		return turn(event);
	} catch (err) {
		core = undefined; // after a trap its state is unreliable; the next event boots another
		throw err;
	}
}

// next takes one step of the core, and writes the step's lines to the log.
function next(env, event, ctx) {
	const step = ask(env, event, ctx);
	if (step.log !== undefined) log(step.log, env, ctx);
	return step;
}

// decide takes steps until one ends the request or brings a socket. If a pending socket has
// closed by then nothing more is done for it.
async function decide(env, event, ctx, request, pending) {
	for (let step = next(env, event, ctx); ; ) {
		if (pending !== undefined) {
			if (pending.gone) return {};
			pending.state = step.state;
		}
		const act = acts[step.do];
		if (act === undefined) return step;
		let result;
		try {
			result = await act(step, env, ctx, request);
		} catch (err) {
			console.error(`front: ${step.do}: ${err.name}`); // its message may hold anything
			result = { error: err.name };
		}
		if (result instanceof Response) {
			if (step.settle && !pending?.gone) ask(env, { kind: "settled", state: step.state });
			if (step.log_after !== undefined) afterwards(() => log(step.log_after, env, ctx), ctx);
			return { ...step, response: result };
		}
		step = next(env, { kind: "result", state: step.state, result }, ctx);
	}
}

// afterwards does what nobody waits for, once the answer is on its way.
function afterwards(what, ctx) {
	const done = scheduler.wait(0).then(what);
	ctx?.waitUntil(done);
}

const fetches = new Map(); // those under way, by URL
const keys = new Map(); // CryptoKeys by the text of their algorithm and JWK

const acts = {
	async verify({ algorithm, jwk, input, signature }) {
		const name = JSON.stringify([algorithm, jwk]);
		let key = keys.get(name);
		if (key === undefined) {
			key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
			if (keys.size >= 64) keys.clear();
			keys.set(name, key);
		}
		const bytes = Uint8Array.fromBase64(signature, { alphabet: "base64url" });
		return { ok: await crypto.subtle.verify(algorithm, key, bytes, encoder.encode(input)) };
	},

	// A caller that asks while an answer is under way waits for that answer, as long as it
	// may take. The fetch goes on when the request that began it ends. If the isolate's clock
	// says that it has taken too long the next caller begins another.
	fetch({ url, timeout_ms, max_bytes }, env, ctx) {
		let one = fetches.get(url);
		if (one === undefined || Date.now() - one.begun > timeout_ms) {
			one = { begun: Date.now(), answer: fetchText(url, {}, timeout_ms, max_bytes) };
			const over = () => fetches.get(url) === one && fetches.delete(url);
			const end = one.answer.then(over, over);
			ctx?.waitUntil(end);
			fetches.set(url, one);
		}
		return within(timeout_ms, one.answer);
	},

	note: async () => ({}),

	claims_hook: (step, env, ctx, request) => askClaims(step, env, ctx, request),

	async call({ binding, name, body }, env) {
		return { body: await objectOf(env, binding, name).call(body) };
	},

	async query({ binding, sql, args, timeout_ms }, env) {
		return { rows: await within(timeout_ms, env[binding].prepare(sql).bind(...args).raw()) };
	},

	// The object receives nothing of the visitor's own request, so no header of theirs can pass
	// for ours, and no token in a URL goes further than here.
	async forward({ binding, name, body }, env) {
		const headers = { upgrade: "websocket", "x-holdfast-connect": encoder.encode(body).toBase64() };
		const response = await objectOf(env, binding, name).fetch("http://object/", { headers });
		return response.status === 101 ? response : { status: response.status, body: await response.text() };
	},

	hold(step, env, ctx) {
		if (!PendingSocket.room(step)) return { full: true };
		const pending = new PendingSocket(step, ctx, () => next(env, { kind: "result", state: pending.state, result: { full: true } }, ctx));
		pending.state = step.state;
		ctx.waitUntil(receive(pending, env, ctx));
		return pending.response;
	},
};

const ends = {
	respond: ({ status, headers, body }) => new Response(body === "" ? null : body, { status, headers }),

	refuse({ protocol, frame, code, reason }, request, env, ctx) {
		const [client, server] = Object.values(new WebSocketPair());
		server.accept();
		server.send(frame);
		closeSocket(server, code, reason);
		dropSocket(server, ctx);
		return accepted(client, protocol);
	},

	assets: (step, request, env) => (env.ASSETS === undefined ? ends.respond(step.otherwise) : env.ASSETS.fetch(request)),

	async handler(step, request, env, ctx) {
		let body = null;
		if (request.body !== null) {
			body = await readBody(request.body, step.timeout_ms, step.max_bytes);
			if (typeof body === "string") return ends.respond(step[body]);
			if ((request.method === "GET" || request.method === "HEAD") && body.length > 0) return ends.respond(step.unwanted);
		}
		const { method, url } = request;
		const headers = new Headers(step.headers.filter((name) => request.headers.has(name)).map((name) => [name, request.headers.get(name)]));
		const response = await serve({ ...env, ...texts(env), ...step.env }, { method, url, headers, body }, platform(env, ctx));
		if (step.settle && response.status < 400) ask(env, { kind: "settled", state: step.state });
		return response;
	},
};

// receive finds out whose a pending socket is, and closes it or joins it to an object's.
async function receive(pending, env, ctx) {
	try {
		const result = await pending.first;
		if (pending.gone) return;
		const end = await decide(env, { kind: "result", state: pending.state, result }, ctx, null, pending);
		if (end.response === undefined) {
			pending.refuse(end);
		} else {
			const translate = (event) => ask(env, { kind: "translate", ...event }, ctx);
			pending.join(end.response.webSocket, end.first, end.translate && { state: end.translate, translate });
		}
	} catch (err) {
		complain(err);
		pending.refuse({});
	}
}

// complain logs where something failed, without the message, which may hold anything.
function complain(err) {
	console.error(`front: ${err.name} ${err.stack?.slice(err.stack.indexOf("\n"))}`);
}

// started resolves when the core knows what it has to know before the first request, or does not
// get to know it now.
function started(env, ctx) {
	if (Date.now() < due) return;
	if (starting === undefined || Date.now() - starting.begun > patience) {
		const one = (starting = { begun: Date.now() });
		const over = (again) => {
			due = Date.now() + again;
			if (starting === one) starting = undefined;
		};
		one.end = decide(env, { kind: "start" }, ctx).then(({ again_ms: again = Infinity }) => over(again), () => over(0));
		ctx?.waitUntil(one.end);
	}
	return within(patience, starting.end).catch(() => {});
}

/** Answers one request. */
export async function fetchRequest(request, env, ctx) {
	try {
		await started(env, ctx);
		const event = { kind: "request", method: request.method, url: request.url, headers: Object.fromEntries(request.headers) };
		const end = await decide(env, event, ctx, request);
		return end.response ?? (await ends[end.do](end, request, env, ctx));
	} catch (err) {
		complain(err);
		return fault === undefined ? new Response(null, { status: 500 }) : ends.respond(fault);
	}
}

/** Reports whether a request is for a route of the core's. */
export function handles(env, { url }) {
	return ask(env, { kind: "handles", url }).handles === true;
}

/** Judges a token, for an object that replaces one in place: returns the text of a final step. */
export async function verifyToken(env, token, ctx) {
	return JSON.stringify(await decide(env, { kind: "verify_token", token }, ctx, null));
}
