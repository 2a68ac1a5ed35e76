// What an operator is told before a deployment. The configurations are read by the real wrangler; its
// commands that need an account are played by another program, which notes what it was asked.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { check as found } from "./check.mjs";

const program = new URL("holdfast.mjs", import.meta.url).pathname;
const repo = new URL("../..", import.meta.url).pathname;
const real = createRequire(import.meta.url).resolve("wrangler");

const good = `name = "app"
main = "worker.mjs"
compatibility_date = "2026-11-01"

[observability]
enabled = true
redact_query_string = true

[[durable_objects.bindings]]
name = "SESSIONS"
class_name = "UserSession"
[[durable_objects.bindings]]
name = "DOCUMENTS"
class_name = "Document"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["UserSession", "Document"]

[[d1_databases]]
binding = "DB"
database_name = "app"
database_id = "7e1b0bd5-1f0e-4b7a-9c53-0a1c5f6e8b10"
migrations_dir = "migrations"

[vars]
ISSUER = "https://app.example.com"
EMBEDDED_ISSUER = "1"
QUERY_TOKENS = "0"
JURISDICTION = "none"
`;

const everySecret = ["ADMIN_TOKEN", "SIGNING_KEY", "APP_SESSION_SECRET", "WEBHOOK_SECRET", "GUEST_SECRET", "EVENTS_SECRET"];

/** A project with this configuration. `secrets` are the names that its account says are there. */
function projectWith(config, { secrets = everySecret, says } = {}) {
	const cwd = mkdtempSync(join(tmpdir(), "holdfast-check-"));
	writeFileSync(join(cwd, "wrangler.toml"), config);
	writeFileSync(join(cwd, "worker.mjs"), "export default {}");
	cpSync(join(repo, "edge/migrations"), join(cwd, "migrations"), { recursive: true });
	const wrangler = join(cwd, "node_modules/wrangler");
	mkdirSync(join(wrangler, "bin"), { recursive: true });
	writeFileSync(join(wrangler, "package.json"), '{"name":"wrangler","type":"module","exports":{".":"./index.js","./package.json":"./package.json"}}');
	writeFileSync(join(wrangler, "index.js"), `export * from ${JSON.stringify(real)};`);
	const answer = says ?? JSON.stringify(secrets.map((name) => ({ name, type: "secret_text" })));
	writeFileSync(join(wrangler, "bin/wrangler.js"), `import { appendFileSync } from "node:fs";
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(cwd, "asked"))}, args.join(" ") + "\\n");
if (args[0] === "secret") { console.log(${JSON.stringify(answer)}); process.exit(${says === undefined ? 0 : 1}); }
process.exit(Number(process.env.FAILS === args[0] ? 3 : 0));`);
	return cwd;
}

const holdfast = (cwd, args, env = {}) =>
	new Promise((done) => execFile(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...env } }, (err, out, errors) => done({ code: err?.code ?? 0, out, errors, asked: existsSync(join(cwd, "asked")) ? readFileSync(join(cwd, "asked"), "utf8").trim().split("\n") : [] })));

/** What `holdfast check` says, without a process for each configuration: reading wrangler takes a second. */
async function check(config, more, options = {}) {
	const { stops, notes } = await found({ config: join(projectWith(config, more), "wrangler.toml"), ...options });
	const lines = [...notes.map((text) => `note: ${text}`), ...stops.map((text) => `wrong: ${text}`)];
	return { code: stops.length === 0 ? 0 : 1, errors: lines.join("\n") };
}

const stops = ({ errors }) => errors.split("\n").filter((line) => line.startsWith("wrong: "));
const notes = ({ errors }) => errors.split("\n").filter((line) => line.startsWith("note: "));

test("a complete configuration has nothing to say", async () => {
	const said = await holdfast(projectWith(good), ["check"]);
	assert.deepEqual([said.code, said.errors], [0, ""]);
	assert.match(said.out, /nothing stops/);
});

// Each line of the configuration, or other circumstance, that is wrong, and what it has to be told by.
const wrongs = [
	["no objects", (c) => c.replace(/\[\[durable_objects[^]*?(?=\[\[migrations)/, ""), /binding SESSIONS/, /binding DOCUMENTS/],
	["objects without their migration", (c) => c.replace('"UserSession", "Document"', '"UserSession"'), /no migration makes Document/],
	["no database", (c) => c.replace(/\[\[d1[^]*?(?=\[vars)/, ""), /no D1 database/],
	["the example's database", (c) => c.replace(/database_id = .*/, 'database_id = "00000000-0000-0000-0000-000000000000"'), /wrangler d1 create app/],
	["a database that is not named by its id", (c) => c.replace(/database_id = .*/, 'database_id = "app"'), /database_id/],
	["another's migrations", (c) => c.replace('"migrations"', '"other"'), /migrations_dir/],
	["an old date", (c) => c.replace("2026-11-01", "2026-09-30"), /compatibility_date is 2026-09-30/],
	["the seed's issuer", (c) => c.replace("https://app.example.com", "https://api.materi.dev"), /ISSUER is an example's/],
	["an issuer that a page names as an example", (c) => c.replace("https://app.example.com", "https://my-app.example"), /ISSUER is an example's, https:\/\/my-app/],
	["no issuer at all", (c) => c.replace('EMBEDDED_ISSUER = "1"', "").replace(/ISSUER = .*/, ""), /nobody can be let in/],
	["an issuer to be asked for its keys, for whoever", (c) => c.replace('EMBEDDED_ISSUER = "1"', ""), /AUDIENCE is empty beside ISSUER/],
	["an issuer that cannot be asked for its keys", (c) => c.replace('EMBEDDED_ISSUER = "1"', 'AUDIENCE = "app"').replace('ISSUER = "https', 'ISSUER = "http'), /ISSUER is no https/],
	["an outside issuer for whoever", (c) => `${c.replace('EMBEDDED_ISSUER = "1"', "")}JWKS_URL = "https://id.example.com/keys"\n`, /AUDIENCE is empty/],
	["an outside issuer without a name", (c) => `${c.replace(/ISSUER = "https.*/, "").replace('EMBEDDED_ISSUER = "1"', "")}AUDIENCE = "app"\nJWKS_URL = "https://id.example.com/keys"\n`, /ISSUER is empty/],
	["keys over http", (c) => `${c}JWKS_URL = "http://id.example.com/keys"\nAUDIENCE = "a"\n`, /JWKS_URL is no https/],
	["events by http", (c) => `${c}EVENTS_URL = "http://hooks.example.org/"\n`, /EVENTS_URL is no https address/],
	["a type of events that there is not", (c) => `${c}EVENTS_TYPES = "document.changed document.gone"\n`, /EVENTS_TYPES holds a type/],
	["a password in an address", (c) => `${c}PERMISSIONS_URL = "https://u:p@rights.example.com/"\n`, /PERMISSIONS_URL holds/],
	["this machine's address", (c) => `${c}PUBLIC_URL = "https://localhost:8787"\n`, /PUBLIC_URL is this machine's/],
	["a misspelt name", (c) => `${c}JWSK_URL = ""\n`, /JWSK_URL, which is no variable: JWKS_URL/],
	["a number that is none", (c) => `${c}GRACE_PERIOD_MS = "30s"\n`, /GRACE_PERIOD_MS has to be a number/],
	["a number beyond its bounds", (c) => `${c}TOKEN_LEEWAY_S = "301"\n`, /TOKEN_LEEWAY_S has to be a number from 0 to 300/],
	["a number outside of quotation marks", (c) => `${c}MAX_MEMBERS = 10\n`, /MAX_MEMBERS is no text/],
	["a switch that is none", (c) => `${c}EMAILS_VERIFIED = "yes"\n`, /EMAILS_VERIFIED has to be one of/],
	["a secret for all to read", (c) => `${c}ADMIN_TOKEN = "c2VjcmV0"\n`, /holds ADMIN_TOKEN/],
	["no jurisdiction decided", (c) => c.replace('JURISDICTION = "none"', ""), /JURISDICTION is not decided/],
	["no such jurisdiction", (c) => c.replace('JURISDICTION = "none"', 'JURISDICTION = "EU"'), /JURISDICTION has to be one of none eu us/],
	["tokens in the platform's log", (c) => c.replace("redact_query_string = true", "").replace('QUERY_TOKENS = "0"', ""), /redact_query_string/],
	["a folder that is not there", (c) => `assets = { directory = "pages" }\n${c}`, /no folder pages/],
];

for (const [name, spoil, ...patterns] of wrongs) {
	test(`it stops a deployment with ${name}`, async () => {
		const said = await check(spoil(good));
		assert.equal(said.code, 1);
		assert.equal(stops(said).length, patterns.length, said.errors);
		for (const [n, pattern] of patterns.entries()) assert.match(stops(said)[n], pattern);
		assert.ok(!said.errors.includes("c2VjcmV0"), "a value is shown");
	});
}

test("all that is wrong is said at once, and nothing is deployed", async () => {
	const config = wrongs.filter(([name]) => /example's database|old date|seed's|misspelt|jurisdiction decided/.test(name)).reduce((text, [, spoil]) => spoil(text), good);
	const said = await holdfast(projectWith(config, { secrets: [] }), ["deploy"]);
	assert.equal(stops(said).length, 7, said.errors);
	assert.match(said.errors, /these 7 things stop/);
	assert.deepEqual(said.asked.filter((line) => !line.startsWith("secret list")), []);
});

test("what an operator may want is a note", async () => {
	const config = `${good.replace('QUERY_TOKENS = "0"', "").replace("name =", 'route = "app.example.com/*"\nname =')}ALLOWED_ORIGINS = "*"\n`.replace('"none"', '"eu"');
	const said = await check(config, { secrets: everySecret.slice(0, 2) });
	assert.equal(said.code, 0, said.errors);
	for (const [n, pattern] of [/ALLOWED_ORIGINS/, /QUERY_TOKENS/, /--jurisdiction eu/, /workers_dev = false/, /APP_SESSION_SECRET/].entries()) assert.match(notes(said)[n], pattern);
});

test("secrets are missed by name: those that are there, and those that come with the deployment", async () => {
	assert.match(stops(await check(good, { secrets: ["ADMIN_TOKEN"] }))[0], /SIGNING_KEY is missing/);
	assert.match(stops(await check(good, { secrets: ["SIGNING_KEY"] }))[0], /ADMIN_TOKEN is missing/);
	const told = `${good}EVENTS_URL = "https://hooks.example.org/"\n`;
	assert.match(stops(await check(told, { secrets: ["ADMIN_TOKEN", "SIGNING_KEY"] }))[0], /EVENTS_SECRET is missing/);
	assert.equal((await check(told)).code, 0, "with the secret");
	const outside = good.replace('EMBEDDED_ISSUER = "1"', 'AUDIENCE = "app"\nJWKS_URL = "https://id.example.com/keys"');
	assert.equal((await check(outside, { secrets: ["ADMIN_TOKEN"] })).code, 0, "no signing key is needed beside another issuer");
	const asked = good.replace('EMBEDDED_ISSUER = "1"', 'AUDIENCE = "app"');
	assert.equal((await check(asked, { secrets: ["ADMIN_TOKEN"] })).code, 0, "an issuer is asked for its keys");
	const several = good.replace('EMBEDDED_ISSUER = "1"', 'ISSUERS = [{ issuer = "https://id.example.com", audience = "app" }]').replace(/ISSUER = "https.*/, "");
	assert.equal((await check(several, { secrets: ["ADMIN_TOKEN"] })).code, 0, "a list holds all issuers");
	assert.equal(stops(await check(good, { says: 'Worker "app" not found.' })).length, 2, "a Worker that is not there yet has none");
	const away = await check(good, { says: "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN" });
	assert.deepEqual([away.code, notes(away).length], [0, 1], "without an account nothing was asked, and that is said");
	assert.match(away.errors, /could not be asked \(wrangler is not signed in/);
	const cwd = projectWith(good, { says: 'Worker "app" not found.' });
	await holdfast(cwd, ["secrets", "--json", "secrets.json"]);
	assert.equal((await holdfast(cwd, ["check", "--secrets", "secrets.json"])).code, 0);
	writeFileSync(join(cwd, "secrets.json"), '{"ADMIN_TOKEN":"a","SIGNING_KEY":"c2VjcmV0"}');
	const broken = await holdfast(cwd, ["check", "--secrets", "secrets.json"]);
	assert.match(stops(broken)[0], /SIGNING_KEY in secrets.json/);
	assert.match(stops(broken)[1], /ADMIN_TOKEN in secrets.json can be guessed/);
	assert.ok(!broken.errors.includes("c2VjcmV0"));
});

test("an environment needs everything of its own, and a bare one is told all of it", async () => {
	const bare = await check(`${good}\n[env.staging]\n`, {}, { env: "staging" });
	assert.match(stops(bare).join("\n"), /SESSIONS.*inherits no bindings[^]*DOCUMENTS[^]*no D1 database[^]*nobody can be let in[^]*JURISDICTION/);
	const own = good.slice(good.indexOf("[[durable_objects"), good.indexOf("[[migrations")).replaceAll("[[", "[[env.staging.");
	const database = good.slice(good.indexOf("[[d1"), good.indexOf("[vars]")).replace("[[", "[[env.staging.");
	const staging = (id) => `${good}\n[env.staging]\n${own}${database.replace("7e1b0bd5", id)}[env.staging.vars]${good.slice(good.indexOf("[vars]") + 6)}`;
	assert.equal((await check(staging("8e1b0bd5"), {}, { env: "staging" })).errors, "");
	assert.match(stops(await check(staging("7e1b0bd5"), {}, { env: "staging" }))[0], /same database_id/);
	assert.match((await holdfast(projectWith(good), ["check", "--env", "staging"])).errors, /^holdfast: .* no \[env\.staging\]/);
});

test("neither a development build nor the demo is deployed", async () => {
	const cwd = projectWith(`assets = { directory = "out/web" }\n${good}`);
	mkdirSync(join(cwd, "out/web"), { recursive: true });
	writeFileSync(join(cwd, "out/build.json"), '{"mode":"dev","compiler":"tinygo"}');
	writeFileSync(join(cwd, "out/web/demo.js"), 'const password = "holdfast-demo";');
	const said = await holdfast(cwd, ["deploy", "--dry-run"]);
	assert.match(stops(said).join("\n"), /development build[^]*demo's password/);
	writeFileSync(join(cwd, "out/build.json"), '{"mode":"release","compiler":"tinygo"}');
	writeFileSync(join(cwd, "out/web/demo.js"), "");
	assert.equal((await holdfast(cwd, ["deploy", "--dry-run"])).code, 0);
});

test("a deployment brings the database up to date first, and stops if that fails", async () => {
	const cwd = projectWith(good);
	await holdfast(cwd, ["secrets", "--json", "secrets.json"]);
	const file = join(cwd, "wrangler.toml");
	const done = await holdfast(cwd, ["deploy", "--secrets", "secrets.json", "--", "--durable-objects-code-update-mode", "immediate"]);
	assert.equal(done.code, 0, done.errors);
	assert.deepEqual(done.asked.slice(1), [
		`d1 migrations apply DB --remote --config ${file}`,
		`deploy --config ${file} --secrets-file ${join(cwd, "secrets.json")} --durable-objects-code-update-mode immediate`,
	]);
	writeFileSync(file, `${good}\n[env.other]\n`);
	const outside = await holdfast(cwd, ["deploy", "--dry-run"]);
	assert.match(outside.asked.at(-1), /--env= --dry-run$/, "with environments, wrangler has to be told that none of them is meant");
	const failed = await holdfast(cwd, ["deploy"], { FAILS: "d1" });
	assert.equal(failed.code, 1);
	assert.equal(failed.asked.filter((line) => line.startsWith("deploy")).length, 2, "it deployed over a database that is not ready");
	const behind = await holdfast(cwd, ["deploy", "--", "--dry-run"]);
	assert.ok(!behind.asked.slice(failed.asked.length).some((words) => words.startsWith("d1")), "who asks wrangler for a dry run wants the database left alone");
	assert.match(behind.asked.at(-1), /^deploy [^]* --dry-run$/);
});

test("a folder without a configuration or wrangler is told so", async () => {
	const cwd = mkdtempSync(join(tmpdir(), "holdfast-check-"));
	assert.match((await holdfast(cwd, ["check"])).errors, /^holdfast: there is no wrangler.jsonc or wrangler.toml/);
	writeFileSync(join(cwd, "wrangler.jsonc"), "{");
	assert.match((await holdfast(cwd, ["check"])).errors, /^holdfast: wrangler is not installed here/);
	assert.match((await holdfast(projectWith("name = "), ["check"])).errors, /^holdfast: .* cannot be used/);
	assert.match((await holdfast(cwd, ["deploy", "--nonsense"])).errors, /^holdfast: .*Usage: holdfast deploy/);
});
