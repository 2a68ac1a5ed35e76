// A pending socket: accepted before anybody knows whose it is. Its first message is for the
// core. What follows is kept until an object's socket is there. Then the two are joined: each
// passes its messages on to the other, and they close together. Where the core says so, it is
// asked what to pass on.
//
// Between the two nothing is kept. An object limits what may be under way without an
// acknowledgement, and closes a client that floods it. Both hold from end to end.

import { accepted, closeSocket, dropSocket } from "./socket.mjs";

/** The codes of a connection that broke: the peer did not close it in order. */
const broken = new Set([1006, 1015]);

export class PendingSocket {
	/** How many sockets of this isolate are pending, of each share; "" for all. */
	static #waiting = new Map();

	static waiting(share = "") {
		return PendingSocket.#waiting.get(share) ?? 0;
	}

	static #count(share, by) {
		for (const of of new Set(["", share])) {
			const n = PendingSocket.waiting(of) + by;
			if (n > 0) PendingSocket.#waiting.set(of, n);
			else PendingSocket.#waiting.delete(of);
		}
	}

	/** Whether a share has room for one more. */
	static room({ places, share, share_places }) {
		return PendingSocket.waiting() < places && (share === "" || PendingSocket.waiting(share) < share_places);
	}

	gone = false; // it is closed, or about to be
	#ws;
	#ctx;
	#object = null;
	#kept = [];
	#room;
	#overflow;
	#share; // null once it is not pending any more
	#code = 1001;
	#dialect; // what translates: its state, and the core
	#timer = null;
	#later = []; // what the core does not pass on yet, with its numbers

	/** The options come from a step of the core. `overflow` is called when the client sends more than is kept. */
	constructor({ protocol, timeout_ms, max_bytes, kept_frames, kept_bytes, share }, ctx, overflow) {
		const [client, server] = Object.values(new WebSocketPair());
		const { promise, resolve } = Promise.withResolvers();
		const timer = setTimeout(() => this.answer({ error: "TimeoutError" }), timeout_ms);
		this.#ws = server;
		this.#ctx = ctx;
		this.#room = { frames: kept_frames, bytes: kept_bytes };
		this.#overflow = overflow;
		this.#share = share;
		PendingSocket.#count(share, 1);
		/** The first message, or the reason why there is none; undefined if the client left. */
		this.first = promise;
		this.answer = (result) => {
			clearTimeout(timer);
			this.answer = null;
			resolve(result);
		};
		listen(server, (data) => this.#receive(data, max_bytes), (code, reason) => this.#end(code, reason));
		this.response = accepted(client, protocol);
	}

	#receive(data, longest) {
		if (this.gone) return;
		if (this.#object !== null) return this.#up(data);
		if (this.answer !== null) return this.answer(first(data, longest));
		this.#room.frames--;
		this.#room.bytes -= data.length ?? data.byteLength;
		if (this.#room.frames >= 0 && this.#room.bytes >= 0) {
			this.#kept.push(data);
		} else {
			this.refuse(this.#overflow());
		}
	}

	/** Sends a last frame, if there is one, and closes. */
	refuse({ frame, code = 1011, reason = "" }) {
		if (this.gone) return;
		if (frame !== undefined) send(this.#ws, frame);
		this.#end(code, reason);
	}

	/** Joins it to an object's socket, which receives `first` and then all that was kept. */
	join(object, first, dialect) {
		this.#dialect = dialect;
		const ended = (code, reason) => this.#end(dialect && !this.gone ? (this.#translate({ from: "end", code }) ?? code) : code, reason);
		listen(object, (data) => this.#down(data), ended);
		if (this.gone) return closeSocket(object, this.#code, "");
		this.#object = object;
		send(object, first);
		for (const data of this.#kept) this.#up(data);
		this.#kept = [];
		this.#leaveQueue();
	}

	#up(data) {
		if (this.#dialect === undefined || typeof data !== "string") send(this.#object, data);
		else this.#pass({ from: "app", text: data });
	}

	#down(data) {
		if (this.#dialect === undefined) send(this.#ws, data);
		else this.#pass({ from: "core", text: data });
	}

	#pass(event) {
		if (this.gone) return;
		const code = this.#translate(event);
		if (code !== undefined) this.#end(code, this.#dialect.reason);
	}

	// Passes on what the core makes of an event, and returns the code to close with, if it says so.
	#translate(event) {
		const dialect = this.#dialect;
		let step;
		try {
			step = dialect.translate({ ...event, state: dialect.state });
		} catch (err) {
			console.error(`front: translate: ${err.name}`); // its message may hold anything
			dialect.reason = "";
			return 1011;
		}
		const { state, up, down, code, reason, again_ms, wait, forget = 0, flush = false } = step;
		dialect.state = state;
		dialect.reason = reason;
		for (const text of up) send(this.#object, text);
		for (const text of down) send(this.#ws, text);
		if (wait !== undefined) this.#later.push([wait, event.text]);
		if (flush || forget > 0) {
			const waiting = this.#later.filter(([number]) => number > forget);
			this.#later = flush ? [] : waiting;
			if (flush) for (const [, text] of waiting) this.#pass({ from: "waited", text });
		}
		if (again_ms !== undefined && this.#timer === null) {
			this.#timer = setTimeout(() => {
				this.#timer = null;
				this.#pass({ from: "timer" });
			}, again_ms);
		}
		return code;
	}

	// Each side closes with the other, and is answered, or the side that closed would wait.
	#end(code, reason) {
		if (!this.gone) dropSocket(this.#ws, this.#ctx);
		this.gone = true;
		clearTimeout(this.#timer);
		this.#code = broken.has(code) ? 1011 : code;
		this.#kept = [];
		this.#leaveQueue();
		this.answer?.();
		closeSocket(this.#ws, this.#code, reason);
		if (this.#object !== null) closeSocket(this.#object, this.#code, reason);
	}

	#leaveQueue() {
		if (this.#share !== null) PendingSocket.#count(this.#share, -1);
		this.#share = null;
	}
}

// first returns what the core sees of a first message. Of one that is too long the core only
// needs the length: a part of a text would keep the whole of it in memory.
function first(data, longest) {
	if (typeof data !== "string") return { binary: true };
	return data.length <= longest ? { text: data } : { length: data.length };
}

function listen(ws, onMessage, onClose) {
	ws.binaryType = "arraybuffer";
	ws.addEventListener("message", ({ data }) => onMessage(data));
	ws.addEventListener("close", ({ code, reason }) => onClose(code, reason));
	ws.addEventListener("error", () => onClose(1006, ""));
	ws.accept();
}

function send(ws, data) {
	try {
		ws.send(data);
	} catch {
		// It is closed or closing, and its close event follows.
	}
}
