// Runs the built Worker for the Go tests beside it, in workerd: commands come as JSON
// lines on standard input, answers leave on standard output, one for each. The end of
// the input is the end of the server.
//
//   {"do":"evict","class":"Document","name":"welcome"}   drop the object from memory, its sockets hibernate;
//       with "attempt":"1" one that is not there, or never idle, is no error
//   {"do":"sql","class":"Document","name":"welcome","query":"…"}   what the object has stored
//   {"do":"d1","query":"…","args":"[…]"}   a statement on the database of accounts and rights
//   {"do":"logs"}   everything the Worker logged so far, and the level of each
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { answer, serve } from "../answers.mjs";
import { built, migrate, run } from "../workerd.mjs";

const { vars, secrets, build } = JSON.parse(process.argv[2]);
const logged = [];
const worker = built({ build: resolve(build), variables: { ...vars, ...secrets } });
const miniflare = await run([worker], { log: (entry) => logged.push(entry), inspect: true });
const database = await miniflare.getD1Database("DB", "holdfast");
await migrate(database);
answer({ url: String(await miniflare.ready) });

const commands = {
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
		const { results, meta } = await database.prepare(query).bind(...JSON.parse(args)).all();
		const columns = Object.keys(results[0] ?? {});
		return { rows: results, columns, values: results.map(Object.values), read: meta.rows_read, changes: meta.changes };
	},
	async logs() {
		return { logs: logged.map(({ message }) => message), levels: logged.map(({ level }) => level) };
	},
};

await serve(commands);
await miniflare.dispose();
process.exit(0);
