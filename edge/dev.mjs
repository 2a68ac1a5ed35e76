// What `make dev` runs: the built Worker in workerd, with its Durable Objects, a D1
// database with migrations and demo data, and the page. What is built while it runs is
// served at once.
//
//   node edge/dev.mjs [--port 8787] [--state DIR] [--build DIR] [NAME=value …]
//
// Everything it keeps (secrets, objects, database) is in the state directory:
// the repository's own .dev.vars and .wrangler/state by default. When it serves it
// prints `ready http://127.0.0.1:PORT/`. Ctrl-C or SIGTERM ends it; a kill -9 of its
// process group leaves a state that the next start goes on with.
import { once } from "node:events";
import { existsSync, mkdirSync, watchFile } from "node:fs";
import { createServer } from "node:net";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { oneServer } from "./cli/one_server.mjs";
import { complete } from "./cli/secrets.mjs";
import { Stop } from "./cli/stop.mjs";

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
		if (!/^[A-Z][A-Z0-9_]*=/.test(variable)) stop(`"${variable}" is not a variable: write NAME=value (the names are in edge/VARIABLES.md).`);
	}
	const given = positionals.map((variable) => variable.split(/=(.*)/s, 2));
	// The demo has a button for links.
	const variables = { PUBLIC_URL: `http://127.0.0.1:${port}`, GUEST_LINKS: "1", ...Object.fromEntries(given) };
	return { port, variables, state: values.state && resolve(values.state), build: values.build === undefined ? join(repo, ".build/current") : resolve(values.build) };
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

// secrets completes the file of what the Worker must have and nobody may know.
async function secrets(state) {
	const file = join(state ?? repo, ".dev.vars");
	try {
		const done = await complete({ file });
		if (!done.startsWith("kept ") || done.includes("added")) say(done);
	} catch (err) {
		if (err instanceof Stop) stop(err.message);
		throw err;
	}
	return file;
}

// shown is a path as the reader would name it.
function shown(path) {
	const near = relative("", path);
	return near.startsWith("..") ? path : near;
}

// log says what there is to worry about.
function log({ level, message }) {
	if (level === "warn" || level === "error") console[level](message);
}

if (Number(process.versions.node.split(".")[0]) < 22) stop("wrangler wants Node 22: run make dev, which brings its own.");
process.env.WRANGLER_LOG ??= "warn"; // it would say for each start where the secrets are
const { built, migrated, run } = await import("./workerd.mjs");
const { port, variables, state, build } = options();
for (const file of ["worker/worker.js", "demo/index.html"]) {
	if (!existsSync(join(build, file))) stop(`there is no ${file} in ${build}: run make build.`);
}
await portIsFree(port);
const persist = join(state ?? join(repo, ".wrangler"), "state");
mkdirSync(persist, { recursive: true });
try {
	oneServer(persist, "end it, or give this one a state of its own with --state DIR");
} catch (err) {
	if (err instanceof Stop) stop(err.message);
	throw err;
}
const envFile = await secrets(state);
const worker = () => built({ build, variables, envFile });
const settings = { port, persist: join(persist, "v3"), log };
await migrated(worker(), settings.persist, (name) => say(`migrating the database: ${name}`));
say("starting workerd");
let miniflare = await run([worker()], settings);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => miniflare.dispose().finally(() => process.exit(0)));
const url = `http://127.0.0.1:${port}/`;
try {
	await fetch(`${url}healthz`, { signal: AbortSignal.timeout(60_000) });
} catch (err) {
	stop(`the Worker does not answer: ${err.message}`);
}
console.log(`ready ${url}`);
say("sign in as owner@example.com with the password holdfast-demo (editor@, viewer@ and outsider@example.com have it too)");
say(`ADMIN_TOKEN, for the operators' calls, is in ${shown(envFile)}; what is stored, in ${shown(persist)}`);
say("Ctrl-C ends it");

// The last thing make does for the Worker is to write this file.
watchFile(join(build, "worker/.built"), { interval: 500 }, async ({ mtimeMs }) => {
	if (mtimeMs === 0) return; // the old one is gone, the new one not there yet
	say("serving the new build");
	await miniflare.dispose();
	miniflare = await run([worker()], settings);
});
