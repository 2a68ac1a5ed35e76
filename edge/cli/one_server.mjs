// Keeps a second development server off the same state: two documents of one name on one file
// would not know of each other.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./stop.mjs";

/** Takes a state's folder until this process ends. `remedy` says what to do about another that has it. */
export function oneServer(persist, remedy) {
	const file = join(persist, "pid");
	let other, since;
	try {
		[other, since] = readFileSync(file, "utf8").split(/ (.*)/s);
	} catch {
		// There is none.
	}
	if (since && started(other) === since) throw new Stop(`process ${other} serves from ${persist} already: ${remedy}.`);
	writeFileSync(file, `${process.pid} ${started(String(process.pid))}`);
	process.on("exit", () => rmSync(file, { force: true }));
}

// started is when a process began, "" when there is none, or it has ended and nobody has
// taken note. A number alone may be somebody else's by now.
function started(pid) {
	try {
		const [, state, at] = /^(\S+)\s+(.*)$/.exec(execFileSync("ps", ["-o", "stat=,lstart=", "-p", pid], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim());
		return state.startsWith("Z") ? "" : at;
	} catch {
		return "";
	}
}
