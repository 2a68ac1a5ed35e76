// One Durable Object's shell: it hands events to its Go instance (host.mjs) and
// carries out what comes back. What any of it means is decided in Go.

import { Clock } from "./clock.mjs";
import { fetchText, within } from "./fetch.mjs";
import { Instance, everything } from "./host.mjs";
import { verifyToken } from "./front.mjs";
import { accepted, closeSocket } from "./socket.mjs";
import module from "../../.build/current/object.wasm";

/** The kinds of input, as in edge/object/host.go. */
export const kind = { connect: 1, message: 2, binary: 3, closed: 4, sendFailed: 5, alarm: 6, request: 7, answered: 8, failed: 9 };

/** How long D1, another object or a token's check may take, in milliseconds. */
const patience = 5_000;

/** How long a socket's id is, with which its attachment begins. */
const idLength = 16;

/** How often a text that came alone looks whether others come during its commit. */
const probeEvery = 32;

/** How many characters may leave with one batch: they are in memory until it has ended. */
const heavy = 4 << 20;

/** How many texts wait for a commit at most, and of how many characters: they are kept in memory. */
const most = { texts: 128, characters: 1 << 20 };

export class Shell {
	sockets = null; // id -> WebSocket; null until the first boot
	ids = new WeakMap(); // WebSocket -> id
	ending = null; // the socket whose close is being told
	queue = []; // texts that wait for a commit
	queued = 0; // characters of them
	committing = null; // the promise of it
	crowded = false; // texts came during the last one
	alone = 0;
	waiting = new Map(); // ask -> resolvers, of a fetch or a call that is not answered
	asked = 0;
	instance = null; // booted in the first event, never at global scope
	longest = Infinity; // of a text that Go wants to see; known from the first boot on

	constructor(ctx, env, objectClass) {
		this.ctx = ctx;
		this.sql = ctx.storage.sql;
		this.env = env;
		this.objectClass = objectClass;
		this.clock = new Clock(Date.now, () => 1000 * this.sql.exec("SELECT unixepoch('subsec') AS now").one().now);
	}

	// enter gives Go one event as one whole: what it writes is written together,
	// and only when that stands does anything leave. After a trap or a refusal the
	// instance is dropped, nothing has happened, and the next event boots another.
	enter(what, a = 0, id = "", text = "") {
		if (this.queue.length > 0) this.flush();
		let out;
		try {
			if (this.instance === null) this.boot();
			this.instance.event(what, a, id, what === kind.message ? this.shown(text) : text);
			const taken = this.instance.taken();
			this.write(taken.writes);
			out = taken.out;
		} catch (err) {
			this.drop(err);
			throw err;
		}
		if (out.length > 0) this.carryOut(out);
	}

	// message is enter for a text, and waits for others while an earlier one is being
	// made durable: what has come by then is written in one transaction, with one
	// commit, which is most of what an op costs.
	message(ws, text) {
		if (this.committing === null) {
			this.one(kind.message, ws, text, text.length);
			if (this.crowded || ++this.alone % probeEvery === 0) this.commit();
			return;
		}
		// Nobody waits for it: a socket whose text is waited for gets no second one.
		const shown = this.shown(text);
		this.queue.push({ ws, text: shown, length: text.length });
		this.queued += shown.length;
		if (this.queue.length >= most.texts || this.queued >= most.characters) this.flush();
	}

	// commit waits for what was written to be durable. Whether texts came meanwhile says
	// whether waiting is worth it next time too; where they do, those that have arrived
	// and not been handed over yet get a turn as well, for they come one by one.
	commit() {
		const written = this.ctx.storage.sync();
		this.committing = (this.crowded ? written.then(() => scheduler.wait(0)) : written).then(
			() => this.committed(),
			() => this.committed(),
		);
		this.ctx.waitUntil(this.committing); // the queue lives in memory
	}

	committed() {
		this.committing = null;
		this.crowded = this.queue.length > 1; // one is whoever has just been answered
		if (this.queue.length > 0) this.flush();
		if (this.crowded) this.commit();
	}

	// one is an event of a socket's own making: that it failed is for nobody else. length is
	// the message's, whatever Go gets to see of it.
	one(what, ws, text, length) {
		try {
			this.enter(what, length, this.id(ws), text);
		} catch {
			// Nothing of it has happened. The one who sent it begins again; the
			// others never notice.
			closeSocket(ws, 1011, "");
		}
	}

	// shown is what Go gets to see of a text: all of it, or nothing, when it only has to know
	// how long it was. A part of it would keep the whole in memory for as long as it waits.
	shown(text) {
		return text.length > this.longest ? "" : text;
	}

	// flush gives Go everything that waits, a batch at a time.
	flush() {
		while (this.queue.length > 0) this.batch();
	}

	// batch is a flush of as much as may leave at once. Each text is still an event of
	// its own; when one of them fails, or their writes do, nothing of any has happened,
	// and they are entered again one by one.
	batch() {
		const queue = this.queue.splice(0);
		this.queued = 0;
		if (queue.length === 1) return this.one(kind.message, queue[0].ws, queue[0].text, queue[0].length);
		let out;
		try {
			if (this.instance === null) this.boot();
			this.ctx.storage.transactionSync(() => {
				let n = 0;
				while (n < queue.length && this.instance.leaving < heavy) {
					const { ws, text, length } = queue[n++];
					this.instance.event(kind.message, length, this.id(ws), this.shown(text));
				}
				this.queue = queue.splice(n);
				const taken = this.instance.taken();
				this.run(taken.writes);
				out = taken.out;
			});
		} catch (err) {
			this.drop(err);
			const rest = this.queue;
			this.queue = []; // or they would go before these
			for (const { ws, text, length } of queue) this.one(kind.message, ws, text, length);
			this.queue = rest;
			return;
		}
		if (out.length > 0) this.carryOut(out);
	}

	// write needs a transaction only for what is more than one statement: an op is
	// one, and a savepoint around it would cost as much as the op.
	write(statements) {
		const last = statements.lastIndexOf(everything);
		if (last >= 0) {
			// SQLite storage is emptied at once, but never within a transaction. The alarm
			// goes with it from compatibility date 2026-02-24 on.
			this.ctx.storage.deleteAll().catch((err) => console.error(`object ${this.ctx.id.name}: ${err}`));
			statements = statements.slice(last + 1);
		}
		if (statements.length > 1) {
			this.ctx.storage.transactionSync(() => this.run(statements));
		} else {
			this.run(statements);
		}
	}

	run(statements) {
		for (const statement of statements) this.sql.exec(...statement);
	}

	boot() {
		this.sockets = new Map(this.ctx.getWebSockets().map((ws) => [this.id(ws), ws]));
		this.instance = new Instance(module, this);
		// Changes of the tables are not kept back as other writes are.
		this.ctx.storage.transactionSync(() => {
			this.longest = this.instance.boot(this.objectClass);
		});
	}

	drop(err) {
		console.error(`object ${this.ctx.id.name}: ${err.stack ?? err}`);
		this.instance = null;
		this.sockets = null;
		for (const { reject } of this.waiting.values()) reject(err);
		this.waiting.clear();
	}

	// ask gives Go an event that it answers, now or after other events.
	ask(what, text) {
		const ask = ++this.asked;
		const answer = Promise.withResolvers();
		this.waiting.set(ask, answer);
		answer.promise.catch(() => {}); // whoever waits hears of it, and nobody else has to
		this.enter(what, ask, "", text);
		return answer.promise;
	}

	settle(ask, answer) {
		this.waiting.get(ask)?.resolve(answer);
		this.waiting.delete(ask);
	}

	carryOut(out) {
		const failed = [];
		for (const [what, ...args] of out) {
			try {
				effects[what](this, failed, ...args);
			} catch (err) {
				// Of a socket that could not be had Go hears when it sends there.
				console.error(`object ${this.ctx.id.name}: ${what}: ${err}`);
				if (what === "accept") this.waiting.get(args[0])?.reject(err);
			}
		}
		for (const id of failed) {
			try {
				this.enter(kind.sendFailed, 0, id);
			} catch {
				// The instance is dropped, and the next one misses the socket by itself.
			}
		}
	}

	// later brings a request's answer back as an event, to the instance that asked.
	// Nothing else waits for it, and it keeps the object awake no longer than it
	// takes, or than longest lasts: who asked must not wait for ever.
	later(ask, request, longest = patience) {
		const { instance } = this;
		const back = (what, text) => {
			if (this.instance === instance) this.enter(what, ask, "", text);
		};
		const done = within(longest, request()).then(
			(text) => back(kind.answered, text),
			(err) => {
				console.error(`object ${this.ctx.id.name}: ${err.name}`); // its message may hold anything
				back(kind.failed, "");
			},
		);
		this.ctx.waitUntil(done.catch(() => {})); // a failed event has been dealt with by enter
	}

	/** The id of a socket. The attachment begins with it; reading that is a copy. */
	id(ws) {
		let id = this.ids.get(ws);
		if (id === undefined) this.ids.set(ws, (id = ws.deserializeAttachment().slice(0, idLength)));
		return id;
	}

	// What host.mjs asks of the sockets.

	open() {
		return [...this.sockets].filter(([, ws]) => ws.readyState === WebSocket.OPEN || ws === this.ending).map(([id]) => id);
	}

	seen(id) {
		const ws = this.sockets.get(id);
		return ws === undefined ? 0 : (this.ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0);
	}

	attached() {
		return [...this.sockets].map(([id, ws]) => [id, ws.deserializeAttachment().slice(idLength)]).filter(([, text]) => text !== "");
	}

	autoResponse(request, response) {
		this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(request, response));
	}
}

// What Go may want to leave, by the names host.mjs gives them.
const effects = {
	accept(shell, failed, ask, id, protocol) {
		const [client, server] = Object.values(new WebSocketPair());
		shell.ctx.acceptWebSocket(server, [id]);
		server.serializeAttachment(id);
		shell.sockets.set(id, server);
		shell.settle(ask, accepted(client, protocol));
	},

	send(shell, failed, ids, text) {
		for (const id of ids) {
			try {
				shell.sockets.get(id).send(text);
			} catch {
				// Gone, or closing: Go hears of it once and does not send there again.
				shell.sockets.delete(id);
				failed.push(id);
			}
		}
	},

	attach(shell, failed, id, text) {
		shell.sockets.get(id)?.serializeAttachment(id + text);
	},

	close(shell, failed, id, code, reason) {
		const ws = shell.sockets.get(id);
		shell.sockets.delete(id);
		if (ws !== undefined) closeSocket(ws, code, reason);
	},

	alarm({ ctx }, failed, at) {
		const done = at === 0 ? ctx.storage.deleteAlarm() : ctx.storage.setAlarm(at);
		done.catch((err) => console.error(`object ${ctx.id.name}: alarm: ${err}`));
	},

	respond(shell, failed, ask, status, text) {
		shell.settle(ask, { status, text });
	},

	call(shell, failed, ask, binding, name, text) {
		shell.later(ask, async () => shell.env[binding].getByName(name).call(text));
	},

	database(shell, failed, ask, binding, query, ...args) {
		shell.later(ask, async () => JSON.stringify(await shell.env[binding].prepare(query).bind(...args).raw()));
	},

	fetch(shell, failed, ask, timeout, most, url, authorization, header, prefix, before, secret, body) {
		const request = async () => {
			const headers = { "content-type": "application/json", ...(authorization !== "" && { authorization }) };
			if (header !== "") headers[header] = prefix + (await signature(secret, before + body));
			return JSON.stringify(await fetchText(url, { method: "POST", headers, body }, timeout, most));
		};
		shell.later(ask, request, Math.max(patience, timeout + 1_000)); // it ends by itself before that
	},

	verify(shell, failed, ask, token) {
		shell.later(ask, async () => verifyToken(shell.env, token));
	},
};

const encoder = new TextEncoder();

/** The HMAC-SHA256 of a text, in hexadecimal. */
async function signature(secret, text) {
	const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
	return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))).toHex();
}
