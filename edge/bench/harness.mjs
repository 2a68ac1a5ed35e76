// Runs Holdfast and its peers in one workerd process for edge/e2e/bench_test.go. It reads
// commands as JSON lines from standard input, and writes one answer for each to standard
// output, as edge/e2e/harness.mjs does.
//
//   {"do":"evict","worker":"holdfast","class":"Document","name":"bench-1"}
//   {"do":"d1","query":"…"}
//
// Each Worker has a socket of its own into workerd.

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { answer, serve } from "../answers.mjs";
import { built, migrate, run } from "../workerd.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const { secrets, build, users, documents } = JSON.parse(process.argv[2]);
const sockets = [{ host: "127.0.0.1", port: 0 }];

// The peers have no limits, and a writer here sends as fast as it can without confirming
// what it has read. So these limits are too high to matter.
const unlimited = Object.fromEntries(
	["REFRESHES_PER_SIGN_IN_PER_MIN", "LOGINS_PER_IP_PER_MIN", "LOGINS_PER_IP_BURST", "LOGIN_FAILURES", "LOGIN_FAILURES_PER_ACCOUNT", "MESSAGES_PER_S", "MESSAGES_BURST", "BYTES_PER_S", "BYTES_BURST", "WINDOW_BYTES", "RESUMES_PER_DOCUMENT_PER_MIN", "RESUMES_PER_DOCUMENT_BURST"].map((name) => [name, "1000000000"]),
);

async function peers({ bindings: { ISSUER }, d1Databases }) {
	const dir = join(repo, "edge/bench");
	const options = workerOptions(join(dir, "wrangler.toml")).workerOptions;
	const { outputFiles } = await bundle({
		entryPoints: [join(dir, "peers.mjs")],
		bundle: true,
		write: false,
		format: "esm",
		target: "es2024",
		conditions: ["workerd", "worker", "browser"],
		external: ["cloudflare:*"],
		minify: true,
	});
	const { kty, n, e, kid } = JSON.parse(secrets.SIGNING_KEY);
	return {
		...options,
		name: "peers",
		modulesRules: undefined,
		modulesRoot: dir,
		modules: [{ type: "ESModule", path: join(dir, "peers.js"), contents: outputFiles[0].text }],
		d1Databases,
		bindings: { ISSUER, SIGNING_KEY: secrets.SIGNING_KEY, KEYS: JSON.stringify({ keys: [{ kty, n, e, kid, alg: "RS256", use: "sig" }] }) },
		unsafeDirectSockets: sockets,
	};
}

// Without the web files: with them miniflare would put a Worker of its own before this
// one, and before no other contestant.
const own = { ...built({ build: resolve(build), variables: { ...secrets, ...unlimited } }), assets: undefined, unsafeDirectSockets: sockets };
const miniflare = await run([own, await peers(own)]);

// Everybody in the demo workspace may edit its documents, so add as many users as needed.
const database = await miniflare.getD1Database("DB", "holdfast");
await migrate(database);
const count = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)";
await database.batch([
	database.prepare(`${count} INSERT INTO members (workspace_id, user_id, role) SELECT 'ws_demo', 'bench-' || i, 'member' FROM n`).bind(users),
	database.prepare(`${count} INSERT INTO documents (id, workspace_id, title) SELECT 'bench-' || i, 'ws_demo', 'Benchmark' FROM n`).bind(documents),
]);

answer({
	holdfast: String(await miniflare.unsafeGetDirectURL("holdfast")),
	peers: String(await miniflare.unsafeGetDirectURL("peers")),
});

const commands = {
	async d1({ query }) {
		return { rows: (await database.prepare(query).all()).results };
	},
	async evict({ worker, class: objectClass, name }) {
		await miniflare.unsafeEvictDurableObject(worker, objectClass, { name, webSockets: "hibernate" });
		return {};
	},
};

await serve(commands);
await miniflare.dispose();
process.exit(0);
