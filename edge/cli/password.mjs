// Passwords on a terminal: typed without being shown, or made.
import { randomInt } from "node:crypto";
import { Stop } from "./stop.mjs";

const letters = "abcdefghijkmnpqrstuvwxyz23456789"; // none that look alike: 5 bits each

/** A password of 120 random bits, in groups that can be read out. */
export function choose() {
	return Array.from({ length: 6 }, () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join("")).join("-");
}

/** Reads a line: from the terminal without showing it, else all of standard input. */
export async function readPassword(question, { input = process.stdin, output = process.stderr } = {}) {
	if (!input.isTTY) {
		let text = "";
		for await (const chunk of input.setEncoding("utf8")) {
			text += chunk;
			if (text.length > 4096) throw new Stop("what comes on standard input is too long for a password.");
		}
		return text.replace(/\r?\n$/, "");
	}
	input.setRawMode(true).setEncoding("utf8").resume(); // first, or what is typed at once is shown
	output.write(question);
	try {
		return await typed(input);
	} finally {
		input.setRawMode(false).pause();
		output.write("\n");
	}
}

function typed(input) {
	return new Promise((resolve, reject) => {
		let text = [];
		const end = (settle, value) => {
			input.off("data", read);
			settle(value);
		};
		const read = (chunk) => {
			for (const c of chunk) {
				if (c === "\r" || c === "\n" || c === "\u0004") return end(resolve, text.join(""));
				if (c === "\u0003") return end(reject, new Stop("stopped."));
				if (c === "\u007f" || c === "\b") text.pop();
				else if (c === "\u0015") text = [];
				else if (c >= " ") text.push(c);
			}
		};
		input.on("data", read);
	});
}
