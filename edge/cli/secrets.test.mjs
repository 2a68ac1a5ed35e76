// The secrets' files as an operator finds them, and what a Worker makes of the keys in them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { lines } from "./secret_file.mjs";

const program = new URL("holdfast.mjs", import.meta.url).pathname;
const operating = readFileSync(new URL("../OPERATING.md", import.meta.url), "utf8");
const folder = () => mkdtempSync(join(tmpdir(), "holdfast-secrets-"));

const run = (cwd, ...args) => new Promise((done) => execFile(process.execPath, [program, "secrets", ...args], { cwd }, (err, out, errors) => done({ code: err?.code ?? 0, out, errors })));
const values = (file) => lines.values(readFileSync(file, "utf8"));

const token = async (jwk) => new SignJWT({}).setProtectedHeader({ alg: "RS256", kid: JSON.parse(jwk).kid }).sign(await importJWK(JSON.parse(jwk), "RS256"));
const verifies = async (text, jwk) => jwtVerify(text, await importJWK(jwk, "RS256"));

/** Each value that is in a file of secrets, and would show if it were printed. */
const secretsIn = (file) => Object.values(values(file)).flatMap((value) => (value.startsWith("{") ? [JSON.parse(value).d] : value.length > 20 ? [value] : []));

test("a development server's secrets are made once, whole, and for their owner only", async () => {
	const cwd = folder(), file = join(cwd, ".dev.vars");
	const first = await run(cwd);
	assert.equal(first.code, 0, first.errors);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.deepEqual(readdirSync(cwd), [".dev.vars"], "something is left behind");
	const made = values(file);
	for (const name of ["ADMIN_TOKEN", "APP_SESSION_SECRET", "WEBHOOK_SECRET", "GUEST_SECRET", "EVENTS_SECRET"]) assert.equal(made[name].length, 43, name);
	for (const name of Object.keys(made).filter((name) => name !== "JURISDICTION")) assert.ok(operating.includes(`\n| \`${name}\` | `), `OPERATING.md has no row for ${name}`);
	assert.equal(new Set(secretsIn(file)).size, 6, "two secrets are alike");
	const key = JSON.parse(made.SIGNING_KEY);
	assert.equal(key.kid.length, 43);
	await verifies(await token(made.SIGNING_KEY), { kty: key.kty, n: key.n, e: key.e });
	for (const secret of secretsIn(file)) assert.ok(!(first.out + first.errors).includes(secret), "a value is printed");
	const before = readFileSync(file, "utf8");
	assert.match((await run(cwd)).out, /kept/);
	assert.equal(readFileSync(file, "utf8"), before, "a second run replaced the secrets");
});

test("of several runs at a time one makes the file, and the others keep it", async () => {
	const cwd = folder();
	const all = await Promise.all(Array.from({ length: 4 }, () => run(cwd)));
	assert.deepEqual(all.map(({ code }) => code), [0, 0, 0, 0]);
	assert.equal(all.filter(({ out }) => out.includes("wrote")).length, 1);
	assert.deepEqual(readdirSync(cwd), [".dev.vars"]);
});

test("an older file gets what it lacks, once, and keeps what it has", async () => {
	const cwd = folder(), file = join(cwd, ".dev.vars");
	const before = "# mine\nADMIN_TOKEN='a'\nSIGNING_KEY='{}'\nMINE=\"b c\"";
	writeFileSync(file, before, { mode: 0o600 });
	assert.match((await run(cwd)).out, /added APP_SESSION_SECRET, WEBHOOK_SECRET, GUEST_SECRET, EVENTS_SECRET, JURISDICTION/);
	const after = readFileSync(file, "utf8");
	assert.ok(after.startsWith(`${before}\n`));
	assert.equal(values(file).APP_SESSION_SECRET.length, 43);
	await run(cwd);
	assert.equal(readFileSync(file, "utf8"), after);
});

test("rotated four times, a file keeps the public halves of the last two keys, and every other line", async () => {
	const cwd = folder(), file = join(cwd, ".dev.vars");
	await run(cwd);
	writeFileSync(file, `${readFileSync(file, "utf8")}EXTRA='kept'`, { mode: 0o600 });
	const { ADMIN_TOKEN: admin } = values(file);
	const signed = [];
	for (let n = 1; n <= 4; n++) {
		const old = values(file).SIGNING_KEY;
		signed.unshift(await token(old));
		const { code, errors } = await run(cwd, "--rotate");
		assert.equal(code, 0, errors);
		const now = values(file);
		const previous = JSON.parse(now.PREVIOUS_KEYS);
		assert.equal(previous.length, Math.min(n, 2));
		for (const [i, jwk] of previous.entries()) await verifies(signed[i], jwk);
		assert.ok(!("d" in previous[0]), "a private key that nobody needs is kept");
		assert.equal(readFileSync(file, "utf8").match(/^SIGNING_KEY=/gm).length, 1);
		assert.equal(now.ADMIN_TOKEN, admin);
		assert.equal(now.EXTRA, "kept");
	}
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.deepEqual(readdirSync(cwd), [".dev.vars"]);
});

test("a file that cannot be rotated stays as it is, and nothing of it is quoted", async () => {
	const cwd = folder(), file = join(cwd, ".dev.vars");
	assert.match((await run(cwd, "--rotate")).errors, /there is no/);
	const small = '{"kty":"RSA","kid":"a","n":"c2VjcmV0","e":"AQAB"}';
	for (const text of ["", "SIGNING_KEY='c2VjcmV0'\n", "ADMIN_TOKEN='c2VjcmV0'\n", `SIGNING_KEY='${small}'\n`, "SIGNING_KEY='[]'\n", "SIGNING_KEY='null'\n"]) {
		writeFileSync(file, text);
		const { code, out, errors } = await run(cwd, "--rotate");
		assert.equal(code, 1);
		assert.ok(!(out + errors).includes("c2VjcmV0") && !errors.includes("    at "), errors);
		assert.equal(readFileSync(file, "utf8"), text);
	}
});

test("a deployment's secrets are a JSON object that wrangler takes, and a leaked key is forgotten", async () => {
	const cwd = folder(), file = join(cwd, "secrets.json");
	const read = () => JSON.parse(readFileSync(file, "utf8"));
	await run(cwd, "--json", file);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	const first = read();
	assert.deepEqual(Object.keys(first), ["ADMIN_TOKEN", "SIGNING_KEY", "APP_SESSION_SECRET", "WEBHOOK_SECRET", "GUEST_SECRET", "EVENTS_SECRET"]);
	await run(cwd, "--json", file, "--rotate", "WEBHOOK_SECRET", "SIGNING_KEY");
	const second = read();
	assert.equal(second.WEBHOOK_SECRET.split(" ")[1], first.WEBHOOK_SECRET, "the old secret has to count until the sender has the new one");
	assert.equal(second.APP_SESSION_SECRET, first.APP_SESSION_SECRET);
	assert.equal(JSON.parse(second.PREVIOUS_KEYS)[0].kid, JSON.parse(first.SIGNING_KEY).kid);
	await run(cwd, "--json", file, "--rotate", "--forget", "WEBHOOK_SECRET", "SIGNING_KEY");
	const third = read();
	assert.equal(third.PREVIOUS_KEYS, null, "wrangler deletes what is null");
	assert.ok(!third.WEBHOOK_SECRET.includes(" ") && third.SIGNING_KEY !== second.SIGNING_KEY);
});

test("an operator's token is replaced without taking the others' away", async () => {
	const cwd = folder(), file = join(cwd, "secrets.json");
	writeFileSync(file, JSON.stringify({ ADMIN_TOKEN: "ann:one, old,older bob:two" }));
	await run(cwd, "--json", file, "--rotate", "ADMIN_TOKEN");
	assert.match(JSON.parse(readFileSync(file, "utf8")).ADMIN_TOKEN, /^[\w-]{43} old ann:one bob:two$/);
	await run(cwd, "--json", file, "--rotate", "--forget", "ADMIN_TOKEN");
	assert.match(JSON.parse(readFileSync(file, "utf8")).ADMIN_TOKEN, /^[\w-]{43} ann:one bob:two$/);
});

test("without the old file a deployment's published keys are enough to rotate", async () => {
	const cwd = folder();
	await run(cwd);
	const { SIGNING_KEY: old } = values(join(cwd, ".dev.vars"));
	const { d, p, q, dp, dq, qi, ...open } = JSON.parse(old);
	let body = JSON.stringify({ keys: [open] });
	const server = createServer((_, answer) => answer.end(body)).listen(0, "127.0.0.1");
	await new Promise((ready) => server.once("listening", ready));
	try {
		const address = `http://127.0.0.1:${server.address().port}`;
		const { out, errors } = await run(cwd, "--rotate", "--json", "-", "--from", address);
		const next = JSON.parse(out);
		assert.deepEqual(Object.keys(next), ["SIGNING_KEY", "PREVIOUS_KEYS"], errors);
		await verifies(await token(old), JSON.parse(next.PREVIOUS_KEYS)[0]);
		for (body of ["{}", '{"keys":[]}', "<html>", '{"keys":[{"kty":"EC"}]}']) {
			const { code, out } = await run(cwd, "--rotate", "--json", "-", "--from", address);
			assert.equal(code, 1);
			assert.equal(out, "", "secrets that would end sign-ins are handed on");
		}
	} finally {
		server.close();
	}
	for (const address of ["http://app.example.com", "app.example.com"]) {
		const { code, out, errors } = await run(cwd, "--rotate", "--json", "-", "--from", address);
		assert.equal(code + out, "1");
		assert.match(errors, /no https address/, "whoever is on the way chooses keys that the deployment is to trust");
	}
	assert.match((await run(cwd, "--rotate", "--json", "-")).errors, /--from/, "a rotation that knows no old key would sign everybody out");
});

test("a file that is complete is for its owner only from then on, whoever made it", async () => {
	const cwd = folder();
	for (const [file, args] of [[".dev.vars", []], ["secrets.json", ["--json", "secrets.json"]]]) {
		await run(cwd, ...args);
		chmodSync(join(cwd, file), 0o644); // a copy
		const before = readFileSync(join(cwd, file), "utf8");
		const { code } = await run(cwd, ...args);
		assert.deepEqual([code, statSync(join(cwd, file)).mode & 0o777, readFileSync(join(cwd, file), "utf8")], [0, 0o600, before]);
	}
});

test("what cannot be written or read ends with a sentence, and what stands in the way is kept", async () => {
	const cwd = folder();
	symlinkSync("/nowhere/at/all", join(cwd, ".dev.vars"));
	for (const args of [[], ["--file", "no/such/folder/.dev.vars"], ["--file", "."], ["--json", "a", "--file", "b"], ["--forget"], ["SIGNING_KEY"], ["--rotate", "PERMISSIONS_TOKEN"], ["--what"]]) {
		const { code, errors } = await run(cwd, ...args);
		assert.equal(code, 1, args.join(" "));
		assert.match(errors, /^holdfast: .*\.\S*( Usage.*)?\n$/, args.join(" "));
	}
	assert.deepEqual(readdirSync(cwd), [".dev.vars"]);
});
