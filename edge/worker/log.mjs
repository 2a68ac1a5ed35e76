// The operator's log: lines of JSON, each of which begins with its level.

let listener = () => {};

/** Has each line of the core's given to a function too, with the env and ctx where it was written. */
export function onLine(f) {
	listener = f;
}

/** Writes a line at its own level, so that a filter by level finds it. */
export function log(line, env, ctx) {
	write(line);
	listener(line, env, ctx);
}

/** Writes a line of the shell's own, which is no event. */
export function write(line) {
	const level = /^\{"level":"(warn|error)"/.exec(line)?.[1] ?? "log";
	console[level](line);
}

const written = new Map(); // when a line of each key was written, in milliseconds

/** Reports whether a line of this key is due: at most one a minute is. */
export function rarely(key) {
	const now = Date.now();
	if (now - (written.get(key) ?? -Infinity) < 60_000) return false;
	if (written.size >= 256) written.clear();
	written.set(key, now);
	return true;
}
