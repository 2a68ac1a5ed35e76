// The operator's log: lines of JSON, each of which begins with its own level.

/** Writes a line at its own level, so that whoever filters by level finds it. */
export function log(line) {
	const level = /^\{"level":"(warn|error)"/.exec(line)?.[1] ?? "log";
	console[level](line);
}

const written = new Map(); // when a line of a key was, in milliseconds

/** The same, once a minute for each key. */
export function logRarely(key, line) {
	const now = Date.now();
	if (now - (written.get(key) ?? -Infinity) < 60_000) return;
	if (written.size >= 256) written.clear();
	written.set(key, now);
	log(line);
}
