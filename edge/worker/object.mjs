// The two Durable Object classes. Each event goes to the shell and from there
// to Go; the platform's manners that cost experiments are noted where they matter.

import { DurableObject } from "cloudflare:workers";
import { Shell, kind } from "./shell.mjs";
import { closeSocket } from "./socket.mjs";

const decoder = new TextDecoder();

class GoObject extends DurableObject {
	#shell;

	constructor(ctx, env, objectClass) {
		super(ctx, env);
		this.#shell = new Shell(ctx, env, objectClass);
	}

	/** A call from the front Worker or another object. */
	async call(text) {
		return (await this.#shell.ask(kind.request, text)).text;
	}

	/** An upgrade that the front Worker has admitted, and what it says of it. */
	async fetch(request) {
		const admitted = request.headers.get("x-holdfast-connect");
		if (admitted === null) return new Response(null, { status: 404 });
		const answer = await this.#shell.ask(kind.connect, base64(admitted));
		return answer instanceof Response ? answer : new Response(answer.text, { status: answer.status });
	}

	webSocketMessage(ws, message) {
		// What comes on a socket that was closed here and not there is for nobody. The runtime
		// has no way to drop the line.
		if (ws.readyState !== WebSocket.OPEN) return;
		if (typeof message === "string") {
			this.#shell.message(ws, message);
		} else {
			this.#shell.one(kind.binary, ws, "", message.byteLength);
		}
	}

	webSocketClose(ws, code) {
		// The runtime answers a close of the peer only with this: a client
		// that waits for the answer would wait until the object is evicted.
		try {
			this.#end(ws, code);
		} finally {
			closeSocket(ws, code, "");
		}
	}

	webSocketError(ws) {
		this.#end(ws, 1006);
		closeSocket(ws, 1011, "");
	}

	alarm() {
		this.#shell.enter(kind.alarm);
	}

	#end(ws, code) {
		const id = this.#shell.id(ws);
		this.#shell.ending = ws;
		try {
			this.#shell.enter(kind.closed, code, id);
		} finally {
			this.#shell.ending = null;
			this.#shell.sockets?.delete(id);
		}
	}
}

// base64 decodes the UTF-8 text in a header, which itself can only hold ASCII.
function base64(text) {
	return decoder.decode(Uint8Array.fromBase64(text));
}

/** One user's session. */
export class UserSession extends GoObject {
	constructor(ctx, env) {
		super(ctx, env, 1);
	}
}

/** One document. */
export class Document extends GoObject {
	constructor(ctx, env) {
		super(ctx, env, 2);
	}
}
