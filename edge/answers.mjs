// How the Worker's harnesses talk to the Go tests: commands come as JSON lines on
// standard input, answers leave on standard output, one for each.

import { createInterface } from "node:readline";

export const answer = (value) => process.stdout.write(`\n${JSON.stringify(value)}\n`);

/** Answers commands, {"do":"name",…} by the function of that name, until the input ends. */
export async function serve(commands) {
	for await (const line of createInterface({ input: process.stdin })) {
		const command = JSON.parse(line);
		try {
			answer(await commands[command.do](command));
		} catch (err) {
			answer({ error: String(err) });
		}
	}
}
