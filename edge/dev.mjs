// What `make dev` runs: the built Worker in workerd, by wrangler, with its
// Durable Objects, a D1 database with migrations and demo data, and the page.
//
//   node edge/dev.mjs [--port 8787] [--state DIR] [--build DIR] [NAME=value …]
//
// Everything it keeps (secrets, objects, database) is in the state directory:
// the repository's own .dev.vars and .wrangler/state by default. When it serves it
// prints `ready http://127.0.0.1:PORT/`. Ctrl-C or SIGTERM ends it; a kill -9 of its
// process group leaves a state that the next start goes on with.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { statements } from "./statements.mjs";

const repo = fileURLToPath(new URL("..", import.meta.url));
const say = (text) => console.log(`holdfast: ${text}`);

// stop ends with one sentence and what to do about it.
function stop(text) {
	console.error(`holdfast: ${text}`);
	process.exit(1);
}

function options() {
	let parsed;
	try {
		parsed = parseArgs({
			allowPositionals: true,
			options: { port: { type: "string", default: "8787" }, state: { type: "string" }, build: { type: "string" } },
		});
	} catch (err) {
		stop(`${err.message}. Usage: node edge/dev.mjs [--port N] [--state DIR] [--build DIR] [NAME=value …]`);
	}
	const { values, positionals } = parsed;
	const port = Number(values.port);
	if (!Number.isInteger(port) || port < 1 || port > 65535) stop(`"${values.port}" is not a port: take one from 1 to 65535.`);
	for (const variable of positionals) {
		if (!/^[A-Z][A-Z0-9_]*=/.test(variable)) stop(`"${variable}" is not a variable: write NAME=value (the names are in wrangler.toml).`);
	}
	return { port, variables: positionals, state: values.state && resolve(values.state), build: values.build && resolve(values.build) };
}

// The Worker and wrangler.toml name their artefacts by .build/current.
function useBuild(build) {
	const current = join(repo, ".build/current");
	if (build !== undefined) {
		if (!existsSync(build)) stop(`there is no build in ${build}: run make build.`);
		const target = relative(dirname(current), build);
		let is;
		try {
			is = readlinkSync(current);
		} catch {
			// There is none yet.
		}
		if (is !== target) {
			if (is !== undefined) unlinkSync(current);
			symlinkSync(target, current);
		}
	}
	for (const file of ["front.wasm", "http.wasm", "object.wasm", "wasm_exec.js", "web/index.html"]) {
		if (!existsSync(join(current, file))) stop(`${file} is not built: run make build.`);
	}
}

async function portIsFree(port) {
	const server = createServer();
	server.listen(port, "127.0.0.1");
	try {
		await once(server, "listening");
	} catch {
		stop(`port ${port} is taken: end what listens there, or choose another with make dev PORT=….`);
	}
	server.close();
	await once(server, "close");
}

// oneServer keeps a second one off the same state: two documents of one name on
// one file would not know of each other.
function oneServer(persist) {
	const file = join(persist, "pid");
	let other = 0;
	try {
		other = Number(readFileSync(file, "utf8"));
		process.kill(other, 0);
	} catch {
		other = 0; // there is none, or it was killed
	}
	if (other > 0 && other !== process.pid) stop(`process ${other} serves from ${persist} already: end it, or give this one a state of its own with --state DIR.`);
	writeFileSync(file, String(process.pid));
	process.on("exit", () => rmSync(file, { force: true }));
}

// secrets writes what the Worker must have and nobody may know, once.
function secrets(state) {
	const file = join(state ?? repo, ".dev.vars");
	if (!existsSync(file)) {
		say("making secrets (an admin token and a signing key), once");
		try {
			execFileSync("go", ["run", "./edge/devvars", "-file", file], { cwd: repo, stdio: ["ignore", "ignore", "inherit"] });
		} catch {
			stop("the secrets could not be made: is Go installed and on the PATH?");
		}
	}
	return file;
}

// database brings D1 up to date in the way `wrangler d1 migrations apply` does, in
// one go and without starting wrangler twice more, and adds the demo data.
async function database(persist) {
	const { getPlatformProxy } = await import("wrangler");
	// Of wrangler.toml only the database: the rest would want the Worker's code.
	const whole = readFileSync(join(repo, "wrangler.toml"), "utf8");
	const configPath = join(persist, "database.toml");
	writeFileSync(configPath, `compatibility_date = "2026-11-01"\n${whole.match(/^\[\[d1_databases\]\]\n(?:\w.*\n)+/m)[0]}`);
	const proxy = await getPlatformProxy({ configPath, persist: { path: join(persist, "v3") }, envFiles: [] });
	try {
		const db = proxy.env.DB;
		// One batch is one transaction: a start that is killed leaves no half of it.
		const run = (file, ...more) => db.batch([...statements(file).map((sql) => db.prepare(sql)), ...more]);
		await db.prepare("CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)").run();
		const { results } = await db.prepare("SELECT name FROM d1_migrations").all();
		const applied = new Set(results.map(({ name }) => name));
		const folder = join(repo, "edge/migrations");
		for (const name of readdirSync(folder).filter((name) => name.endsWith(".sql")).sort()) {
			if (applied.has(name)) continue;
			say(`migrating the database: ${name}`);
			await run(join(folder, name), db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name));
		}
		await run(join(repo, "edge/seed/demo.sql"));
	} finally {
		await proxy.dispose();
	}
}

function serve({ port, variables }, persist, envFile) {
	const args = [
		join(repo, "node_modules/wrangler/bin/wrangler.js"), "dev",
		"--config", join(repo, "wrangler.toml"), "--env-file", envFile, "--persist-to", persist,
		"--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0",
		"--show-interactive-dev-session=false", "--log-level", "warn",
		...variables.flatMap((variable) => ["--var", variable.replace("=", ":")]),
	];
	const child = spawn(process.execPath, args, { cwd: repo, stdio: ["ignore", "inherit", "inherit"] });
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill("SIGTERM"));
	child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 0 : 1)));
}

// answering waits until the Worker does; wrangler's exit ends the wait with it.
async function answering(url) {
	for (;;) {
		try {
			if ((await fetch(`${url}healthz`, { signal: AbortSignal.timeout(5_000) })).ok) return;
		} catch {
			// Not yet.
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

if (Number(process.versions.node.split(".")[0]) < 22) stop("wrangler wants Node 22: run make dev, which brings its own.");
process.env.WRANGLER_SEND_METRICS ??= "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false"; // request.cf is not used: do not ask the network for a sample
const chosen = options();
useBuild(chosen.build);
await portIsFree(chosen.port);
const persist = chosen.state === undefined ? join(repo, ".wrangler/state") : join(chosen.state, "state");
mkdirSync(persist, { recursive: true });
oneServer(persist);
const envFile = secrets(chosen.state);
await database(persist);
say("starting workerd");
serve(chosen, persist, envFile);
const url = `http://127.0.0.1:${chosen.port}/`;
await answering(url);
console.log(`ready ${url}`);
