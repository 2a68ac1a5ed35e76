// A socket that is accepted before anybody knows whose it is. Its first message is for
// the core; what comes behind that is kept until an object's socket is there, and then the
// two are one: what one says the other hears, and they end together.
//
// Between the two nothing is kept: an object lets only so much be under way that was not
// acknowledged, and closes who floods it, and both hold from end to end.

import { log } from "./log.mjs";
import { closeSocket } from "./socket.mjs";

/** The codes of a line that broke: whoever is at the other end did not end it in peace. */
const broken = new Set([1006, 1015]);

export class Guest {
	/** How many sockets of this isolate wait, or are looked into. */
	static waiting = 0;

	gone = false; // it is closed, or about to be
	full = null; // what is said to one that says too much before it is joined
	#ws;
	#object = null;
	#kept = [];
	#room;
	#waits = true;
	#code = 1001;

	constructor({ protocol, timeout_ms, max_bytes, kept_frames, kept_bytes }) {
		const [client, server] = Object.values(new WebSocketPair());
		const { promise, resolve } = Promise.withResolvers();
		const timer = setTimeout(() => this.answer({ error: "TimeoutError" }), timeout_ms);
		Guest.waiting++;
		this.#ws = server;
		this.#room = { frames: kept_frames, bytes: kept_bytes };
		/** The first message, or why there is none; undefined when it left. */
		this.first = promise;
		this.answer = (result) => {
			clearTimeout(timer);
			this.answer = null;
			resolve(result);
		};
		listen(server, (data) => this.#hear(data, max_bytes), (code, reason) => this.#end(code, reason));
		const headers = protocol === "" ? {} : { "sec-websocket-protocol": protocol };
		this.response = new Response(null, { status: 101, webSocket: client, headers });
	}

	#hear(data, longest) {
		if (this.gone) return;
		if (this.#object !== null) return tell(this.#object, data);
		// What is too long only has to be seen to be.
		if (this.answer !== null) return this.answer(typeof data === "string" ? { text: data.slice(0, longest + 1) } : { binary: true });
		this.#room.frames--;
		this.#room.bytes -= data.length ?? data.byteLength;
		if (this.#room.frames >= 0 && this.#room.bytes >= 0) {
			this.#kept.push(data);
		} else {
			if (this.full?.log !== undefined) log(this.full.log);
			this.refuse(this.full ?? {});
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
		this.gone = true;
		this.#code = broken.has(code) ? 1011 : code;
		this.#kept = [];
		this.#leaveQueue();
		this.answer?.();
		closeSocket(this.#ws, this.#code, reason);
		if (this.#object !== null) closeSocket(this.#object, this.#code, reason);
	}

	#leaveQueue() {
		if (this.#waits) Guest.waiting--;
		this.#waits = false;
	}
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
