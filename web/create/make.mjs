// Makes the folder of an app: the files that all templates have, over them those of one.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Stop ends the command. Its message is one sentence: what is wrong, and what to do. */
export class Stop extends Error {}

/** The templates; the first one is taken where nobody is asked. */
export const templates = ["vanilla", "react"];

// npm keeps a .gitignore out of a package; the others are beside it in the same form.
const hidden = ["dev.vars.example", "gitignore", "yarnrc.yml"];
const here = fileURLToPath(new URL("templates/", import.meta.url));
const longest = 54; // so that "-staging" and a workers.dev address have room

/** Says what is wrong with a name, "" if nothing: it names a Worker, a database and a package. */
export function nameProblem(name, template) {
	if (name.length > longest) return `"${name}" has ${name.length} letters, and a Worker's name no more than ${longest}: take a shorter folder name.`;
	if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return `"${name}" cannot name a Worker: a folder name of lower-case letters, digits and dashes can, that begins with a letter.`;
	const { dependencies, devDependencies } = manifest(template, { name });
	if (Object.hasOwn({ ...dependencies, ...devDependencies }, name)) return `"${name}" is a package that the app uses: take another folder name.`;
	return "";
}

/** Throws unless the folder is empty, or can be made. A repository without files is empty. */
export function readyFolder(target) {
	let found;
	try {
		found = readdirSync(target).filter((name) => name !== ".git" && name !== ".DS_Store");
	} catch (err) {
		if (err.code === "ENOENT") return;
		throw new Stop(err.code === "ENOTDIR" ? `${target} is a file: take another name.` : `${target} cannot be read (${err.code}).`);
	}
	if (found.length > 0) throw new Stop(`${target} is not empty (${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}): take another name, or empty it.`);
}

/** Writes the app, with what a package manager needs to be told, or nothing. */
export function make(target, { name, template, manager, holdfast }) {
	const words = { name, title: name, holdfast, template };
	const made = [];
	try {
		made.push(mkdirSync(target, { recursive: true }));
		for (const from of ["common", template, manager].filter((name) => existsSync(join(here, name)))) {
			for (const file of files(join(here, from))) {
				if (file === "package.json") continue;
				const to = join(target, hidden.includes(file) ? `.${file}` : file);
				made.push(mkdirSync(dirname(to), { recursive: true }));
				writeFileSync(to, filled(readFileSync(join(here, from, file), "utf8"), words));
				made.push(to);
			}
		}
		const to = join(target, "package.json");
		writeFileSync(to, `${JSON.stringify(manifest(template, words), null, 2)}\n`);
	} catch (err) {
		for (const path of made.reverse()) if (path) rmSync(path, { recursive: true, force: true });
		throw new Stop(`${err.path ?? target} cannot be written (${err.code ?? err.message}).`);
	}
}

/** The app's package.json: the template's own dependencies are added to the common ones. */
function manifest(template, words) {
	const [common, own] = ["common", template].map((from) => {
		try {
			return JSON.parse(readFileSync(join(here, from, "package.json"), "utf8"), (_, value) => (typeof value === "string" ? filled(value, words) : value));
		} catch (err) {
			if (err.code === "ENOENT") return {};
			throw err;
		}
	});
	const sorted = (all) => Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
	for (const kind of ["dependencies", "devDependencies"]) common[kind] = sorted({ ...common[kind], ...own[kind] });
	return common;
}

function files(folder) {
	return readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
}

function filled(text, words) {
	return text.replace(/\{\{(\w+)\}\}/g, (_, word) => words[word] ?? "");
}
