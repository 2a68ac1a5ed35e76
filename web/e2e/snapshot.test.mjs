// The Yjs provider on the built Worker: a large paste, a snapshot, a late joiner
// who gets it in place of the log.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { built, getToken, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
let server, site, browser, dir;

before(async () => {
  [server, browser] = await Promise.all([startServer({ KEEP_OPS: 2 }), launch()]);
  site = await serve(server.url);
  dir = await mkdtemp(join(tmpdir(), "holdfast-snapshot-"));
  await build({
    stdin: {
      contents: `
        import { connect } from "holdfast";
        import { HoldfastProvider } from "holdfast/yjs";
        import * as Y from "yjs";
        globalThis.doc = new Y.Doc();
        globalThis.text = doc.getText("text");
        globalThis.received = [];
        globalThis.session = await connect({ document: "welcome", getToken: ${getToken} });
        for (const type of ["snapshot", "operation", "gap", "error"]) session.addEventListener(type, ({ detail }) => received.push([type, detail.version ?? detail.code]));
        if (location.hash === "#late") while (!session.version) await new Promise((resolve) => setTimeout(resolve, 20));
        globalThis.provider = new HoldfastProvider(session, doc, { snapshotEvery: 8 });`,
      resolveDir: here,
    },
    outfile: join(dir, "app.js"), bundle: true, format: "esm", logLevel: "warning", alias: { "holdfast/yjs": join(built, "yjs.js"), "holdfast": join(built, "index.js") },
  });
  await cp(join(built, "holdfast.wasm"), join(dir, "holdfast.wasm"));
  await writeFile(join(dir, "index.html"), '<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="app.js"></script>');
  site.show("/app/", dir);
});
after(async () => {
  await browser?.close();
  site?.stop();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function arrive(name, hash = "") {
  const person = await Person.arrive(browser, site.url);
  await signIn(person, name);
  const page = await person.context.newPage();
  await page.goto(`${site.url}app/${hash}`);
  await until(page, () => globalThis.provider?.synced);
  return page;
}

test("a late client receives the snapshot and what is newer, and has the same text", { timeout: 60_000 }, async () => {
  const owner = await arrive("owner");
  // 200 kB in one paste: several operations, one change.
  await owner.evaluate(() => text.insert(0, "0123456789".repeat(20_000)));
  await until(owner, () => session.version >= 5 && session.unsent === 0);
  const version = await owner.evaluate(async () => {
    while (session.version < 17) {
      text.insert(0, `<${session.version}>`);
      await new Promise((resolve) => session.addEventListener("operation", resolve, { once: true }));
    }
    return session.version;
  });
  await until(owner, () => session.unsent === 0);
  const whole = await owner.evaluate(() => text.toString());

  const viewer = await arrive("viewer");
  await until(viewer, (version) => session.version === version, version);
  assert.equal(await viewer.evaluate(() => text.toString()), whole);
  const received = await viewer.evaluate(() => received);
  assert.deepEqual(received[0], ["snapshot", 16]);
  assert.deepEqual(received.slice(1), [["operation", 17]]);
  assert.deepEqual(await owner.evaluate(() => received.filter(([type]) => type === "error")), []);
});

test("whose document is made late has all of it, and its snapshot too", { timeout: 60_000 }, async () => {
  const owner = await arrive("owner");
  await owner.evaluate(() => text.insert(0, "CHAPTER ONE "));
  await until(owner, () => session.unsent === 0);
  const editor = await arrive("editor", "#late");
  assert.match(await editor.evaluate(() => text.toString()), /^CHAPTER ONE .*0123456789/);
  const received = await editor.evaluate(() => received.length);
  const version = await editor.evaluate(async () => {
    const due = 8 * (Math.floor(session.version / 8) + 2);
    while (session.version <= due) {
      text.insert(text.length, ".");
      await new Promise((resolve) => session.addEventListener("operation", resolve, { once: true }));
    }
    return session.version;
  });
  await until(editor, () => session.unsent === 0);
  await until(owner, (version) => session.version >= version, version);
  const whole = await owner.evaluate(() => text.toString());
  assert.match(whole, /^CHAPTER ONE /);
  assert.equal(await editor.evaluate(() => text.toString()), whole);
  // The page's own listeners receive each version once, whatever the provider asked for.
  const versions = await editor.evaluate((from) => received.slice(from).map(([, version]) => version), received);
  assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b));
  const late = await arrive("viewer");
  await until(late, (version) => session.version >= version, version);
  assert.equal(await late.evaluate(() => text.toString()), whole);
  assert.equal((await late.evaluate(() => received))[0][0], "snapshot");
});
