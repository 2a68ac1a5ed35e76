// The manners of closing a socket.

// The codes that only say what happened to a line and may not be sent.
const unsendable = new Set([1004, 1005, 1006, 1015]);

/** How long the peer of a socket of the front Worker may take to answer a close, in milliseconds. */
const patience = 1_000;

/**
 * The answer to an upgrade. No socket is compressed: 30 kB on a line would be 30 MiB here
 * before anybody can say no to it. The runtime knows no extension but permessage-deflate;
 * where no word is said of any (an empty one is none, to a Worker in front of this one), it
 * takes what the client offers.
 */
export function accepted(webSocket, protocol) {
	const headers = { "sec-websocket-extensions": "identity", ...(protocol !== "" && { "sec-websocket-protocol": protocol }) };
	return new Response(null, { status: 101, webSocket, headers });
}

/** Closes a socket whatever state it is in. */
export function closeSocket(ws, code, reason) {
	try {
		ws.close(unsendable.has(code) ? 1000 : code, reason);
	} catch {
		// It is closed already, which is what was wanted.
	}
}

/**
 * Makes sure that a socket of the front Worker's that was closed here is gone soon, whether
 * its peer answers or not: one that stays holds memory, and still reads. A Worker cannot
 * drop a socket; what it can end is the request that brought it, and all sockets with it.
 */
export function dropSocket(ws, ctx) {
	if (ws.readyState === WebSocket.CLOSED) return;
	const timer = setTimeout(() => ctx.abort(), patience);
	const ended = () => clearTimeout(timer);
	ws.addEventListener("close", ended);
	ws.addEventListener("error", ended);
}
