// Requests to others, with a limit to how long and how large an answer may be.

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
		const chunks = [];
		let length = 0;
		for await (const chunk of response.body ?? []) {
			if ((length += chunk.length) > most) return { status, error: "too large" };
			chunks.push(chunk);
		}
		const bytes = new Uint8Array(length);
		let at = 0;
		for (const chunk of chunks) {
			bytes.set(chunk, at);
			at += chunk.length;
		}
		return { status, body: decoder.decode(bytes) };
	} finally {
		clearTimeout(timer);
	}
}

/** What a promise brings, or a TimeoutError when it takes longer than that many milliseconds. */
export function within(milliseconds, promise) {
	let timer;
	const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), milliseconds)));
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
