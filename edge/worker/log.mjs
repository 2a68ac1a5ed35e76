// The operator's log: lines of JSON, each of which begins with its level.

/** Writes a line at its own level, so that a filter by level finds it. */
export function log(line) {
	const level = /^\{"level":"(warn|error)"/.exec(line)?.[1] ?? "log";
	console[level](line);
}

const written = new Map(); // when a line of each key was written, in milliseconds

/** Writes a line at most once a minute for each key. */
export function logRarely(key, line) {
	const now = Date.now();
	if (now - (written.get(key) ?? -Infinity) < 60_000) return;
	if (written.size >= 256) written.clear();
	written.set(key, now);
	log(line);
}
