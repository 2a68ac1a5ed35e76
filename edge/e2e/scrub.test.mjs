// What is erased row by row is in no file of workerd's afterwards, neither in pages that are free nor
// in the gaps of those that are not, nor in the write-ahead log: edge/worker/scrub.mjs, with SQLite
// as workerd has it. And all that was not erased is there, by every index.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const canary = "canary";
const contents = `
import { DurableObject } from "cloudflare:workers";
import { scrub } from "./scrub.mjs";

export class Rows extends DurableObject {
	fill(rows) {
		const { sql } = this.ctx.storage;
		sql.exec("CREATE TABLE ops (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, op BLOB NOT NULL, kind INTEGER NOT NULL)");
		sql.exec("CREATE INDEX ops_client ON ops (client_id, user_id, version)");
		sql.exec("CREATE INDEX ops_kind ON ops (user_id, kind) WHERE kind > 0");
		sql.exec("CREATE TABLE members (user_id TEXT NOT NULL, client_id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (user_id, client_id)) WITHOUT ROWID");
		sql.exec("CREATE TABLE audit (id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, detail TEXT NOT NULL)");
		for (let n = 1; n <= rows; n++) {
			const theirs = n % 3 === 0;
			sql.exec("INSERT INTO ops VALUES (?, ?, ?, CAST(? AS BLOB), ?)", n, theirs ? "canary-user" : "u" + (n % 7), theirs ? "canary-client" : "c" + ((n * 7919) % 1000), (theirs ? "canary-text " : "text ") + "x".repeat((n * 31) % 300), theirs ? 1 : 0);
			sql.exec("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", theirs ? "canary-user" : "u" + ((n * 7919) % 1000), "c" + n, theirs ? "canary-name" : "name");
			sql.exec("INSERT INTO audit (user_id, detail) VALUES (?, ?)", theirs ? "canary-user" : "u", theirs ? "canary-detail" : "");
		}
	}
	async forget() {
		const { storage } = this.ctx;
		const { sql } = storage;
		sql.exec("UPDATE ops SET user_id = 'nobody', client_id = '', op = CAST(printf('%*s', length(op), '') AS BLOB) WHERE user_id = 'canary-user'");
		sql.exec("DELETE FROM members WHERE user_id = 'canary-user'");
		sql.exec("DELETE FROM audit WHERE user_id = 'canary-user'");
		const state = () => JSON.stringify(["SELECT * FROM ops ORDER BY version", "SELECT version FROM ops INDEXED BY ops_client WHERE client_id = ''", "SELECT kind FROM ops INDEXED BY ops_kind WHERE user_id = 'nobody' AND kind > 0",
			"SELECT * FROM members", "SELECT * FROM audit", "SELECT type, name FROM sqlite_master WHERE name NOT LIKE '_cf%' ORDER BY name"].map((text) => [...sql.exec(text).raw()].map((row) => row.map((v) => (v instanceof ArrayBuffer ? v.byteLength : v)))));
		const before = state();
		await scrub(storage);
		return before === state();
	}
}
export default {
	async fetch(request, env) {
		const rows = env.ROWS.getByName("one");
		const { pathname, search } = new URL(request.url);
		return Response.json((pathname === "/fill" ? await rows.fill(Number(search.slice(1))) : await rows.forget()) ?? null);
	},
};`;

for (const rows of [5, 300, 8000]) {
	test(`what is erased of ${rows} rows is in no file`, async (t) => {
		const persist = mkdtempSync(join(tmpdir(), "holdfast-scrub-"));
		const scrub = readFileSync(new URL("../worker/scrub.mjs", import.meta.url), "utf8");
		const modules = [{ type: "ESModule", path: "worker.mjs", contents }, { type: "ESModule", path: "scrub.mjs", contents: scrub }];
		const miniflare = new Miniflare(convertV4MiniflareOptions({
			workers: [{ name: "scrub", modules, compatibilityDate: "2026-03-01", durableObjects: { ROWS: { className: "Rows", useSQLite: true } } }],
			resourcePersistencePath: persist, cf: false,
		}));
		t.after(async () => {
			await miniflare.dispose();
			rmSync(persist, { recursive: true, force: true });
		});
		const ask = async (path) => (await miniflare.dispatchFetch(`http://scrub${path}`)).json();
		const holding = () => readdirSync(persist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(canary)).map(({ name }) => name);
		await ask(`/fill?${rows}`);
		assert.notDeepEqual(holding(), [], "the search finds nothing where there is something");
		for (let time = 0; time < 2; time++) assert.equal(await ask("/forget"), true, "something else has changed");
		assert.deepEqual(holding(), []);
	});
}
