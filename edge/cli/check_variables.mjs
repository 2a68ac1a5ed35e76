// What is wrong with the variables of a deployment, one by one: names that nobody reads, and
// values that would not count. The table is edge/vars/list.go's.
import { readFileSync } from "node:fs";

export const { variables, compatibility_date: testedDate } = JSON.parse(readFileSync(new URL("variables.json", import.meta.url), "utf8"));
const known = new Map(variables.map((row) => [row.name, row]));

const shape = {
	text: () => true,
	switch: (value) => /^(0|1|true|false|on|off)$/.test(value),
	word: (value, { words }) => words.includes(value),
	number: (value, { least = 0, most }) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most,
};
const wanted = {
	switch: () => "one of 0 1 false true off on",
	word: ({ words }) => `one of ${words.join(" ")}`,
	number: ({ least = 0, most }) => `a number from ${least} to ${most}`,
};

/** Reports on each variable by itself. It quotes no value: one may be a secret in the wrong place. */
export function checkVariables({ vars }, stops) {
	for (const [name, value] of Object.entries(vars)) {
		const row = known.get(name);
		if (row === undefined) {
			const near = variables.find((other) => distance(name.toUpperCase(), other.name) <= 2);
			if (near !== undefined) stops(`[vars] sets ${name}, which is no variable: ${near.name} is meant, or another name for one of your own.`);
		} else if (Array.isArray(value) && name === "ISSUERS") {
			// The Worker reads a list as it reads its text.
		} else if (typeof value !== "string") {
			stops(`${name} is no text: write it in quotation marks.`);
		} else if (row.secret && value !== "") {
			stops(`[vars] holds ${name}, which is a secret: take it out, make a new one, and set it with wrangler secret bulk. Whoever reads the file or the dashboard has this one.`);
		} else if (value !== "" && !shape[row.kind](value, row)) {
			stops(`${name} has to be ${wanted[row.kind](row)}, and is not.`);
		}
	}
}

/** Returns how many letters differ between two words, as far as it matters here. */
function distance(a, b) {
	if (Math.abs(a.length - b.length) > 2) return 3;
	let row = Array.from({ length: b.length + 1 }, (_, n) => n);
	for (const [i, letter] of [...a].entries()) {
		const next = [i + 1];
		for (let j = 0; j < b.length; j++) next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (letter === b[j] ? 0 : 1)));
		row = next;
	}
	return row[b.length];
}
