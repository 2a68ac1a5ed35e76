// The two Durable Object classes. Each event goes to the shell, and from there to Go. Comments
// note where the platform behaves in ways that we found by experiment.

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

	/** Answers a call of the front Worker or another object. */
	async call(text) {
		return (await this.#shell.ask(kind.request, text)).text;
	}

	/** Answers an upgrade that the front Worker has admitted, with the admission in a header. */
	async fetch(request) {
		const admitted = request.headers.get("x-holdfast-connect");
		if (admitted === null) return new Response(null, { status: 404 });
		const answer = await this.#shell.ask(kind.connect, base64(admitted));
		return answer instanceof Response ? answer : new Response(answer.text, { status: answer.status });
	}

	webSocketMessage(ws, message) {
		// Drops what comes on a socket that is closed here and not yet there. The runtime
		// cannot end such a connection.
		if (ws.readyState !== WebSocket.OPEN) return;
		if (typeof message === "string") {
			this.#shell.message(ws, message);
		} else {
			this.#shell.one(kind.binary, ws, "", message.byteLength);
		}
	}

	webSocketClose(ws, code) {
		// The runtime answers a close of the peer only by this call. Without it a client
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

	alarm(about) {
		this.#shell.alarm.ring(about, () => this.#shell.enter(kind.alarm));
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

// base64 decodes the UTF-8 text of a header, which itself can only hold ASCII.
function base64(text) {
	return decoder.decode(Uint8Array.fromBase64(text));
}

/** The object of one user. */
export class UserSession extends GoObject {
	constructor(ctx, env) {
		super(ctx, env, 1);
	}
}

/** The object of one document. */
export class Document extends GoObject {
	constructor(ctx, env) {
		super(ctx, env, 2);
	}
}
