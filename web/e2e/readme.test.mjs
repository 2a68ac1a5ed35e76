// The examples of the READMEs, run word for word.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { build } from "esbuild";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { built, getToken, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
let server, site, browser, dir;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
  site = await serve(server.url);
  dir = await mkdtemp(join(tmpdir(), "holdfast-readme-"));
});
after(async () => {
  await browser?.close();
  site?.stop();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The package's README's examples in one language, in order. */
async function examples(language) {
  const readme = await readFile(join(here, "../README.md"), "utf8");
  return [...readme.matchAll(new RegExp("```" + language + "\n([^]*?)```", "g"))].map(([, code]) => code);
}

/** Bundles an example and opens a page with it, signed in; `received` is what it said. */
async function run(name, code, loader = "js") {
  const out = join(dir, name);
  await build({
    stdin: { contents: code, resolveDir: here, loader }, outfile: join(out, "app.js"), bundle: true, format: "esm", jsx: "automatic", logLevel: "warning",
    alias: Object.fromEntries(["react", "yjs", "index"].map((entry) => [entry === "index" ? "holdfast" : `holdfast/${entry}`, join(built, `${entry}.js`)])),
  });
  await cp(join(built, "holdfast.wasm"), join(out, "holdfast.wasm"));
  await writeFile(join(out, "index.html"), '<!doctype html><meta charset="utf-8"><title>app</title><main></main><script type="module" src="app.js"></script>');
  return visit(name, out);
}
async function visit(name, out) {
  site.show(`/${name}/`, out);
  const person = await Person.arrive(browser, site.url);
  await signIn(person);
  const page = await person.context.newPage();
  await page.goto(`${site.url}${name}/`);
  const says = async (line) => {
    for (let i = 0; i < 200 && !person.console.includes(`log: ${line}`); i++) await page.waitForTimeout(50);
    assert.ok(person.console.includes(`log: ${line}`), `"${line}" is not in:\n${person.console.join("\n")}`);
  };
  return { person, page, says };
}

test("the README's page connects, receives its own operation and stores it", { timeout: 60_000 }, async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const [, script] = readme.match(/```html\n<script type="module">([^]*?)<\/script>\n```/);
  const person = await Person.arrive(browser, server.url);
  const page = await person.context.newPage();

  // A page of the reader's own, on the same origin, signed in before.
  await page.goto(`${server.url}healthz`);
  const signedIn = await page.evaluate(async () => (await fetch("/auth/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "owner@example.com", password: "holdfast-demo" }),
  })).status);
  assert.equal(signedIn, 200);

  const operation = page.waitForEvent("console", { predicate: (message) => message.args().length === 2, timeout: 20_000 });
  await page.addScriptTag({ type: "module", content: script });
  const [version, op] = await Promise.all((await operation).args().map((arg) => arg.jsonValue()));
  assert.equal(version, 1);
  assert.deepEqual(op, { insert: "hello", at: 0 });
  assert.equal(person.refreshes, 1);
  await person.close();
});

test("the README's command for a clone makes an app", { timeout: 60_000 }, async () => {
  const top = new URL("../../", import.meta.url);
  const [, command] = (await readFile(new URL("README.md", top), "utf8")).match(/`make package && (node [^`]+)`/);
  const app = join(dir, "my-app");
  const { stdout } = await promisify(execFile)("bash", ["-c", `${command.replace("../my-app", app)} --no-install`], { cwd: fileURLToPath(top) });
  assert.match(stdout, /npm run dev/);
  const { name, scripts, dependencies } = JSON.parse(await readFile(join(app, "package.json"), "utf8"));
  assert.equal(name, "my-app");
  assert.match(dependencies.holdfast, /^file:.*\/\.build\/release\/holdfast-.*\.tgz$/);
  for (const script of ["dev", "test", "deploy"]) assert.ok(scripts[script], script);
});

test("the package's README: a session", { timeout: 60_000 }, async () => {
  const [, code] = await examples("js"); // the first is the Worker's, which worker.test.mjs runs
  const { person, says } = await run("session", code);
  for (const line of ["state connected", "unsent 1", "operation 2 {insert: hello, at: 0}", "stored as 2", "unsent 0"]) await says(line);
  assert.deepEqual(person.console.filter((line) => !line.startsWith("log:")), []);
  await person.close();
});

test("the package's README: signing in", { timeout: 60_000 }, async () => {
  const code = (await examples("js")).find((example) => example.includes("/auth/login"));
  const { person, page, says } = await run("sign-in", `${code}
    import { connect } from "holdfast";
    globalThis.signIn = signIn;
    globalThis.open = async () => (await connect({ url, document: "welcome", getToken })).addEventListener("state", ({ detail }) => console.log(detail.state));`);
  await page.context().clearCookies();
  assert.equal(await page.evaluate(() => globalThis.signIn({ email: "owner@example.com", password: "wrong" }).then(() => "in", (error) => error.message)), "The e-mail or the password is wrong.");
  await page.evaluate(() => globalThis.signIn({ email: "owner@example.com", password: "holdfast-demo" }));
  await page.evaluate(() => globalThis.open());
  await says("connected");
  await person.close();
});

test("the package's README: React", { timeout: 60_000 }, async () => {
  const [code] = await examples("jsx");
  const { person, page } = await run("react", `${code}
    import { createRoot } from "react-dom/client";
    createRoot(document.querySelector("main")).render(<Notes document="notes" getToken={${getToken}} />);`, "jsx");
  await until(page, () => document.querySelector("p")?.textContent === "connected, leading");
  await page.locator("button").click();
  await page.locator("li", { hasText: "a note" }).waitFor();
  assert.deepEqual(person.console.filter((line) => line.startsWith("error")), []);
  await person.close();
});

test("the package's README: Yjs", { timeout: 60_000 }, async () => {
  const code = (await examples("js")).find((example) => example.includes("HoldfastProvider"));
  const write = `const getToken = ${getToken};\n${code.replace('"notes"', '"secret"')}`;
  const first = await run("yjs", write);
  await first.says("synced true from Yjs");
  const second = await run("yjs", `${write}\nglobalThis.doc = doc; globalThis.awareness = provider.awareness;`);
  await until(second.page, () => globalThis.doc?.getText("text").toString() === "from Yjsfrom Yjs" && globalThis.awareness.getStates().size === 1);
  for (const { person } of [first, second]) await person.close();
});

test("the package's README: work that outlives the browser", { timeout: 60_000 }, async () => {
  const code = (await examples("js")).find((example) => example.includes("offline: true"));
  const { person, says } = await run("offline", `const getToken = ${getToken};\n${code.replace('"u_alice"', 'JSON.parse(atob((await getToken()).split(".")[1])).user_id')}`);
  await says("kept");
  await person.close();
});

test("the package's README: a script tag, and the types of what getToken may throw", { timeout: 60_000 }, async () => {
  const [page] = await examples("html");
  const out = join(dir, "script");
  await cp(built, join(out, "lib"), { recursive: true });
  await writeFile(join(out, "index.html"), `<!doctype html><meta charset="utf-8"><title>app</title>${page.replace("/lib/", "lib/")}`);
  const { person, says } = await visit("script", out);
  await says("connected");
  await person.close();

  await writeFile(join(dir, "example.ts"), (await examples("ts")).join("").replace(/^import type \{ GetToken \}.*$/m, ""));
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const paths = { compilerOptions: { noEmit: true, strict: true, module: "esnext", moduleResolution: "bundler", target: "es2022", types: [], paths: { holdfast: [join(built, "types/index.d.ts")], "holdfast/*": [join(built, "types/*.d.ts")] } }, files: ["example.ts"] };
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify(paths));
  await promisify(execFile)(process.execPath, [tsc, "--project", dir]).catch(({ stdout }) => assert.fail(stdout));
});
