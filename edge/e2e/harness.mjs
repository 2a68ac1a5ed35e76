// Runs the built Worker for the Go tests beside it, in workerd, by wrangler's test
// harness: commands come as JSON lines on standard input, answers leave on
// standard output, one for each. The end of the input is the end of the server.
//
//   {"do":"evict","class":"Document","name":"welcome"}   drop the object from memory, its sockets hibernate
//   {"do":"sql","class":"Document","name":"welcome","query":"…"}   what the object has stored
//   {"do":"logs"}   everything the Worker logged so far
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTestHarness } from "wrangler";
import { statements } from "../statements.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const { vars, secrets, build } = JSON.parse(process.argv[2]);

const server = createTestHarness({
	root: repo,
	workers: [{ configPath: join(repo, "wrangler.toml"), prebuiltWorkerDir: resolve(build, "worker"), vars: vars ?? {}, secrets }],
});
const answer = (value) => process.stdout.write(`\n${JSON.stringify(value)}\n`);

const { url } = await server.listen();
const worker = server.getWorker();
await worker.applyD1Migrations("DB");
const { DB } = await worker.getEnv();
await DB.batch(statements(join(repo, "edge/seed/demo.sql")).map((sql) => DB.prepare(sql)));
answer({ url: String(url) });

const commands = {
	async evict({ class: objectClass, name }) {
		await worker.evictDurableObject(objectClass, { name, webSockets: "hibernate" });
		return {};
	},
	async sql({ class: objectClass, name, query }) {
		const storage = await worker.getDurableObjectStorage(objectClass, { name });
		return { rows: await storage.exec(query) };
	},
	async logs() {
		return { logs: server.getLogs().map(({ message }) => message) };
	},
};

for await (const line of createInterface({ input: process.stdin })) {
	const command = JSON.parse(line);
	try {
		answer(await commands[command.do](command));
	} catch (err) {
		answer({ error: String(err) });
	}
}
await server.close();
process.exit(0);
