// How to close sockets on this platform.

// These codes only describe how a connection ended, and cannot be sent.
const unsendable = new Set([1004, 1005, 1006, 1015]);

/** How long the peer of a front Worker's socket may take to answer a close, in milliseconds. */
const patience = 1_000;

/**
 * Returns the answer to an upgrade. No socket is compressed: 30 kB on the wire could become
 * 30 MiB here before anything can refuse them. The runtime knows no extension except
 * permessage-deflate. Without a header for extensions (and a Worker in front of this one
 * drops an empty one) it accepts what the client offers.
 */
export function accepted(webSocket, protocol) {
	const headers = { "sec-websocket-extensions": "identity", ...(protocol !== "" && { "sec-websocket-protocol": protocol }) };
	return new Response(null, { status: 101, webSocket, headers });
}

/** Closes a socket in any state. */
export function closeSocket(ws, code, reason) {
	try {
		ws.close(unsendable.has(code) ? 1000 : code, reason);
	} catch {
		// It is closed already, as intended.
	}
}

/**
 * Makes sure that a front Worker's socket that was closed here is gone soon, whether or not
 * its peer answers. A socket that stays holds memory, and still reads. A Worker cannot end a
 * connection. It can end the request that brought the socket, and all sockets with it.
 */
export function dropSocket(ws, ctx) {
	if (ws.readyState === WebSocket.CLOSED) return;
	const timer = setTimeout(() => ctx.abort(), patience);
	const ended = () => clearTimeout(timer);
	ws.addEventListener("close", ended);
	ws.addEventListener("error", ended);
}
