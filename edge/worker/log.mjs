// The operator's log: lines of JSON, each of which begins with its own level.

/** Writes a line at its own level, so that whoever filters by level finds it. */
export function log(line) {
	const level = /^\{"level":"(warn|error)"/.exec(line)?.[1] ?? "log";
	console[level](line);
}
