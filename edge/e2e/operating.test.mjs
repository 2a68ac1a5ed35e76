// OPERATING.md as an operator follows it: its files make a project with the built package, and its
// commands run there as far as they go without an account. Those that need one are held to what
// wrangler says of its own commands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { experimental_getWranglerCommands as wranglerCommands } from "wrangler";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(repo, "edge/OPERATING.md"), "utf8");
const blocks = (kind) => [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter((block) => block[1] === kind).map((block) => block[2]);
const commands = blocks("sh").flatMap((text) => text.replace(/\\\n\s*/g, "").split("\n")).filter((line) => line !== "").flatMap((line) => line.split(" | "));
const words = (command) => [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);

const folder = mkdtempSync(join(tmpdir(), "holdfast-operating-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Follows the page to where the configuration is complete: the root environment, its domain, and staging. */
function project() {
	const [root, , staging, domain] = blocks("toml").map((text) => text.replace("YOUR-DATABASE-ID", "7e1b0bd5-1f0e-4b7a-9c53-0a1c5f6e8b10").replace("YOUR-STAGING-DATABASE-ID", "8e1b0bd5-1f0e-4b7a-9c53-0a1c5f6e8b10"));
	writeFileSync(join(folder, "package.json"), '{"private":true}');
	writeFileSync(join(folder, "worker.js"), blocks("js")[0]);
	writeFileSync(join(folder, "wrangler.toml"), `${domain}${root}\n${staging}`);
	mkdirSync(join(folder, "node_modules"));
	cpSync(join(process.env.HOLDFAST_BUILD, "package"), join(folder, "node_modules/holdfast"), { recursive: true });
	symlinkSync(join(repo, "node_modules/wrangler"), join(folder, "node_modules/wrangler"));
}

const run = (program, args) =>
	new Promise((done) => {
		const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: join(folder, "log"), CLOUDFLARE_API_TOKEN: "" };
		execFile(process.execPath, [program, ...args], { cwd: folder, env }, (err, out, errors) => done({ code: err?.code ?? 0, said: out + errors }));
	});
const holdfast = (...args) => run(join(folder, "node_modules/holdfast/cli/holdfast.mjs"), args);
const wrangler = (...args) => run(join(repo, "node_modules/wrangler/bin/wrangler.js"), args);

test("every command of the page is one that there is, with its options", () => {
	const { registry, globalFlags } = wranglerCommands();
	const makefile = readFileSync(join(repo, "Makefile"), "utf8");
	let known = 0;
	for (const command of commands) {
		const [program, ...rest] = words(command);
		if (program === "npx" && rest[0] === "wrangler") wranglerHas(registry, globalFlags, rest.slice(1), command);
		else if (program === "npx" && rest[0] === "holdfast") assert.ok(existsSync(join(repo, `edge/cli/${rest[1]}.mjs`)), command);
		else if (program === "make") assert.match(makefile, new RegExp(`^${rest[0]}:`, "m"), command);
		else assert.ok(/^(npm (init -y|install (--save-dev )?(holdfast|holdfast@latest|wrangler))|curl -X|export )/.test(command), `nothing checks ${command}`);
		known++;
	}
	assert.ok(known > 30, `only ${known} commands found`);
});

function wranglerHas(registry, globalFlags, args, command) {
	let node = registry;
	while (node.subtree.has(args[0])) node = node.subtree.get(args.shift());
	const { definition } = node;
	assert.equal(definition?.type, "command", `wrangler has no ${command}`);
	const flags = args.filter((arg) => arg.startsWith("--")).map((arg) => arg.slice(2).split("=")[0]);
	for (const flag of flags) {
		assert.ok(flag in definition.args || flag in globalFlags, `wrangler has no --${flag} in: ${command}`);
		const { choices } = definition.args[flag] ?? {};
		if (choices) assert.ok(choices.includes(args[args.indexOf(`--${flag}`) + 1]), command);
	}
	for (const name of definition.positionalArgs ?? []) if (definition.args[name].demandOption) assert.ok(args[0] !== undefined && !args[0].startsWith("--"), `${command} needs ${name}`);
}

test("followed step by step, the page ends in a deployment that only an account is missing for", async () => {
	project();
	const made = await holdfast("secrets", "--json", "secrets.json");
	assert.equal(made.code, 0, made.said);
	assert.equal(statSync(join(folder, "secrets.json")).mode & 0o777, 0o600);
	for (const env of [[], ["--env", "staging"]]) {
		const checked = await holdfast("check", "--secrets", "secrets.json", ...env);
		assert.equal(checked.code, 0, checked.said);
		assert.deepEqual(checked.said.split("\n").filter((line) => /^(note|wrong)/.test(line)), ["note: which secrets the deployment has could not be asked (wrangler is not signed in to an account)."]);
		const dry = await holdfast("deploy", "--secrets", "secrets.json", "--dry-run", ...env, "--", "--durable-objects-code-update-mode", "immediate");
		assert.equal(dry.code, 0, dry.said);
		for (const binding of ["env.SESSIONS", "env.DOCUMENTS", "env.DB", "env.JURISDICTION"]) assert.ok(dry.said.includes(binding), `${binding}: ${dry.said}`);
		assert.ok(!dry.said.includes(JSON.parse(readFileSync(join(folder, "secrets.json"), "utf8")).ADMIN_TOKEN), "a secret is shown");
	}
	const bare = await holdfast("check", "--env", "staging", "--config", bareStaging());
	assert.match(bare.said, /inherits no bindings/);
	const real = await holdfast("deploy", "--secrets", "secrets.json");
	assert.match(real.said, /wrangler ended with|CLOUDFLARE_API_TOKEN/, "without an account it has to stop");
});

function bareStaging() {
	const file = join(folder, "bare.toml");
	writeFileSync(file, `${blocks("toml")[0].replace("YOUR-DATABASE-ID", "7e1b0bd5-1f0e-4b7a-9c53-0a1c5f6e8b10")}\n[env.staging]\n`);
	return file;
}

test("the migrations and the statement that forgets the jurisdiction run on a local database", async () => {
	const applied = await wrangler("d1", "migrations", "apply", "DB", "--local");
	assert.equal(applied.code, 0, applied.said);
	const remote = commands.map(words).find((all) => all.includes("execute"));
	const run = await wrangler(...remote.slice(2).map((word) => (word === "--remote" ? "--local" : word)));
	assert.equal(run.code, 0, run.said);
	const left = await wrangler("d1", "execute", "DB", "--local", "--json", "--command", "SELECT count(*) AS n FROM deployment");
	assert.match(left.said, /"n": 0/);
});

test("each rotation of the page makes what wrangler secret bulk takes", async () => {
	const rotations = commands.map(words).filter((all) => all[1] === "holdfast" && all.includes("--rotate") && all.includes("secrets.json"));
	assert.equal(rotations.length, 2);
	for (const [, , ...args] of rotations) {
		const done = await holdfast(...args);
		assert.equal(done.code, 0, done.said);
	}
	const bulk = await wrangler("secret", "bulk", "secrets.json");
	assert.match(bulk.said, /CLOUDFLARE_API_TOKEN|not logged in|login/i, "wrangler did not get as far as the account");
});
