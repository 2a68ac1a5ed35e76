// The shell of one Durable Object: it delivers events to its Go instance (host.mjs) and
// carries out the effects. Go decides what any of it means.

import { Alarm } from "./alarm.mjs";
import { Clock } from "./clock.mjs";
import { reason, within } from "./fetch.mjs";
import { needHooks } from "./hooks.mjs";
import { Instance, everything } from "./host.mjs";
import { objectOf } from "./place.mjs";
import { post } from "./post.mjs";
import { recover, restart } from "./recovery.mjs";
import { verifyToken } from "./front.mjs";
import { scrub } from "./scrub.mjs";
import { accepted, closeSocket } from "./socket.mjs";
import module from "../../.build/current/object.wasm";

/** The kinds of input, as in edge/object/host.go. */
export const kind = { connect: 1, message: 2, binary: 3, closed: 4, sendFailed: 5, alarm: 6, request: 7, answered: 8, failed: 9 };

/** How long D1, another object or the check of a token may take, in milliseconds. */
const patience = 5_000;

/** The length of a socket's id, with which the socket's attachment begins. */
const idLength = 16;

/** After how many texts that came alone the shell checks whether others come during a commit. */
const probeEvery = 32;

/** How many characters may leave with one batch. They stay in memory until the batch has ended. */
const heavy = 4 << 20;

/** How many texts may wait for a commit, and of how many characters. They stay in memory. */
const most = { texts: 128, characters: 1 << 20 };

export class Shell {
	sockets = null; // id -> WebSocket; null until the first boot
	ids = new WeakMap(); // WebSocket -> id
	ending = null; // the socket whose close event is under way
	queue = []; // texts that wait for a commit
	queued = 0; // how many characters they have
	committing = null; // the promise of the commit under way
	crowded = false; // texts came during the last commit
	alone = 0;
	waiting = new Map(); // ask -> resolvers, of a fetch or a call without an answer yet
	asked = 0;
	asking = 0; // requests of the instance that have no answer yet
	scrubbed = null; // the promise of a scrub under way
	instance = null; // booted in the first event, never at global scope
	ended = false; // the object takes no more events: it starts anew on other storage
	longest = Infinity; // of a text that Go wants to see; known once booted

	constructor(ctx, env, objectClass) {
		needHooks();
		this.ctx = ctx;
		this.sql = ctx.storage.sql;
		this.env = env;
		this.objectClass = objectClass;
		this.alarm = new Alarm(ctx.storage, (err) => console.error(`object ${ctx.id.name}: alarm: ${err}`));
		this.clock = new Clock(Date.now, () => 1000 * this.sql.exec("SELECT unixepoch('subsec') AS now").one().now);
	}

	// enter delivers one event to Go as one unit: all that it writes is written together, and
	// effects leave only once that is done. After a trap or a refusal the shell drops the
	// instance. Then nothing has happened, and the next event boots another.
	enter(what, a = 0, id = "", text = "") {
		if (this.ended) throw new Error("the object starts anew");
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

	// message enters a text. While an earlier text is being made durable it queues the text:
	// the shell writes all queued texts in one transaction with one commit, which is most of
	// what an op costs.
	message(ws, text) {
		if (this.committing === null || this.ended) {
			this.one(kind.message, ws, text, text.length);
			if (this.crowded || ++this.alone % probeEvery === 0) this.commit();
			return;
		}
		// Nobody waits for it: a socket whose text is queued sends no second one.
		const shown = this.shown(text);
		this.queue.push({ ws, text: shown, length: text.length });
		this.queued += shown.length;
		if (this.queue.length >= most.texts || this.queued >= most.characters) this.flush();
	}

	// commit waits until the writes are durable. If texts come meanwhile, waiting is worth it
	// next time too. Then texts that have arrived and are not delivered yet get a turn as well,
	// because the runtime delivers them one by one.
	commit() {
		const written = this.ctx.storage.sync();
		this.committing = (this.crowded ? written.then(() => scheduler.wait(0)) : written).then(
			() => this.committed(),
			() => this.committed(),
		);
		this.ctx.waitUntil(this.committing); // the queue is in memory
	}

	committed() {
		this.committing = null;
		this.crowded = this.queue.length > 1; // one text is from the client that was just answered
		if (this.queue.length > 0) this.flush();
		if (this.crowded) this.commit();
	}

	// one enters an event of one socket. If it fails no other socket is affected. length is that
	// of the message, however much of it Go sees.
	one(what, ws, text, length) {
		try {
			this.enter(what, length, this.id(ws), text);
		} catch {
			// Nothing of it has happened. This client connects again; the others
			// notice nothing.
			closeSocket(ws, 1011, "");
		}
	}

	// shown returns what Go sees of a text: all of it, or nothing if Go only has to know its
	// length. A part of a text would keep the whole in memory for as long as it waits.
	shown(text) {
		return text.length > this.longest ? "" : text;
	}

	// flush enters everything in the queue, a batch at a time.
	flush() {
		while (this.queue.length > 0) this.batch();
	}

	// batch enters as much of the queue as may leave at once. Each text is still an event of
	// its own. If one of them fails, or their writes do, nothing of any has happened, and they
	// are entered again one by one.
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
			this.queue = []; // or these would come before the others
			for (const { ws, text, length } of queue) this.one(kind.message, ws, text, length);
			this.queue = rest;
			return;
		}
		if (out.length > 0) this.carryOut(out);
	}

	// write uses a transaction only for more than one statement. An op is one statement, and
	// a savepoint around it would cost as much as the op.
	write(statements) {
		const last = statements.lastIndexOf(everything);
		if (last >= 0) {
			// SQLite storage is erased at once, but never within a transaction. From
			// compatibility date 2026-02-24 on that includes the alarm.
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
		// The runtime does not hold changes of tables back like other writes.
		this.ctx.storage.transactionSync(() => {
			this.longest = this.instance.boot(this.objectClass);
		});
	}

	drop(err) {
		console.error(`object ${this.ctx.id.name}: ${err.stack ?? err}`);
		this.instance = null;
		this.sockets = null;
		if (this.asking > 0) this.alarm.set(Date.now() + 1_000); // the answers come to nobody: the next instance asks again
		this.asking = 0;
		for (const { reject } of this.waiting.values()) reject(err);
		this.waiting.clear();
	}

	// ask enters an event that Go answers, now or after other events.
	ask(what, text) {
		const ask = ++this.asked;
		const answer = Promise.withResolvers();
		this.waiting.set(ask, answer);
		answer.promise.catch(() => {}); // only a caller that waits has to handle it
		this.enter(what, ask, "", text);
		return answer.promise;
	}

	// restart ends the object and its sockets. What it would write until then would be lost, so it
	// takes no more events.
	restart() {
		this.ended = true;
		restart(this.ctx);
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
				// If a socket could not be accepted Go learns it when it sends there.
				console.error(`object ${this.ctx.id.name}: ${what}: ${err}`);
				if (what === "accept") this.waiting.get(args[0])?.reject(err);
			}
		}
		for (const id of failed) {
			try {
				this.enter(kind.sendFailed, 0, id);
			} catch {
				// The instance is dropped. The next one finds the socket missing.
			}
		}
	}

	// later brings the answer to a request back as an event, to the instance that asked.
	// Nothing else waits for it. It keeps the object awake no longer than it takes, and no
	// longer than longest: the instance must not wait for ever.
	later(ask, request, longest = patience, then = () => {}) {
		const { instance } = this;
		this.asking++;
		const back = (what, text) => {
			if (this.instance !== instance) return;
			this.enter(what, ask, "", text);
			if (this.instance === instance) this.asking--; // else drop has seen that it was open
		};
		const done = within(longest, request()).then(
			(text) => {
				back(kind.answered, text);
				then(text);
			},
			(err) => {
				// Its message may hold anything, and what a hook throws need not be an error.
				console.error(`object ${this.ctx.id.name}: ${err?.name}`);
				back(kind.failed, reason(err));
			},
		);
		this.ctx.waitUntil(done.catch(() => {})); // enter has handled a failed event
	}

	/** Returns the id of a socket. The attachment begins with it, and reading that is a copy. */
	id(ws) {
		let id = this.ids.get(ws);
		if (id === undefined) this.ids.set(ws, (id = ws.deserializeAttachment().slice(0, idLength)));
		return id;
	}

	// What host.mjs needs to know of the sockets.

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

// The effects that Go may emit, by the names in host.mjs.
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
				// Gone or closing: Go learns it once, and sends no more there.
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

	alarm(shell, failed, at) {
		shell.alarm.set(at);
	},

	respond(shell, failed, ask, status, text) {
		if (shell.scrubbed === null) return shell.settle(ask, { status, text });
		const { scrubbed } = shell;
		scrubbed.then(() => shell.settle(ask, { status, text }), (err) => shell.waiting.get(ask)?.reject(err));
	},

	scrub(shell) {
		shell.scrubbed = scrub(shell.ctx.storage);
		shell.scrubbed.catch((err) => console.error(`object ${shell.ctx.id.name}: scrub: ${err}`)).finally(() => (shell.scrubbed = null));
	},

	call(shell, failed, ask, binding, name, text) {
		shell.later(ask, async () => objectOf(shell.env, binding, name, shell.ctx.id.jurisdiction).call(text));
	},

	database(shell, failed, ask, binding, query, ...args) {
		shell.later(ask, async () => JSON.stringify(await shell.env[binding].prepare(query).bind(...args).raw()));
	},

	fetch(shell, failed, ask, timeout, most, url, authorization, header, prefix, before, secret, body) {
		const request = () => post({ url, authorization, header, prefix, before, secret, body, timeout, most }, shell.env, shell.ctx);
		shell.later(ask, request, Math.max(patience, timeout + 1_000)); // before that it ends by itself
	},

	recover(shell, failed, ask, at, bookmark) {
		const request = async () => JSON.stringify(await recover(shell.ctx.storage, at, bookmark));
		shell.later(ask, request, patience, (text) => "undo" in JSON.parse(text) && shell.restart());
	},

	verify(shell, failed, ask, token) {
		shell.later(ask, async () => verifyToken(shell.env, token, shell.ctx));
	},
};
