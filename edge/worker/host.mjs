// One Go instance and the host call it makes: memory, SQLite, what is to leave.
// The ABI is documented in edge/objectwasm. Nothing here knows the protocol.
//
// No host function throws into Go: it answers -1 and the event has failed. What Go
// writes and what is to leave is only collected (`writes`, `out`); shell.mjs carries
// it out, in order, once the event has ended well.

import { variable } from "./hooks.mjs";
import { log, rarely } from "./log.mjs";
import { runtime } from "./runtime.mjs";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // an id may begin with one
const encoder = new TextEncoder();
const idBytes = 16;

/** Stands among the writes for the deletion of everything that is stored. */
export const everything = ["everything"];

export class Instance {
	/** @param module the compiled wasm; object: the shell it runs for. */
	constructor(module, object) {
		this.object = object;
		this.sql = object.ctx.storage.sql;
		this.statements = [];
		this.rows = null; // the cursor of the query under way
		this.held = null; // a row or an answer that did not fit
		this.input = 0; // where Go takes events, and how long one may be there
		this.room = 0;
		this.recent = []; // short texts, by a hash of them
		this.failure = null; // the first host call that failed
		this.writes = []; // [text, ...parameters]
		this.ended = 0; // how many of them are of events that have ended
		this.out = []; // [what, ...arguments]
		this.leaving = 0; // characters of the texts in it
		const call = (op, ptr, n, out, cap) => {
			try {
				this.views();
				return numbered[op](this, ptr, ptr + n, out, cap);
			} catch (err) {
				this.failure ??= new Error(`host call ${Object.keys(operations)[op]}: ${err.message}`, { cause: err });
				return -1;
			}
		};
		const instance = new WebAssembly.Instance(module, { holdfast: { call }, ...runtime(() => this.views()) });
		this.go = instance.exports;
		this.memory = this.go.memory;
		this.go._initialize();
	}

	// views renews the views on memory: growing it detaches them.
	views() {
		if (this.bytes?.buffer !== this.memory.buffer) {
			this.bytes = new Uint8Array(this.memory.buffer);
			this.data = new DataView(this.memory.buffer);
		}
		return this;
	}

	/** Boots the object of a class; answers the longest text Go wants to see. */
	boot(objectClass) {
		const longest = this.go.boot(objectClass, this.object.clock.now());
		if (longest === 0 || this.failure) throw this.failure ?? new Error("the object could not be booted");
		return longest;
	}

	/** Hands Go one event: an ask or close code, a socket's id or "", and a text. Throws when it failed. */
	event(kind, a, id, text) {
		const need = id.length + text.length * 3;
		if (need > this.room) {
			this.input = this.go.alloc(need);
			this.room = need;
		}
		const { bytes } = this.views();
		let at = this.input;
		for (let n = 0; n < id.length; n++) bytes[at++] = id.charCodeAt(n);
		at += this.encode(text, at);
		const refused = this.go.event(kind, a, at - this.input, this.object.clock.now());
		if (refused || this.failure) throw this.failure ?? new Error("the event was refused");
		this.ended = this.writes.length;
	}

	// encode writes a text and returns its length. A short one of ASCII only, as most
	// frames are, is written faster than the encoder is called.
	encode(text, at) {
		const { bytes } = this;
		const short = text.length <= 512;
		let n = 0;
		for (; short && n < text.length; n++) {
			const code = text.charCodeAt(n);
			if (code > 127) break;
			bytes[at + n] = code;
		}
		return n === text.length ? n : encoder.encodeInto(text, bytes.subarray(at)).written;
	}

	/** What the events since the last time came to, once. */
	taken() {
		const { writes, out } = this;
		this.ended = this.leaving = 0;
		if (writes.length > 0) this.writes = [];
		if (out.length > 0) this.out = [];
		return { writes, out };
	}

	text(from, to) {
		const { bytes } = this;
		if (to - from > 64) return decoder.decode(bytes.subarray(from, to));
		// Most texts are ids that came before: the one who sends, the one it goes to.
		let slot = to - from;
		for (let at = from; at < to; at++) slot = (slot * 31 + bytes[at]) & 255;
		let text = this.recent[slot];
		if (text === undefined || !this.same(text, from, to)) {
			text = this.recent[slot] = decoder.decode(bytes.subarray(from, to));
		}
		return text;
	}

	same(text, from, to) {
		if (text.length !== to - from) return false;
		for (let n = 0; n < text.length; n++) {
			const byte = this.bytes[from + n];
			// A byte above 127 is a part of a character, whatever character it looks like.
			if (byte > 127 || text.charCodeAt(n) !== byte) return false;
		}
		return true;
	}

	// long reads strings with their length before them, to the end.
	long(from, to) {
		const list = [];
		while (from < to) {
			const n = this.data.getUint32(from, true);
			list.push(this.text(from + 4, from + 4 + n));
			from += 4 + n;
		}
		return list;
	}

	put(bytes, out, cap) {
		if (bytes.length > cap) {
			this.held = bytes;
			this.rows = null;
		} else {
			this.bytes.set(bytes, out);
		}
		return bytes.length;
	}

	// statement reads a statement's text and values. A blob is copied: the memory is
	// Go's again before a write is carried out.
	statement(from, to) {
		const list = [this.statements[this.data.getUint32(from, true)]];
		from += 4;
		while (from < to) {
			const tag = this.bytes[from++];
			if (tag === 0) {
				list.push(null);
			} else if (tag === 1) {
				list.push(this.data.getFloat64(from, true));
				from += 8;
			} else {
				const end = from + 4 + this.data.getUint32(from, true);
				list.push(tag === 2 ? this.text(from + 4, end) : this.bytes.slice(from + 4, end));
				from = end;
			}
		}
		return list;
	}

	// fill writes as many rows as fit, the first byte telling whether there are more.
	fill(out, cap) {
		const end = out + cap;
		let at = out + 1;
		for (;;) {
			const row = this.held ?? this.rows.next().value;
			this.held = null;
			if (row === undefined) {
				this.rows = null;
				this.bytes[out] = 0;
				return at - out;
			}
			const next = this.row(row, at, end);
			if (next < 0) {
				this.held = row;
				if (at === out + 1) return 1 - next;
				this.bytes[out] = 1;
				return at - out;
			}
			at = next;
		}
	}

	// row writes one row and returns where it ends; when it does not fit, what it
	// needs at most, negative.
	row(row, at, end) {
		let need = 4;
		for (const v of row) need += typeof v === "string" ? 5 + 3 * v.length : v instanceof ArrayBuffer ? 5 + v.byteLength : 9;
		if (at + need > end) return -need;
		this.data.setUint32(at, row.length, true);
		at += 4;
		for (const v of row) {
			if (v === null) {
				this.bytes[at++] = 0;
			} else if (typeof v === "number") {
				this.bytes[at] = 1;
				this.data.setFloat64(at + 1, v, true);
				at += 9;
			} else {
				const text = typeof v === "string";
				let n;
				if (text) {
					n = encoder.encodeInto(v, this.bytes.subarray(at + 5)).written;
				} else {
					this.bytes.set(new Uint8Array(v), at + 5);
					n = v.byteLength;
				}
				this.bytes[at] = text ? 2 : 3;
				this.data.setUint32(at + 1, n, true);
				at += 5 + n;
			}
		}
		return at;
	}
}

// What Go asks of its host, by name and in the order of the constants op… in
// edge/objectwasm/host.go, whose numbers these are; a test there holds the two alike.
const operations = {
	name: (i, at, end, out, cap) => i.put(encoder.encode(i.object.ctx.id.name ?? ""), out, cap),
	env(i, at, end, out, cap) {
		const v = variable(i.object.env, i.text(at, end));
		return typeof v === "string" ? i.put(encoder.encode(v), out, cap) : 0;
	},
	random: (i, at, end, out, cap) => i.put(crypto.getRandomValues(new Uint8Array(i.data.getUint32(at, true))), out, cap),
	statement(i, at, end) {
		i.statements[i.data.getUint32(at, true)] = i.text(at + 4, end);
		return 0;
	},
	query(i, at, end, out, cap) {
		i.held = null;
		if (i.ended > 0) {
			// A query sees what earlier events have written, those of its batch too.
			i.object.write(i.writes.splice(0, i.ended));
			i.ended = 0;
		}
		i.rows = i.sql.exec(...i.statement(at, end)).raw();
		return i.fill(out, cap);
	},
	next(i, at, end, out, cap) {
		if (i.rows !== null) return i.fill(out, cap);
		const bytes = i.held;
		i.held = null;
		return i.put(bytes, out, cap);
	},
	write(i, at, end) {
		i.writes.push(i.statement(at, end));
		return 0;
	},
	sockets(i, at, end, out, cap) {
		const sockets = i.object.open();
		const bytes = new Uint8Array(sockets.length * (idBytes + 8));
		const view = new DataView(bytes.buffer);
		sockets.forEach((id, n) => {
			encoder.encodeInto(id, bytes.subarray(n * (idBytes + 8)));
			view.setFloat64(n * (idBytes + 8) + idBytes, i.object.seen(id), true);
		});
		return i.put(bytes, out, cap);
	},
	lastSeen(i, at, end, out) {
		i.data.setFloat64(out, i.object.seen(i.text(at, end)), true);
		return 8;
	},
	accept: (i, at, end) => i.out.push(["accept", i.data.getUint32(at, true), i.text(at + 4, at + 4 + idBytes), i.text(at + 4 + idBytes, end)]) && 0,
	send(i, at, end) {
		const n = i.data.getUint32(at, true);
		const body = at + 4 + n * idBytes;
		const ids = [];
		const list = i.text(at + 4, body);
		for (let k = 0; k < n; k++) ids.push(list.slice(k * idBytes, (k + 1) * idBytes));
		const text = i.text(body, end);
		i.leaving += text.length;
		i.out.push(["send", ids, text]);
		return 0;
	},
	close: (i, at, end) => i.out.push(["close", i.text(at, at + idBytes), i.data.getUint32(at + idBytes, true), i.text(at + idBytes + 4, end)]) && 0,
	autoResponse(i, at, end) {
		const body = at + 4 + i.data.getUint32(at, true);
		i.object.autoResponse(i.text(at + 4, body), i.text(body, end));
		return 0;
	},
	alarm: (i, at) => i.out.push(["alarm", i.data.getFloat64(at, true)]) && 0,
	respond: (i, at, end) => i.out.push(["respond", i.data.getUint32(at, true), i.data.getUint32(at + 4, true), i.text(at + 8, end)]) && 0,
	call(i, at, end) {
		const binding = at + 4;
		const name = binding + 4 + i.data.getUint32(binding, true);
		const body = name + 4 + i.data.getUint32(name, true);
		i.out.push(["call", i.data.getUint32(at, true), i.text(binding + 4, name), i.text(name + 4, body), i.text(body, end)]);
		return 0;
	},
	database: (i, at, end) => i.out.push(["database", i.data.getUint32(at, true), ...i.long(at + 4, end)]) && 0,
	verify: (i, at, end) => i.out.push(["verify", i.data.getUint32(at, true), i.text(at + 4, end)]) && 0,
	log(i, at, end) {
		log(i.text(at, end), i.object.env, i.object.ctx);
		return 0;
	},
	fetch(i, at, end) {
		const numbers = [0, 4, 8].map((n) => i.data.getUint32(at + n, true));
		i.out.push(["fetch", ...numbers, ...i.long(at + 12, end)]);
		return 0;
	},
	attach: (i, at, end) => i.out.push(["attach", i.text(at, at + idBytes), i.text(at + idBytes, end)]) && 0,
	attached(i, at, end, out, cap) {
		const texts = i.object.attached().map(([id, text]) => [id, encoder.encode(text)]);
		const bytes = new Uint8Array(texts.reduce((n, [, text]) => n + idBytes + 4 + text.length, 0));
		const view = new DataView(bytes.buffer);
		let to = 0;
		for (const [id, text] of texts) {
			encoder.encodeInto(id, bytes.subarray(to));
			view.setUint32(to + idBytes, text.length, true);
			bytes.set(text, to + idBytes + 4);
			to += idBytes + 4 + text.length;
		}
		return i.put(bytes, out, cap);
	},
	erase: (i) => i.writes.push(everything) && 0,
	logRarely(i, at, end) {
		const body = at + 4 + i.data.getUint32(at, true);
		if (rarely(i.text(at + 4, body))) log(i.text(body, end), i.object.env, i.object.ctx);
		return 0;
	},
	scrub: (i) => i.out.push(["scrub"]) && 0,
	recover: (i, at, end) => i.out.push(["recover", i.data.getUint32(at, true), i.data.getFloat64(at + 4, true), i.text(at + 12, end)]) && 0,
};

const numbered = Object.values(operations);
