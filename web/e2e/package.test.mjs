// The package in other people's projects: packed, installed, bundled, served,
// connected to the built Worker, and its token refreshed once.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { build as esbuild } from "esbuild";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { build as vite, createServer as viteServer } from "vite";
import webpack from "webpack";
import { getToken, project, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const run = promisify(execFile);
let app, server, site, browser;

const main = (entry) => `
import { connect, HoldfastError } from "${entry}";
globalThis.refreshed = 0;
connect({ document: "welcome", url: location.origin, getToken: ${getToken} }).then((session) => {
  globalThis.session = session;
  session.addEventListener("tokenrefresh", () => globalThis.refreshed++);
}, (error) => (globalThis.failure = error instanceof HoldfastError ? error.code : String(error)));
`;
const page = (script) => `<!doctype html><meta charset="utf-8"><title>app</title>${script}`;

before(async () => {
  [app, server, browser] = await Promise.all([
    project({
      "main.js": main("holdfast"),
      "inside.js": main("holdfast/inline"),
      "index.html": page('<link rel="icon" href="data:,"><script type="module" src="main.js"></script>'),
    }),
    startServer(),
    launch(),
  ]);
  site = await serve(server.url);
});
after(async () => {
  await browser?.close();
  site?.stop();
  await server?.stop();
  await app?.remove();
});

/** Shows what was built and has it live once. */
async function lives(dir, headers) {
  site.show("/app/", dir, headers);
  await livesAt(site.url, "app/index.html");
}

async function livesAt(url, path) {
  const person = await Person.arrive(browser, url);
  try {
    await signIn(person);
    person.console.length = 0; // a bare page may look for its icon
    const page = await person.context.newPage();
    await page.goto(url + path);
    await until(page, () => globalThis.failure || globalThis.session?.state === "connected");
    assert.equal(await page.evaluate(() => globalThis.failure), undefined);
    await page.evaluate(() => globalThis.session.refresh());
    await until(page, () => globalThis.refreshed === 1);
    assert.equal(person.refreshes, 2, "one token to begin with, one since");
    assert.equal(person.sockets.filter((url) => url.includes("/v1/ws/")).length, 1); // Vite has one of its own
    assert.equal(await page.evaluate(() => globalThis.session.can("write")), true);
    assert.deepEqual(person.console.filter((line) => !line.startsWith("debug: [vite]")), []);
  } finally {
    await person.close();
  }
}

test("the package holds what it should, and its README and licence", async () => {
  assert.deepEqual(app.packed.filter((name) => !/^(types|cli|migrations)\//.test(name)), [
    "APPS.md", "BACKEND.md", "EDITORS.md", "IDENTITY.md", "LICENSE", "NOTICE", "OPERATING.md", "ORIGINS.md", "PROTOCOL.md", "README.md", "STORAGE.md", "VARIABLES.md", "WORKER.md", "core.js", "events/receiver.go", "events/receiver.mjs", "guest.js", "holdfast.global.js", "holdfast.wasm", "index.js", "inline.js", "offline.js", "openapi.json", "package.json", "permissions.openapi.json", "react.js", "svelte.js", "testing.js", "vue.js",
    "worker/front.wasm", "worker/http.wasm", "worker/index.js", "worker/object.wasm", "yjs.js",
  ]);
  const about = JSON.parse(await readFile(join(app.dir, "node_modules/holdfast/package.json"), "utf8"));
  for (const folder of ["cli", "migrations"]) {
    const packed = app.packed.filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1));
    const there = await readdir(new URL(`../../edge/${folder}`, import.meta.url));
    assert.deepEqual(packed, there.filter((name) => /^\w+\.(mjs|json|sql)$/.test(name)).sort(), folder);
  }
  for (const entry of Object.values(about.exports)) {
    for (const file of typeof entry === "string" ? [entry] : Object.values(entry)) {
      assert.ok(app.packed.includes(file.slice(2)), `${file} is exported and not packed`);
    }
  }
});

test("a link in one of its pages leads to another of them, and to a heading that is there", async () => {
  const pages = app.packed.filter((name) => /^[A-Z]+\.md$/.test(name));
  const texts = new Map(await Promise.all(pages.map(async (name) => [name, await readFile(join(app.dir, "node_modules/holdfast", name), "utf8")])));
  const anchors = (text) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, words]) => words.toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, "").replaceAll(" ", "-"));
  let links = 0;
  for (const [name, text] of texts) {
    for (const [link, target] of text.matchAll(/\[[^\]\n]*\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [page, anchor] = target.split("#");
      if (app.packed.includes(page) && !page.endsWith(".md")) continue; // a file to copy
      const there = texts.get(page || name);
      assert.ok(there, `${name}: ${link}`);
      if (anchor !== undefined) assert.ok(anchors(there).includes(anchor), `${name}: ${link}`);
      links++;
    }
  }
  assert.ok(links > 30, `${links} links`);
  for (const to of ["events/receiver.mjs", "events/receiver.go", "STORAGE.md"]) assert.ok(texts.get("BACKEND.md").includes(`](${to})`), `BACKEND.md does not lead to ${to}`);
});

test("React's entry is a client's, to a server that renders components", async () => {
  assert.match(await readFile(join(app.dir, "node_modules/holdfast/react.js"), "utf8"), /^"use client";/);
});

test("on a server it can be imported, does nothing, and says that it needs a page", async () => {
  await writeFile(join(app.dir, "server.mjs"), `
    const before = Object.getOwnPropertyNames(globalThis).length;
    for (const entry of ["holdfast", "holdfast/inline", "holdfast/global"]) {
      const { connect, HoldfastError } = entry === "holdfast/global" ? { connect: undefined, ...(await import(entry)) } : await import(entry);
      if (!connect) continue;
      const error = await connect({ document: "d", getToken: () => "t" }).catch((error) => error);
      console.log(entry, error instanceof HoldfastError, error.code, error.recoverable);
    }
    console.log(Object.getOwnPropertyNames(globalThis).length - before, process.getActiveResourcesInfo().filter((name) => /Timer|Socket/.test(name)).length);
  `);
  const { stdout } = await run(process.execPath, ["server.mjs"], { cwd: app.dir });
  assert.equal(stdout, "holdfast true UNSUPPORTED false\nholdfast/inline true UNSUPPORTED false\n0 0\n");
});

test("its types say what a session carries, for both ways of resolving them", { timeout: 60_000 }, async () => {
  await Promise.all(["react", "@types/react", "csstype", "svelte", "@types/estree", "esrap", "locate-character", "magic-string", "vue", "@vue", "@babel/parser", "@babel/types", "yjs", "y-protocols", "lib0"].map(app.borrow));
  await writeFile(join(app.dir, "types.ts"), await readFile(new URL("types.ts", import.meta.url)));
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  for (const [module, resolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) {
    const args = ["--noEmit", "--strict", "--module", module, "--moduleResolution", resolution, "--target", "es2022", "--lib", "es2022,dom", "--types", "", "types.ts"];
    await run(process.execPath, [tsc, ...args], { cwd: app.dir }).catch(({ stdout }) => assert.fail(`${resolution}:\n${stdout}`));
  }
});

test("Vite: builds, and takes the module along by itself", { timeout: 60_000 }, async () => {
  const out = join(app.dir, "vite");
  await vite({ root: app.dir, base: "/app/", configFile: false, logLevel: "error", build: { outDir: out, emptyOutDir: true, assetsInlineLimit: 0 } });
  await lives(out);
});

test("Vite's own server: the module is found as well", { timeout: 60_000 }, async () => {
  const vite = await viteServer({
    root: app.dir, configFile: false, logLevel: "error", cacheDir: join(app.dir, "vite-cache"),
    server: { host: "127.0.0.1", port: 0, strictPort: false, proxy: { "^/(v1|auth|healthz)": { target: server.url, ws: true } } },
  });
  try {
    await vite.listen();
    await livesAt(vite.resolvedUrls.local[0], "index.html");
  } finally {
    await vite.close();
  }
});

test("webpack: builds, and takes the module along by itself", { timeout: 60_000 }, async () => {
  const out = join(app.dir, "webpack");
  const stats = await promisify(webpack)({ context: app.dir, mode: "production", entry: "./main.js", output: { path: out, filename: "main.js", publicPath: "auto" }, experiments: { outputModule: false } });
  assert.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }).errors, []);
  await writeFile(join(out, "index.html"), page('<script defer src="main.js"></script>'));
  await lives(out);
});

test("esbuild: the module is copied beside the bundle, or is inside it", { timeout: 60_000 }, async () => {
  for (const [entry, file] of [["main.js", "holdfast.wasm"], ["inside.js"]]) {
    const out = join(app.dir, `esbuild-${entry}`);
    await esbuild({ absWorkingDir: app.dir, entryPoints: [entry], outfile: join(out, "main.js"), bundle: true, format: "esm", minify: true, logLevel: "warning" });
    if (file) await cp(join(app.dir, "node_modules/holdfast", file), join(out, file));
    await writeFile(join(out, "index.html"), page('<script type="module" src="main.js"></script>'));
    // No connect-src for the module itself: what is inside needs no address.
    await lives(out, file ? {} : { "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws:" });
  }
});

test("a script tag: one global, and the module is found beside the script", { timeout: 60_000 }, async () => {
  const out = join(app.dir, "script");
  await mkdir(join(out, "lib"), { recursive: true });
  for (const file of ["holdfast.global.js", "holdfast.wasm"]) await cp(join(app.dir, "node_modules/holdfast", file), join(out, "lib", file));
  await writeFile(join(out, "index.html"), page(`<script src="lib/holdfast.global.js"></script><script>${main("x").replace(/import .*/, "const { connect, HoldfastError } = Holdfast;")}</script>`));
  await lives(out);
});
