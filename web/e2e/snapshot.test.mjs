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
        globalThis.heard = [];
        globalThis.session = await connect({ document: "welcome", getToken: ${getToken} });
        for (const type of ["snapshot", "operation", "gap", "error"]) session.addEventListener(type, ({ detail }) => heard.push([type, detail.version ?? detail.code]));
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

async function arrive(name) {
  const person = await Person.arrive(browser, site.url);
  await signIn(person, name);
  const page = await person.context.newPage();
  await page.goto(`${site.url}app/`);
  await until(page, () => globalThis.provider?.synced);
  return page;
}

test("who comes late gets the snapshot and what is newer, and has the same text", { timeout: 60_000 }, async () => {
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
  const heard = await viewer.evaluate(() => heard);
  assert.deepEqual(heard[0], ["snapshot", 16]);
  assert.deepEqual(heard.slice(1), [["operation", 17]]);
  assert.deepEqual(await owner.evaluate(() => heard.filter(([type]) => type === "error")), []);
});
