// The built Worker in workerd, as make dev, the tests and the benchmarks run it: by
// Miniflare, with what wrangler.toml says. Clients speak to the workerd in which the
// Worker is. `wrangler dev` and wrangler's test harness put another one before it: every
// request and every frame passes both, and a request fails at times because a connection
// that was kept between the two has just been closed.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";

const repo = fileURLToPath(new URL("..", import.meta.url));

/** The statements of a SQL file, which end where a semicolon ends a line, as all of ours do. */
function statements(file) {
	return readFileSync(file, "utf8")
		.replace(/^\s*--.*$/gm, "")
		.split(/;\s*$/m)
		.map((sql) => sql.trim())
		.filter((sql) => sql !== "");
}

/**
 * The Worker that was built into the folder `build`, for `run`, with the demo page, which a
 * deployment does not have. `variables` win over those of wrangler.toml and of `envFile`; no
 * other file of variables is read. `modules` puts other files in the place of WebAssembly
 * modules, by their names: {"object.wasm": "/a/file"}.
 */
export function built({ build, ...more }) {
	const worker = bundled({ ...more, name: "holdfast", config: join(repo, "wrangler.toml"), folder: join(build, "worker"), entry: "worker.js" });
	return { ...worker, assets: { ...worker.assets, directory: join(build, "demo") } };
}

/** A Worker that wrangler has bundled into a folder, with what its own configuration says; the rest is as for `built`. */
export function bundled({ name, config, folder: modulesRoot, entry, variables = {}, envFile, modules = {} }) {
	const options = workerOptions(config, undefined, { envFiles: envFile ? [envFile] : [] }).workerOptions;
	const wasm = readdirSync(modulesRoot).filter((file) => file.endsWith(".wasm"));
	return {
		...options,
		name,
		modulesRules: undefined,
		modulesRoot,
		modules: [
			{ type: "ESModule", path: join(modulesRoot, entry) },
			...wasm.map((file) => {
				const other = modules[file.slice(file.indexOf("-") + 1)]; // it begins with a hash
				return { type: "CompiledWasm", path: join(modulesRoot, file), ...(other && { contents: readFileSync(other) }) };
			}),
		],
		bindings: { ...options.bindings, ...variables },
	};
}

/**
 * Starts these Workers in one workerd and resolves to Miniflare once it serves the first
 * one at `await miniflare.ready`. What they keep is in the folder `persist`, or is gone
 * with it; `log` gets what they log. With `inspect`, what objects have stored can be read and changed.
 */
export async function run(workers, { port = 0, persist, log = () => {}, inspect = false } = {}) {
	const miniflare = new Miniflare({
		...convertV4MiniflareOptions({
			workers,
			host: "127.0.0.1",
			port,
			cf: false, // request.cf is not used: do not ask the network for a sample
			resourcePersistencePath: persist,
			unsafeInspectDurableObjects: inspect,
			log: new Log(LogLevel.ERROR),
			handleStructuredLogs: log,
		}),
	});
	await miniflare.ready;
	return miniflare;
}

/**
 * Brings a database up to date in the way `wrangler d1 migrations apply` does, and adds the
 * demo data. It calls `say` with the name of each migration.
 */
export async function migrate(database, say = () => {}, folder = join(repo, "edge/migrations")) {
	// One batch is one transaction: a start that is killed leaves no half of it.
	const apply = (file, ...more) => database.batch([...statements(file).map((sql) => database.prepare(sql)), ...more]);
	await database.prepare("CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)").run();
	const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
	const applied = new Set(results.map(({ name }) => name));
	for (const name of readdirSync(folder).filter((name) => name.endsWith(".sql")).sort()) {
		if (applied.has(name)) continue;
		say(name);
		await apply(join(folder, name), database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name));
	}
	await apply(join(repo, "edge/seed/demo.sql"));
}

/**
 * Brings the database that is kept in the folder `persist` up to date before a Worker is
 * there, which would find it half done.
 */
export async function migrated({ compatibilityDate, d1Databases }, persist, say) {
	const miniflare = await run([{ name: "database", modules: true, script: "export default {}", compatibilityDate, d1Databases }], { persist });
	try {
		await migrate(await miniflare.getD1Database("DB"), say);
	} finally {
		await miniflare.dispose();
	}
}
