// holdfast dev: serves an app on this machine, its page and its Worker at one address.
//
//   holdfast dev [--port N] [--host ADDRESS]
//
// It runs in an app's folder, whose Vite has Cloudflare's plugin: the page changes as its
// files do, and the Worker runs in workerd. It makes what the Worker needs: secrets in .dev.vars, the
// tables of the local database, and two accounts. All of it stays in this folder.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { accounts } from "./dev_accounts.mjs";
import { oneServer } from "./one_server.mjs";
import { lines, read } from "./secret_file.mjs";
import { complete } from "./secrets.mjs";
import { parsed } from "./signing_key.mjs";
import { Stop } from "./stop.mjs";
import { project, settings, wrangler } from "./wrangler.mjs";

const usage = "Usage: holdfast dev [--port N] [--host ADDRESS]";
const say = (text) => console.log(`holdfast: ${text}`);

export async function run(args) {
	const { port, host } = flags(args);
	const app = project();
	const vite = await viteOf(app.folder);
	const state = join(app.folder, ".wrangler/state");
	mkdirSync(state, { recursive: true });
	oneServer(state, "end it first");
	const file = join(app.folder, ".dev.vars");
	const done = await complete({ file });
	if (!done.startsWith("kept ") || done.includes("added")) say("made this machine's secrets: .dev.vars");
	await migrate(app, state);

	// The plugin would ask the network for a sample of request.cf, and complain without one.
	process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
	say("starting Vite and workerd");
	const server = await start(vite, app.folder, { host, ...(port && { port, strictPort: true }) });
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => server.close().finally(() => process.exit(0)));
	const [url] = server.resolvedUrls.local.concat(server.resolvedUrls.network);
	const { people, password, problem } = await accounts(url, lines.values(read(file)).ADMIN_TOKEN, join(state, "holdfast-accounts.json"));
	console.log(`\n  ready ${url}\n`);
	if (people) {
		console.log(`  Sign in as ${people.join(" or ")}, each with the password ${password}
  Open the page in a second tab, or in a private window as the other one, and write in both.
  The accounts, .dev.vars and all text are on this machine only: a deployment begins with none of them.\n`);
	} else if (problem) {
		console.log(`  There are no accounts to try: ${problem}\n`);
	}
	console.log("  Ctrl-C ends it.\n");
	if (process.stdin.isTTY) server.bindCLIShortcuts();
}

function flags(args) {
	let values;
	try {
		({ values } = parseArgs({ args, options: { port: { type: "string" }, host: { type: "string" } } }));
	} catch (err) {
		throw new Stop(`${err.message}. ${usage}`);
	}
	const port = values.port === undefined ? undefined : Number(values.port);
	if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65535)) throw new Stop(`"${values.port}" is not a port: take one from 1 to 65535.`);
	return { port, host: values.host };
}

/** Returns the app's own Vite. */
async function viteOf(folder) {
	if (!["js", "mjs", "ts", "mts"].some((kind) => existsSync(join(folder, `vite.config.${kind}`)))) {
		throw new Stop(`there is no vite.config.js in ${folder}: holdfast dev serves apps as npm create holdfast makes them; wrangler dev serves others.`);
	}
	// Resolving them would need a main file for require(), which they do not have.
	const paths = createRequire(join(folder, "package.json")).resolve.paths("vite");
	const installed = (name) => {
		const at = paths.map((path) => join(path, name)).find(existsSync);
		if (at === undefined) throw new Stop(`${name} is not installed here: run npm install.`);
		return at;
	};
	installed("@cloudflare/vite-plugin");
	const at = installed("vite");
	const main = parsed(read(join(at, "package.json"))).exports["."];
	return import(pathToFileURL(join(at, main.import ?? main)).href);
}

async function start(vite, root, options) {
	try {
		const server = await vite.createServer({ root, server: options, clearScreen: false });
		return await server.listen();
	} catch (err) {
		if (/is already in use/.test(err.message)) throw new Stop(`port ${options.port} is taken: end what listens there, or choose another with --port.`);
		throw err;
	}
}

/** Brings the local database up to date. Which migrations it has is remembered beside it, because wrangler takes seconds to say so. */
async function migrate(app, state) {
	const database = (await settings(app)).d1_databases.find(({ binding }) => binding === "DB");
	if (database === undefined) throw new Stop(`${app.file} has no D1 database with the binding "DB".`);
	const folder = resolve(app.folder, database.migrations_dir ?? "migrations");
	let names;
	try {
		names = readdirSync(folder).filter((name) => name.endsWith(".sql")).sort();
	} catch (err) {
		throw new Stop(`the migrations cannot be read (${err.code}): ${folder}, which is what ${app.file} names as migrations_dir.`);
	}
	const memory = join(state, "holdfast-migrated.json");
	const now = JSON.stringify([database.database_id, folder, names]);
	if (read(memory) === now) return;
	say("bringing the local database up to date");
	const { code, out, errors } = await wrangler(app, ["d1", "migrations", "apply", "DB", "--local", "--config", app.file], { quiet: true });
	if (code !== 0) throw new Stop(`the local database could not be migrated:\n${out}${errors}`);
	writeFileSync(memory, now);
}
