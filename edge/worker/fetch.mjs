// Requests to others, with a limit to how long and how large an answer may be.

const decoder = new TextDecoder();

/** An answer's status and text, or an error for one that is too large. A redirect is an answer: it leads to somebody else. */
export async function fetchText(url, init, timeout, most) {
	const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeout) });
	const bytes = new Uint8Array(most);
	let length = 0;
	for await (const chunk of response.body ?? []) {
		if (length + chunk.length > most) return { error: "too large" };
		bytes.set(chunk, length);
		length += chunk.length;
	}
	return { status: response.status, body: decoder.decode(bytes.subarray(0, length)) };
}

/** What a promise brings, or a TimeoutError when it takes longer than that many milliseconds. */
export function within(milliseconds, promise) {
	let timer;
	const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), milliseconds)));
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
