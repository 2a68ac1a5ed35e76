// What an app brings along for Cloudflare's deploy button: names to ask for, and no value that
// would be everybody's. The attacker has read the template.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { make } from "../create/make.mjs";
import { project } from "./apps.mjs";
import { Line, serving } from "./workers.mjs";

const run = promisify(execFile);
let app, dir, manifest, example;

before(async () => {
  app = await project();
  dir = join(app.dir, "made");
  make(dir, { name: "made", template: "vanilla", manager: "npm", holdfast: "0.3.0" });
  manifest = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
  const lines = (await readFile(join(dir, ".dev.vars.example"), "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  example = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
});
after(() => app?.remove());

test("it asks for the secrets that a deployment is checked for, and says what each is", async () => {
  const checked = await readFile(new URL("../../edge/cli/check_secrets.mjs", import.meta.url), "utf8");
  for (const name of ["SIGNING_KEY", "ADMIN_TOKEN", "APP_SESSION_SECRET"]) assert.ok(checked.includes(`"${name}"`), name);
  assert.deepEqual(Object.keys(example), ["SIGNING_KEY", "ADMIN_TOKEN", "APP_SESSION_SECRET"]);
  const config = await readFile(join(dir, "wrangler.toml"), "utf8");
  for (const [name, { description }] of Object.entries(manifest.cloudflare.bindings)) {
    assert.ok(name in example || new RegExp(`^${name} = |^binding = "${name}"`, "m").test(config), `there is no ${name} to describe`);
    assert.ok(description.length > 20, name);
  }
  for (const name of Object.keys(example)) assert.ok(manifest.cloudflare.bindings[name], `nothing is said of ${name}`);
});

test("git keeps the example, and no file of secrets", async () => {
  await run("git", ["init", "-q"], { cwd: dir });
  const ignored = (name) => run("git", ["check-ignore", "-q", name], { cwd: dir }).then(() => true, () => false);
  assert.equal(await ignored(".dev.vars.example"), false);
  for (const name of [".dev.vars", ".dev.vars.staging", "secrets.json"]) assert.equal(await ignored(name), true, name);
});

test("a Worker that was deployed with the values as they stand lets nobody in", { timeout: 120_000 }, async () => {
  await mkdir(join(app.dir, "out"), { recursive: true });
  // The page is not built here.
  const config = (await readFile(join(dir, "wrangler.toml"), "utf8")).replace(/^\[assets\]\n(.+\n)+/m, "");
  await writeFile(join(app.dir, "made.toml"), config.replace('"worker/index.js"', '"made/worker/index.js"'));
  const worker = await serving(app.dir, join(dir, ".dev.vars.example"))("made");
  try {
    const health = await fetch(`${worker.url}healthz`);
    assert.equal(health.status, 503, await health.text());
    const login = await fetch(`${worker.url}auth/login`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"email":"owner@example.com","password":"holdfast-demo"}' });
    assert.equal(login.status, 503, await login.text());
    for (const token of Object.values(example).concat("admin", "undefined", "null")) {
      const asked = await fetch(`${worker.url}v1/admin/apps`, { headers: { authorization: `Bearer ${token}` } });
      assert.ok([401, 403, 404].includes(asked.status), `"${token}" as ADMIN_TOKEN: ${asked.status}`);
    }
    const none = [{ alg: "none" }, { alg: "HS256" }].map((head) => `${btoa(JSON.stringify({ ...head, typ: "JWT" }))}.${btoa('{"user_id":"u"}')}.AA`.replaceAll("=", ""));
    for (const token of none) assert.match(await new Line(worker.url, token, "welcome").answer(), /^(SERVICE_UNAVAILABLE|AUTHENTICATION_FAILED)/);
  } finally {
    await worker.stop();
  }
});
