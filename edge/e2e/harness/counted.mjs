// The built Worker with a count of what it costs, for edge/e2e/cost_test.go: an entry before the
// bundle's own. The Worker that ships has nothing of it.
//
// The platform charges for rows (SQLite's own count, indexes included, and one for each alarm that
// is set), for requests and calls of objects, for messages that come in, and for the time an object is in
// memory, which begins when it is made. `memory` is how many bytes its Go instance has.

import worker, * as classes from "./worker.js";

const none = () => ({ made: 0, calls: 0, upgrades: 0, messages: 0, closes: 0, alarms: 0, set: 0, written: 0, read: 0, sent: 0 });
const objects = new Map(); // by class and name
const front = { requests: 0, queries: 0, written: 0, read: 0 };
const pending = new Set(); // cursors that have not been read to their end

// A Go instance is made within an event, so it is that of the object whose event began last.
let current;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
	constructor(module, imports) {
		super(module, imports);
		if (imports.holdfast && current) current.go = this.exports.memory;
	}
};

const of = (name) => {
	if (!objects.has(name)) objects.set(name, none());
	return objects.get(name);
};

// settle adds what cursors have come to since.
function settle() {
	for (const p of pending) {
		const { cursor, count } = p;
		count.written += cursor.rowsWritten - p.written;
		count.read += cursor.rowsRead - p.read;
		[p.written, p.read] = [cursor.rowsWritten, cursor.rowsRead];
		if (p.over) pending.delete(p);
		p.over = true; // nothing is read for longer than from one statement to the next but one
	}
}

function counting(ctx, count) {
	const { storage } = ctx;
	const { sql } = storage;
	const exec = (...args) => {
		settle();
		const cursor = sql.exec(...args);
		pending.add({ cursor, count, written: 0, read: 0, over: false });
		return cursor;
	};
	const counted = { exec, get databaseSize() { return sql.databaseSize; } };
	const over = (name) => (...args) => {
		if (name === "setAlarm") count.set++;
		return storage[name](...args);
	};
	const wrapped = new Proxy(storage, { get: (_, name) => (name === "sql" ? counted : typeof storage[name] === "function" ? over(name) : storage[name]) });
	Object.defineProperty(ctx, "storage", { value: wrapped });
}

// A session of D1 has the two ways in which everything is asked, and each answer says its rows.
function database(db, count) {
	const session = db.withSession("first-primary");
	for (const name of ["_sendOrThrow", "_queryOrThrow"]) {
		const ask = session[name]?.bind(session);
		session[name] = async (...args) => {
			const answer = await ask(...args);
			for (const { meta } of [answer].flat()) {
				count.queries++;
				count.read += meta.rows_read;
				count.written += meta.rows_written;
			}
			return answer;
		};
	}
	return session;
}

function counted(name, Class) {
	return class extends Class {
		#count;

		constructor(ctx, env) {
			const count = of(`${name} ${ctx.id.name}`);
			count.made++;
			counting(ctx, count);
			super(ctx, { ...env, DB: database(env.DB, front) });
			this.#count = count;
		}

		call(text) {
			(current = this.#count).calls++;
			return super.call(text);
		}

		fetch(request) {
			(current = this.#count).upgrades++;
			return super.fetch(request);
		}

		webSocketMessage(...args) {
			(current = this.#count).messages++;
			return super.webSocketMessage(...args);
		}

		webSocketClose(...args) {
			(current = this.#count).closes++;
			return super.webSocketClose(...args);
		}

		alarm(...args) {
			(current = this.#count).alarms++;
			return super.alarm(...args);
		}
	};
}

export const UserSession = counted("UserSession", classes.UserSession);
export const Document = counted("Document", classes.Document);

export default {
	async fetch(request, env, ctx) {
		if (new URL(request.url).pathname === "/counts") {
			settle();
			const all = [...objects].map(([name, { go, ...count }]) => [name, { ...count, memory: go?.buffer.byteLength ?? 0 }]);
			return Response.json({ front, objects: Object.fromEntries(all) });
		}
		front.requests++;
		return worker.fetch(request, { ...env, DB: database(env.DB, front) }, ctx);
	},
};
