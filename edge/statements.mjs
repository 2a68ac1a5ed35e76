import { readFileSync } from "node:fs";

/** The statements of a SQL file, which end where a semicolon ends a line, as all of ours do. */
export function statements(file) {
	return readFileSync(file, "utf8")
		.replace(/^\s*--.*$/gm, "")
		.split(/;\s*$/m)
		.map((sql) => sql.trim())
		.filter((sql) => sql !== "");
}
