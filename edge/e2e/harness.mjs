// Runs the built Worker for the Go tests beside it, in workerd, by wrangler's test
// harness: commands come as JSON lines on standard input, answers leave on
// standard output, one for each. The end of the input is the end of the server.
//
//   {"do":"evict","class":"Document","name":"welcome"}   drop the object from memory, its sockets hibernate;
//       with "attempt":"1" one that is not there, or never idle, is no error
//   {"do":"sql","class":"Document","name":"welcome","query":"…"}   what the object has stored
//   {"do":"d1","query":"…"}   a statement on the database of accounts and rights
//   {"do":"logs"}   everything the Worker logged so far
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTestHarness } from "wrangler";
import { answer, serve } from "../answers.mjs";
import { statements } from "../statements.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const { vars, secrets, build } = JSON.parse(process.argv[2]);

const server = createTestHarness({
	root: repo,
	workers: [{ configPath: join(repo, "wrangler.toml"), prebuiltWorkerDir: resolve(build, "worker"), vars: vars ?? {}, secrets }],
});

const { url } = await server.listen();
const worker = server.getWorker();
await worker.applyD1Migrations("DB");
const { DB } = await worker.getEnv();
await DB.batch(statements(join(repo, "edge/seed/demo.sql")).map((sql) => DB.prepare(sql)));
answer({ url: String(url) });

const commands = {
	async evict({ class: objectClass, name, attempt }) {
		// Wrangler may block this thread until workerd has answered, and workerd blocks when
		// nobody reads its log: what it has logged so far is read first.
		await setTimeout(30);
		try {
			await worker.evictDurableObject(objectClass, { name, webSockets: "hibernate" });
			return {};
		} catch (err) {
			if (attempt === undefined || !/not currently running|active references/.test(String(err))) throw err;
			return { refused: String(err) };
		}
	},
	async sql({ class: objectClass, name, query }) {
		const storage = await worker.getDurableObjectStorage(objectClass, { name });
		return { rows: await storage.exec(query) };
	},
	async d1({ query }) {
		const { results } = await DB.prepare(query).all();
		return { rows: results };
	},
	async logs() {
		return { logs: server.getLogs().map(({ message }) => message) };
	},
};

await serve(commands);
await server.close();
process.exit(0);
