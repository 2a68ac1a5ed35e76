// A socket that is accepted before anybody knows whose it is. Its first message is for
// the core; what comes behind that is kept until an object's socket is there, and then the
// two are one: what one says the other hears, and they end together.
//
// Between the two nothing is kept: an object lets only so much be under way that was not
// acknowledged, and closes who floods it, and both hold from end to end.

import { accepted, closeSocket, dropSocket } from "./socket.mjs";

/** The codes of a line that broke: whoever is at the other end did not end it in peace. */
const broken = new Set([1006, 1015]);

export class Guest {
	/** How many sockets of this isolate wait, or are looked into: of each share, "" for all. */
	static #waiting = new Map();

	static waiting(share = "") {
		return Guest.#waiting.get(share) ?? 0;
	}

	static #count(share, by) {
		for (const of of new Set(["", share])) {
			const n = Guest.waiting(of) + by;
			if (n > 0) Guest.#waiting.set(of, n);
			else Guest.#waiting.delete(of);
		}
	}

	/** Whether there is a place for one more of a share. */
	static room({ places, share, share_places }) {
		return Guest.waiting() < places && (share === "" || Guest.waiting(share) < share_places);
	}

	gone = false; // it is closed, or about to be
	#ws;
	#ctx;
	#object = null;
	#kept = [];
	#room;
	#overflow;
	#share; // null once it does not wait any more
	#code = 1001;

	/** A step of the core says what it may do; `overflow` is called when it says more than is kept. */
	constructor({ protocol, timeout_ms, max_bytes, kept_frames, kept_bytes, share }, ctx, overflow) {
		const [client, server] = Object.values(new WebSocketPair());
		const { promise, resolve } = Promise.withResolvers();
		const timer = setTimeout(() => this.answer({ error: "TimeoutError" }), timeout_ms);
		this.#ws = server;
		this.#ctx = ctx;
		this.#room = { frames: kept_frames, bytes: kept_bytes };
		this.#overflow = overflow;
		this.#share = share;
		Guest.#count(share, 1);
		/** The first message, or why there is none; undefined when it left. */
		this.first = promise;
		this.answer = (result) => {
			clearTimeout(timer);
			this.answer = null;
			resolve(result);
		};
		listen(server, (data) => this.#hear(data, max_bytes), (code, reason) => this.#end(code, reason));
		this.response = accepted(client, protocol);
	}

	#hear(data, longest) {
		if (this.gone) return;
		if (this.#object !== null) return tell(this.#object, data);
		if (this.answer !== null) return this.answer(first(data, longest));
		this.#room.frames--;
		this.#room.bytes -= data.length ?? data.byteLength;
		if (this.#room.frames >= 0 && this.#room.bytes >= 0) {
			this.#kept.push(data);
		} else {
			this.refuse(this.#overflow());
		}
	}

	/** Says a last word, if there is one, and ends. */
	refuse({ frame, code = 1011, reason = "" }) {
		if (this.gone) return;
		if (frame !== undefined) tell(this.#ws, frame);
		this.#end(code, reason);
	}

	/** Makes it one with an object's socket, which hears `first` before all that was kept. */
	join(object, first) {
		listen(object, (data) => tell(this.#ws, data), (code, reason) => this.#end(code, reason));
		if (this.gone) return closeSocket(object, this.#code, "");
		this.#object = object;
		tell(object, first);
		for (const data of this.#kept) tell(object, data);
		this.#kept = [];
		this.#leaveQueue();
	}

	// Either side's end is the other's. It is answered too, or who closed would wait.
	#end(code, reason) {
		if (!this.gone) dropSocket(this.#ws, this.#ctx);
		this.gone = true;
		this.#code = broken.has(code) ? 1011 : code;
		this.#kept = [];
		this.#leaveQueue();
		this.answer?.();
		closeSocket(this.#ws, this.#code, reason);
		if (this.#object !== null) closeSocket(this.#object, this.#code, reason);
	}

	#leaveQueue() {
		if (this.#share !== null) Guest.#count(this.#share, -1);
		this.#share = null;
	}
}

// first is what the core hears of a first message. Of one that is too long it only has to
// know that: a part of a text would keep the whole of it in memory.
function first(data, longest) {
	if (typeof data !== "string") return { binary: true };
	return data.length <= longest ? { text: data } : { length: data.length };
}

function listen(ws, heard, ended) {
	ws.binaryType = "arraybuffer";
	ws.addEventListener("message", ({ data }) => heard(data));
	ws.addEventListener("close", ({ code, reason }) => ended(code, reason));
	ws.addEventListener("error", () => ended(1006, ""));
	ws.accept();
}

function tell(ws, data) {
	try {
		ws.send(data);
	} catch {
		// It is closed, or closing, and its end is told.
	}
}
