// The recipes of ORIGINS.md, taken from the page and followed: Vite, the built Worker, Chromium.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { project } from "./apps.mjs";
import { launch, until } from "./browser.mjs";
import { freePort, startServer } from "./server.mjs";

const vite = fileURLToPath(new URL("../../node_modules/vite", import.meta.url));
const page = await readFile(new URL("../ORIGINS.md", import.meta.url), "utf8");
let app, browser;
const ends = []; // of what a test has started

before(async () => {
  [app, browser] = await Promise.all([project(), launch()]);
  await mkdir(join(app.dir, "node_modules"), { recursive: true });
  await symlink(vite, join(app.dir, "node_modules/vite"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
after(async () => {
  await browser?.close();
  await app?.remove();
});

/** The files of a section by their names, and its commands. */
function recipe(name) {
  const [, section] = page.match(new RegExp(`\n## ${name}\n([^]*?)(?=\n## |$)`));
  const files = Object.fromEntries([...section.matchAll(/```(?:js|html)\n(?:\/\/|<!--) ([\w.]+(?:, first line)?)(?: -->)?\n([^]*?)```/g)].map(([, file, code]) => [file, code]));
  const [, commands = ""] = section.match(/```sh\n([^]*?)```/) ?? [];
  return { files, commands: commands.trim().split("\n").map((line) => line.replace(/\s+#.*/, "")) };
}
const shared = recipe("The page").files;
const sameOrigin = recipe("Vite with a proxy").files["session.js"];

/** Runs a program in the project until the test ends, and resolves once it has said that. */
async function run(command, args, said) {
  const child = spawn(command, args, { cwd: app.dir, env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "inherit"] });
  const lines = [];
  ends.push(() => child.exitCode === null && new Promise((resolve) => child.once("exit", resolve) && child.kill("SIGKILL")));
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (said.test(line)) return void child.stdout.resume();
  }
  throw new Error(`${command} ended:\n${lines.join("\n")}`);
}

/** Follows a recipe, with other ports than its own; `change` is what somebody gets wrong in a file. Returns a browser profile and the page's address. */
async function follow(name, change = (file, code) => code) {
  const { files, commands } = recipe(name);
  const ports = { 5173: await freePort(), 3000: await freePort(), 8787: 0 };
  const here = (text) => text.replace(/\b(5173|3000|8787)\b/g, (port) => ports[port]);
  const [dev, ...others] = [...commands].sort((a, b) => b.startsWith("make dev") - a.startsWith("make dev"));
  const { VARS = "" } = dev.match(/^make dev(?: VARS="(?<VARS>[^"]*)")?$/).groups;
  const server = await startServer(Object.fromEntries(here(VARS).split(" ").filter(Boolean).map((one) => one.split(/=(.*)/s, 2))));
  ends.push(() => server.stop());
  ports[8787] = new URL(server.url).port;
  const all = { ...shared, "session.js": sameOrigin, ...files };
  const first = all["session.js, first line"];
  if (first) all["session.js"] = all["session.js"].replace(/^.*\n/, first);
  delete all["session.js, first line"];
  for (const [file, code] of Object.entries(all)) await writeFile(join(app.dir, file), change(file, here(code)));
  await rm(join(app.dir, "node_modules/.vite"), { recursive: true, force: true });
  for (const command of others) {
    if (command === "npx vite") await run(process.execPath, [join(vite, "bin/vite.js"), "--port", ports[5173], "--strictPort"], /Local:/);
    else if (command === "node backend.mjs") await run(process.execPath, ["backend.mjs"], /listening/);
    else assert.fail(`the recipe has a command that is not known here: ${command}`);
  }
  const context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  ends.push(() => context.close());
  return { context, server, address: `http://localhost:${ports[5173]}/`, worker: `http://localhost:${ports[8787]}` };
}

async function open({ context, address }) {
  const tab = await context.newPage();
  await tab.goto(address);
  return tab;
}

async function signIn(tab, password = "holdfast-demo") {
  await tab.locator("[name=email]").fill("owner@example.com");
  await tab.locator("[name=password]").fill(password);
  await tab.locator("#sign-in button").click();
}
const state = (tab, said) => until(tab, (said) => document.querySelector("#state").textContent.includes(said), said);

for (const name of ["Vite with a proxy", "The same site", "Another site"]) {
  test(`${name}: sign in, refresh, connect, in two tabs`, { timeout: 150_000 }, async () => {
    const place = await follow(name);
    const first = await open(place);
    await signIn(first, "wrong");
    await state(first, "The e-mail or the password is wrong.");
    await signIn(first);
    await state(first, "connected");
    // A page that is loaded anew has nothing but the cookie.
    await first.reload();
    await state(first, "connected");
    const second = await open(place);
    await state(second, "connected");
    await second.locator("#write input").fill("from the second tab");
    await second.locator("#write button").click();
    await first.locator("#notes li", { hasText: "from the second tab" }).waitFor();
  });
}

test("what goes wrong is said: a proxy that changes Host, and two names of one machine", { timeout: 150_000 }, async () => {
  const proxied = await follow("Vite with a proxy", (file, code) => (file === "vite.config.js" ? code.replace(/\{ target: ("[^"]*").*?\}/, "$1") : code));
  let tab = await open(proxied);
  await signIn(tab);
  await state(tab, "This page's origin is not in ALLOWED_ORIGINS.");
  for (const end of ends.splice(0).reverse()) await end();

  const names = await follow("The same site", (file, code) => (file === "session.js" ? code.replace("//localhost:", "//127.0.0.1:") : code));
  tab = await open(names);
  const answered = (path) => tab.waitForResponse((answer) => answer.url().endsWith(path) && answer.request().method() === "POST").then((answer) => answer.status());
  await tab.waitForLoadState();
  const [login] = await Promise.all([answered("/auth/login"), signIn(tab)]);
  assert.equal(login, 200);
  assert.equal(await answered("/auth/refresh"), 401);
});
