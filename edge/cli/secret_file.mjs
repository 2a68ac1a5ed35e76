// The two files that secrets are kept in: .dev.vars, which has comments and other variables
// beside them, and the JSON that `wrangler secret bulk` and `wrangler deploy --secrets-file` take.
// Both are written as a whole or not at all, and only their owner may read them.
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, lstatSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { parsed } from "./signing_key.mjs";
import { Stop } from "./stop.mjs";

/** Returns the text of a file, or undefined if there is none. */
export function read(file) {
	try {
		return readFileSync(file, "utf8");
	} catch (err) {
		if (err.code === "ENOENT") return undefined;
		throw new Stop(`${file} cannot be read (${err.code}).`);
	}
}

/** Writes a file that must not exist yet. It returns false if another run was faster. */
export function create(file, text) {
	return beside(file, text, (temp) => {
		try {
			linkSync(temp, file); // a rename would replace the other run's secrets
		} catch (err) {
			if (err.code === "EEXIST") return false;
			throw err;
		}
		return true;
	});
}

/** Replaces a file. After an interrupted run it is either the old one or the new one. */
export function replace(file, text) {
	const target = realpathSync(file); // a link stays one
	beside(target, text, (temp) => renameSync(temp, target));
}

/** Keeps others of this machine from reading a file, as far as it is ours. */
export function close(file) {
	try {
		if (statSync(file).mode & 0o077) chmodSync(file, 0o600);
	} catch (err) {
		if (err.code !== "EPERM" && err.code !== "EROFS") throw err;
	}
}

function beside(file, text, then) {
	const temp = `${file}.${randomBytes(6).toString("hex")}`;
	try {
		writeFileSync(temp, text, { mode: 0o600, flag: "wx" });
		return then(temp);
	} catch (err) {
		throw err.code === undefined ? err : new Stop(`${file} cannot be written (${err.code}).`);
	} finally {
		rmSync(temp, { force: true });
	}
}

/** Reports whether there is anything of that name, a link to nowhere included. */
export function exists(file) {
	return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** What lines of the form NAME='value' say. */
export const lines = {
	values: (text) =>
		Object.fromEntries(
			text
				.split("\n")
				.map((line) => /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line))
				.filter(Boolean)
				.map(([, name, value]) => [name, value.replace(/^(['"])(.*)\1$/, "$2")]),
		),
	/** Returns the text with these values, and all that was there beside them. */
	with(text, values) {
		const kept = text.split("\n").filter((line) => !Object.keys(values).some((name) => line.trimStart().startsWith(`${name}=`)));
		while (kept.at(-1) === "") kept.pop();
		return [...kept, ...Object.entries(values).map(([name, value]) => `${name}='${value}'`), ""].join("\n");
	},
};

/** The same for a JSON object of strings. A null in it deletes a secret. */
export const json = {
	values(text) {
		const value = parsed(text);
		// The message quotes nothing of the file, because the file holds secrets.
		if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Stop("the file is not a JSON object of secrets: mend it or choose another.");
		return value;
	},
	with: (text, values) => `${JSON.stringify({ ...(text === "" ? {} : json.values(text)), ...values }, null, 2)}\n`,
};
