// Runs the built Worker for tests in Go, in workerd, one after another: commands come as
// JSON lines on standard input, answers leave on standard output, one for each. The end of
// the input is the end of the process.
//
//   {"do":"database","folder":"…"}   a database that is migrated, and holds the demo data
//   {"do":"start","vars":"{…}","database":"…"}   a Worker with these variables beside those of
//       wrangler.toml, with a copy of that database, and objects that hold nothing yet; "modules"
//       are WebAssembly modules in the place of those that were built; with the variable EVENTS_QUEUE, an address,
//       the queue of that name is bound, and a consumer posts each message there; with the variable COUNTED
//       what it costs is counted (counted.mjs), and is at /counts; with PLAYED_RECOVERY the platform can put
//       a document's storage back (played.mjs); with PROGRAMS the programs
//       behind the HTTP routes are counted, and trap on demand (programs.mjs)
//   {"do":"stop"}   ends it
//   {"do":"evict","class":"Document","name":"welcome"}   drop the object from memory, its sockets hibernate;
//       with "attempt":"1" one that is not there, or never idle, is no error
//   {"do":"sql","class":"Document","name":"welcome","query":"…"}   what the object has stored
//   {"do":"d1","query":"…","args":"[…]"}   a statement on the database of accounts and rights
//   {"do":"logs"}   everything the Worker logged so far, and the level of each
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { answer, serve } from "../../answers.mjs";
import { built, migrate, migrated, run } from "../../workerd.mjs";

const { secrets, build } = JSON.parse(process.argv[2]);
let miniflare, database, persist, logged;

async function stop() {
	await miniflare?.dispose();
	if (persist !== undefined) await rm(persist, { recursive: true, force: true, maxRetries: 5 });
	miniflare = database = persist = undefined;
}

// consuming is a Worker that posts each message of the queue.
const consuming = (address) => ({
	name: "consumer",
	modules: true,
	compatibilityDate: "2026-10-01",
	script: `export default { async queue({ messages }) { for (const { body } of messages) await fetch("${address}", { method: "POST", body: JSON.stringify(body) }); } }`,
	queueConsumers: { events: { maxBatchTimeout: 0.2 } },
});

// The Worker may have another entry before its own.
const entries = { COUNTED: "counted", PLAYED_RECOVERY: "played", PROGRAMS: "programs" };

function entered(worker, name) {
	const contents = readFileSync(new URL(`${name}.mjs`, import.meta.url), "utf8");
	return { ...worker, modules: [{ type: "ESModule", path: join(worker.modulesRoot, `${name}.js`), contents }, ...worker.modules] };
}

const commands = {
	async database({ folder }) {
		await migrated(built({ build: resolve(build) }), folder);
		return {};
	},
	async start({ vars, modules, database: from }) {
		const lines = (logged = []);
		persist = await mkdtemp(join(tmpdir(), "holdfast-worker-"));
		await cp(from, persist, { recursive: true });
		const { EVENTS_QUEUE: consumer, ...variables } = JSON.parse(vars) ?? {};
		const first = Object.keys(entries).filter((name) => name in variables);
		for (const name of first) delete variables[name];
		const plain = built({ build: resolve(build), variables: { ...secrets, ...variables }, modules: JSON.parse(modules) ?? {} });
		const worker = first.reduce((before, name) => entered(before, entries[name]), plain);
		miniflare = await run(consumer === undefined ? [worker] : [{ ...worker, queueProducers: { EVENTS_QUEUE: { queueName: "events" } } }, consuming(consumer)], { persist, log: (entry) => lines.push(entry), inspect: true });
		return { url: String(await miniflare.ready) };
	},
	async stop() {
		await stop();
		process.stderr.write("holdfast: the Worker has ended\n");
		return {};
	},
	async evict({ class: objectClass, name, attempt }) {
		// Miniflare may block this thread until workerd has answered, and workerd blocks when
		// nobody reads its log: what it has logged so far is read first.
		await setTimeout(30);
		try {
			await miniflare.unsafeEvictDurableObject("holdfast", objectClass, { name, webSockets: "hibernate" });
			return {};
		} catch (err) {
			if (attempt === undefined || !/not currently running|active references/.test(String(err))) throw err;
			return { refused: String(err) };
		}
	},
	async sql({ class: objectClass, name, query }) {
		const storage = await miniflare.unsafeGetDurableObjectStorage("holdfast", objectClass, { name });
		return { rows: await storage.exec(query) };
	},
	async d1({ query, args = "[]" }) {
		database ??= await miniflare.getD1Database("DB", "holdfast");
		const { results, meta } = await database.prepare(query).bind(...JSON.parse(args)).all();
		const columns = Object.keys(results[0] ?? {});
		return { rows: results, columns, values: results.map(Object.values), read: meta.rows_read, changes: meta.changes };
	},
	async logs() {
		return { logs: logged.map(({ message }) => message), levels: logged.map(({ level }) => level) };
	},
};

answer({});
await serve(commands);
await stop();
process.exit(0);
