// The manners of closing a socket.

// The codes that only say what happened to a line and may not be sent.
const unsendable = new Set([1004, 1005, 1006, 1015]);

/** Closes a socket whatever state it is in. */
export function closeSocket(ws, code, reason) {
	try {
		ws.close(unsendable.has(code) ? 1000 : code, reason);
	} catch {
		// It is closed already, which is what was wanted.
	}
}
