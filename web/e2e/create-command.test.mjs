// The command line of npm create holdfast: what it makes, what it refuses, and what it says next.
// Nothing is installed here.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bench, command, source } from "./create.mjs";

let here;
before(async () => (here = await bench()));
after(() => here?.remove());

const create = (args, env = {}, cwd = here.dir) => command(process.execPath, [join(source, "index.mjs"), ...args], { cwd, env: { ...here.env, ...env } });
const json = async (path) => JSON.parse(await readFile(path, "utf8"));

test("the package holds the command and the templates, and no more", () => {
  assert.deepEqual(here.packed.filter((name) => !name.startsWith("templates/")), ["README.md", "create.mjs", "index.mjs", "make.mjs", "package.json"]);
});

test("from its .tgz it makes an app in a folder with its name in it", async () => {
  const said = await here.make(["apps/my-app", "--no-install"]);
  assert.equal(said.code, 0, said.errors);
  assert.match(said.out, /cd apps\/my-app\n {2}npm install\n {2}npm run dev /);
  const app = join(here.dir, "apps/my-app");
  const about = await json(join(app, "package.json"));
  assert.equal(about.name, "my-app");
  assert.equal(about.dependencies.holdfast, (await json(join(source, "package.json"))).version, "the version that it was made with");
  assert.equal(about.dependencies.react, undefined, "vanilla where nobody is asked");
  const files = (await readdir(app, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.ok(files.some(({ name }) => name === ".gitignore"));
  for (const { name, parentPath } of files) assert.doesNotMatch(await readFile(join(parentPath, name), "utf8"), /\{\{\w+\}\}/, name);
  assert.match(await readFile(join(app, "wrangler.toml"), "utf8"), /^name = "my-app"$/m);
  assert.ok((await readFile(join(app, "README.md"), "utf8")).split("\n").length <= 61);
});

test("every version is exact, and the one that the tests here run with", async () => {
  const own = await json(createRequire(import.meta.url).resolve("../../package.json"));
  for (const template of ["common", "react"]) {
    const { dependencies, devDependencies } = await json(join(source, "templates", template, "package.json"));
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (name === "holdfast") continue;
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      // wrangler is the one of Cloudflare's Vite plugin.
      if (Object.hasOwn(own.devDependencies, name) && name !== "wrangler") assert.equal(version, own.devDependencies[name], name);
    }
  }
  assert.equal((await json(join(source, "package.json"))).version, (await json(join(source, "../package.json"))).version);
});

test("what is next is said in the words of who runs it", async () => {
  for (const [agent, ...lines] of [
    ["npm/11.0.0 node/v22.12.0 linux x64", "npm install", "npm run dev ", "npm test ", "npm run deploy "],
    ["pnpm/12.23.0 npm/? node/v22.12.0 linux x64", "pnpm install", "pnpm dev ", "pnpm test ", "pnpm run deploy "],
    ["yarn/4.18.1 npm/? node/v22.12.0 linux x64", "yarn install", "yarn dev ", "yarn test ", "yarn run deploy "],
    ["bun/1.4.0 npm/? node/v22.12.0 linux x64", "bun install", "bun run dev ", "bun run test ", "bun run deploy "],
  ]) {
    const name = `by-${agent.split("/")[0]}`;
    const said = await create([name, "--no-install"], { npm_config_user_agent: agent });
    assert.deepEqual(lines.filter((line) => !said.out.includes(`\n  ${line}`.trimEnd())), [], said.out);
    if (agent.startsWith("yarn/4")) assert.match(await readFile(join(here.dir, name, ".yarnrc.yml"), "utf8"), /nodeLinker: node-modules/);
    if (agent.startsWith("pnpm")) assert.match(await readFile(join(here.dir, name, "pnpm-workspace.yaml"), "utf8"), /esbuild/);
  }
});

test("it refuses what it cannot do in a sentence, and writes nothing", async () => {
  await mkdir(join(here.dir, "full"));
  await writeFile(join(here.dir, "full/notes.txt"), "mine");
  await writeFile(join(here.dir, "file"), "mine");
  for (const [args, reason] of [
    [[], /which folder\?[^]*npm create holdfast@latest FOLDER/],
    [["full"], /full is not empty \(notes\.txt\): take another name, or empty it\./],
    [["file"], /file is a file/],
    [["My App"], /"My App" cannot name a Worker/],
    [["1app"], /"1app" cannot name a Worker/],
    [["-"], /cannot name a Worker/],
    [["a".repeat(55)], /has 55 letters/],
    [["vite"], /"vite" is a package that the app uses/],
    [["app", "--template", "svelte"], /there is no template "svelte": there are vanilla and react\./],
    [["app", "--tempalte", "react"], /Unknown option '--tempalte'/],
    [["app", "other"], /one folder at a time/],
    [["file/app"], /file\/app (is a file|cannot be)/],
  ]) {
    const said = await create([...args, "--no-install"]);
    assert.equal(said.code, 1, args.join(" "));
    assert.match(said.errors, reason);
    assert.match(said.errors, /^create-holdfast: /);
    assert.doesNotMatch(said.errors, /\n\s+at /, "no stack");
  }
  assert.deepEqual(await readdir(join(here.dir, "full")), ["notes.txt"]);
  assert.deepEqual((await readdir(here.dir)).filter((name) => ["app", "My App", "1app", "vite"].includes(name)), []);
});

test("an empty repository is empty, and the folder may be the one that one is in", async () => {
  await mkdir(join(here.dir, "fresh/.git"), { recursive: true });
  const said = await create([".", "--no-install"], {}, join(here.dir, "fresh"));
  assert.equal(said.code, 0, said.errors);
  assert.doesNotMatch(said.out, /\bcd\b/);
  assert.equal((await json(join(here.dir, "fresh/package.json"))).name, "fresh");
});

test("an old Node is told so, and a missing npm; then the folder is there all the same", async () => {
  const old = await command(process.execPath, ["--import", "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.1'})", join(source, "index.mjs"), "app"], { cwd: here.dir, env: here.env });
  assert.equal(old.code, 1);
  assert.match(old.errors, /this is Node 20\.19\.1, and the app's tools need Node 22\.12 or newer/);

  const empty = join(here.dir, "empty");
  await mkdir(empty);
  await symlink(process.execPath, join(empty, "node"));
  const said = await create(["alone"], { PATH: empty });
  assert.equal(said.code, 1);
  assert.match(said.errors, /npm could not be started/);
  assert.match(said.out, /npm install/);
  assert.equal((await json(join(here.dir, "alone/package.json"))).name, "alone");
});

test("on a terminal it asks for what it was not told", { timeout: 30_000 }, async (t) => {
  // `script` runs a command on a terminal of its own.
  const asked = spawn("script", ["-qec", `"${process.execPath}" "${join(source, "index.mjs")}" --no-install`, "/dev/null"], { cwd: here.dir, env: here.env });
  const failed = once(asked, "error").then(([err]) => err);
  let said = "";
  asked.stdout.setEncoding("utf8");
  const answer = async (question, text) => {
    while (!said.includes(question)) said += (await once(asked.stdout, "data"))[0];
    asked.stdin.write(`${text}\r`);
  };
  const over = once(asked, "exit");
  const done = (async () => {
    await answer("Folder (my-app): ", "asked-for");
    await answer("Template, vanilla or react (vanilla): ", "re");
    await over;
  })();
  const err = await Promise.race([failed, done]);
  if (err?.code === "ENOENT" && process.platform !== "linux") return t.skip("there is no script here");
  assert.ok((await json(join(here.dir, "asked-for/package.json"))).dependencies.react);
});
