// Requests to others and bodies of others, with a limit to how long and how large they may be.

const decoder = new TextDecoder();

/**
 * An answer's status and text; without the text where that is too large. A redirect is an
 * answer: it leads to somebody else. Nothing is left running: AbortSignal.timeout would
 * keep an object from hibernating until it fires.
 */
export async function fetchText(url, init, timeout, most) {
	const aborter = new AbortController();
	const timer = setTimeout(() => aborter.abort(new DOMException("", "TimeoutError")), timeout);
	try {
		const response = await fetch(url, { ...init, redirect: "manual", signal: aborter.signal });
		const { status } = response;
		const bytes = await readAll(response.body?.getReader(), most);
		return bytes === null ? { status, error: "too large" } : { status, body: decoder.decode(bytes) };
	} finally {
		clearTimeout(timer);
	}
}

/** A request's bytes, or which limit they went beyond: "too_large", or "too_late", also when they end before their end. */
export async function readBody(stream, timeout, most) {
	const reader = stream.getReader();
	try {
		return (await within(timeout, readAll(reader, most))) ?? "too_large";
	} catch {
		return "too_late";
	} finally {
		reader.cancel().catch(() => {}); // whoever sends on is not listened to
	}
}

// readAll is what a stream brings, null when that is more than so many bytes.
async function readAll(reader, most) {
	const chunks = [];
	let length = 0;
	while (reader !== undefined) {
		const { done, value } = await reader.read();
		if (done) break;
		if ((length += value.length) > most) {
			reader.cancel().catch(() => {});
			return null;
		}
		chunks.push(value);
	}
	const bytes = new Uint8Array(length);
	let at = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, at);
		at += chunk.length;
	}
	return bytes;
}

/** What a promise brings, or a TimeoutError when it takes longer than that many milliseconds. */
export function within(milliseconds, promise) {
	let timer;
	const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), milliseconds)));
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
