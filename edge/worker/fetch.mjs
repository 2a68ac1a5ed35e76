// Requests to other services, and bodies from others, with limits on their time and size.

const decoder = new TextDecoder();

/**
 * Returns the status and text of an answer, without the text if it is too large. A redirect
 * is an answer, because it leads to another service. What it throws has a reason. Nothing stays
 * running: AbortSignal.timeout would keep an object from hibernating until it fires.
 */
export async function fetchText(url, init, timeout, most) {
	const aborter = new AbortController();
	const timer = setTimeout(() => aborter.abort(new DOMException("", "TimeoutError")), timeout);
	let status;
	try {
		const response = await fetch(url, { ...init, redirect: "manual", signal: aborter.signal });
		({ status } = response);
		const bytes = await readAll(response.body?.getReader(), most);
		return bytes === null ? { status, error: "too large" } : { status, body: decoder.decode(bytes) };
	} catch (err) {
		// A TypeError is of what was to be sent. The runtime says no more of a name that is not
		// known, a refused connection or a certificate that nobody trusts.
		reasons.set(err, status !== undefined ? "cut_short" : err instanceof TypeError ? "not_sent" : "not_reached");
		throw err;
	} finally {
		clearTimeout(timer);
	}
}

/** Returns the bytes of a request, or the limit that they exceed: "too_large", or "too_late", also for a body that ends early. */
export async function readBody(stream, timeout, most) {
	const reader = stream.getReader();
	try {
		return (await within(timeout, readAll(reader, most))) ?? "too_large";
	} catch {
		return "too_late";
	} finally {
		reader.cancel().catch(() => {}); // ignores whatever else comes
	}
}

// readAll returns the bytes of a stream, or null if there are more than so many.
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

// Why a fetch failed, by its error. What an error says of itself may be anybody's.
const reasons = new WeakMap();

/** Returns why something failed, in one of our words, or "". */
export function reason(err) {
	return err?.name === "TimeoutError" ? "timed_out" : (reasons.get(err) ?? "");
}

/** Returns the result of a promise, or a TimeoutError if it takes longer than so many milliseconds. */
export function within(milliseconds, promise) {
	let timer;
	const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), milliseconds)));
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
