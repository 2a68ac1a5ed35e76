// holdfast secrets: makes the secrets that a Worker needs, completes them, and rotates them. It
// never prints a value, unless it is told to write to standard output.
//
//   holdfast secrets                            .dev.vars, for development
//   holdfast secrets --json secrets.json        a deployment's, for `wrangler secret bulk secrets.json`
//   holdfast secrets --rotate [NAME …]          a new SIGNING_KEY (or others); what the old one signed stays valid
//   holdfast secrets --rotate --forget          … and what it signed does not: it has leaked
//   holdfast secrets --rotate --json - --from https://…   without the old file: the deployment publishes its keys
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { close, create, exists, json, lines, read, replace } from "./secret_file.mjs";
import { mostPrevious, newSigningKey, parsed, publicHalf, publicKeys } from "./signing_key.mjs";
import { Stop } from "./stop.mjs";

const word = () => randomBytes(32).toString("base64url");

/** What every deployment has, and how it is made. */
const makers = { ADMIN_TOKEN: word, SIGNING_KEY: newSigningKey, APP_SESSION_SECRET: word, WEBHOOK_SECRET: word, GUEST_SECRET: word, EVENTS_SECRET: word };

/** What is different on this machine: workerd knows no jurisdictions, and what JURISDICTION says counts in a deployment. */
const here = { JURISDICTION: "none" };

const usage = "Usage: holdfast secrets [--file .dev.vars | --json FILE|-] [--rotate [NAME …] [--forget] [--from URL]]";

export async function run(args) {
	let given;
	try {
		given = parseArgs({
			args,
			allowPositionals: true,
			options: { file: { type: "string" }, json: { type: "string" }, rotate: { type: "boolean" }, forget: { type: "boolean" }, from: { type: "string" } },
		});
	} catch (err) {
		throw new Stop(`${err.message}. ${usage}`);
	}
	const { values: options, positionals: names } = given;
	const unknown = names.filter((name) => !Object.hasOwn(makers, name));
	if (unknown.length > 0) throw new Stop(`"${unknown[0]}" is no secret that can be made: there are ${Object.keys(makers).join(", ")}.`);
	if (options.file !== undefined && options.json !== undefined) throw new Stop(`--file and --json are two places: choose one. ${usage}`);
	if (!options.rotate && (names.length > 0 || options.forget || options.from)) throw new Stop(`names, --forget and --from belong to --rotate. ${usage}`);
	const done = options.rotate ? await rotate(options, names.length > 0 ? names : ["SIGNING_KEY"]) : await complete(options);
	// Nothing but the secrets may stand on standard output if they do.
	console[options.json === "-" ? "error" : "log"](`holdfast: ${done}`);
}

const place = ({ file = ".dev.vars", json: other }) => (other === undefined ? { file, form: lines } : { file: other, form: json });

/**
 * Makes the secrets that a file lacks, and the file if there is none. A variable that is there
 * stays as it is. It returns a sentence that says what was done.
 */
export async function complete(options) {
	const { file, form } = place(options);
	if (file === "-") {
		await print(await made({}));
		return `made ${Object.keys(makers).join(", ")}, new and random`;
	}
	if (!exists(file)) {
		const start = form === lines ? "# Secrets of this machine's development server. Delete the file for new ones.\n" : "";
		if (create(file, form.with(start, { ...(await made({})), ...(form === lines && here) }))) return `wrote ${file}: ${Object.keys(makers).join(", ")}, new and random`;
	}
	const text = read(file);
	if (text === undefined) throw new Stop(`${file} is a link to nothing: remove it.`);
	const values = form.values(text);
	const lacking = await made(values);
	if (form === lines) for (const [name, value] of Object.entries(here)) if (!Object.hasOwn(values, name)) lacking[name] = value;
	if (Object.keys(lacking).length === 0) {
		close(file);
		return `kept ${file}`;
	}
	replace(file, form.with(text, lacking));
	return `kept ${file}, and added ${Object.keys(lacking).join(", ")}`;
}

/** Returns those of the secrets that are not among the values. */
async function made(values) {
	const lacking = Object.keys(makers).filter((name) => !Object.hasOwn(values, name));
	return Object.fromEntries(await Promise.all(lacking.map(async (name) => [name, await makers[name]()])));
}

async function rotate(options, names) {
	const { file, form } = place(options);
	if (options.from !== undefined) {
		if (names.some((name) => name !== "SIGNING_KEY")) throw new Stop("a deployment publishes its signing keys only: for another secret, use the file that you keep.");
		if (options.json !== "-") throw new Stop("--from makes two secrets for `wrangler secret bulk`: write them to standard output, with --json -.");
		if (options.forget) throw new Stop("--forget keeps nothing of the old keys: leave out --from.");
		await print(await successor(await published(options.from)));
		return "made a new SIGNING_KEY; PREVIOUS_KEYS has what the deployment signs with now";
	}
	const text = file === "-" ? undefined : read(file);
	if (text === undefined && !(options.forget && file === "-")) {
		throw new Stop(file === "-" ? "there is nothing to rotate: name the deployment (--from https://…), or --forget what is there." : `there is no ${file}: holdfast secrets makes it.`);
	}
	const values = text === undefined ? {} : form.values(text);
	const next = {};
	for (const name of names) {
		if (name === "SIGNING_KEY") Object.assign(next, options.forget ? { SIGNING_KEY: await newSigningKey(), PREVIOUS_KEYS: form === json ? null : "" } : await successor(keysOf(values)));
		else next[name] = [word(), ...kept(name, values[name] ?? "", options.forget)].join(" ");
	}
	if (file === "-") await print(next);
	else replace(file, form.with(text, next));
	return `rotated ${names.join(", ")}${file === "-" ? "" : ` in ${file}`}: ${options.forget ? "the old value counts no more" : "the old value still counts"}`;
}

/** Returns what stays valid behind a new value: the newest old one. Named operators keep their tokens. */
function kept(name, value, forget) {
	const old = value.split(name === "ADMIN_TOKEN" ? /[\s,]+/ : /\s+/).filter(Boolean);
	const named = old.filter((entry) => name === "ADMIN_TOKEN" && entry.includes(":"));
	return [...(forget ? [] : old.filter((entry) => !named.includes(entry)).slice(0, 1)), ...named];
}

/** Returns the public keys of a file's values, the one that signs first. */
function keysOf({ SIGNING_KEY: signing = "", PREVIOUS_KEYS: previous = "" }) {
	const first = publicHalf(parsed(signing));
	if (first === undefined) throw new Stop("the file has no SIGNING_KEY that can be used.");
	const others = previous === "" || previous === null ? [] : publicKeys(previous);
	if (others === undefined) throw new Stop("PREVIOUS_KEYS cannot be used: mend it or remove it.");
	return [first, ...others];
}

const successor = async (keys) => ({ SIGNING_KEY: await newSigningKey(), PREVIOUS_KEYS: JSON.stringify(keys.slice(0, mostPrevious)) });

/** Returns the keys that a deployment publishes, the one that it signs with first. */
async function published(address) {
	const url = URL.canParse(address) ? new URL(address) : undefined;
	// Whoever is on the way could add a key of their own, and sign tokens with it.
	if (url?.protocol !== "https:" && !(url?.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname))) throw new Stop(`${address} is no https address: the keys could be anybody's.`);
	let text;
	try {
		const answer = await fetch(new URL("/.well-known/jwks.json", address), { signal: AbortSignal.timeout(10_000), redirect: "error" });
		text = answer.ok ? await answer.text() : "";
	} catch {
		text = "";
	}
	const keys = publicKeys(text) ?? [];
	if (keys.length === 0) throw new Stop(`${address} publishes no key set at /.well-known/jwks.json that can be used: is the embedded issuer on there?`);
	return keys;
}

/** Writes secrets to standard output. */
async function print(values) {
	if (process.stdout.isTTY) throw new Stop("that would show the secrets: pipe them on (… | wrangler secret bulk), or name a file.");
	await new Promise((resolve) => process.stdout.write(json.with("", values), resolve));
}
