// useHoldfast in Chromium, under Strict Mode, with React 18 and 19.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { built, getToken, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const reacts = { 18: join(here, "react-18/node_modules"), 19: join(here, "../../node_modules") };
let server, site, browser, dir;
const people = [];

const app = `
import { createElement as h, StrictMode, useState, version } from "react";
import { createRoot } from "react-dom/client";
import { connect as open } from "holdfast";
import { useHoldfast } from "holdfast/react";

globalThis.version = version;
globalThis.opened = [];
globalThis.draws = 0;
globalThis.drawn = [];
globalThis.received = [];
const connect = async (options) => {
  await globalThis.loading;
  const session = await open(options);
  opened.push(session);
  return session;
};
function Sheet({ document }) {
  const [count, setCount] = useState(0);
  globalThis.redraw = () => setCount(count + 1);
  // New functions at each drawing, as an app writes them.
  globalThis.now = useHoldfast({
    document, url: location.origin, connect, lostAfter: 400, getToken: ${getToken},
    ...(new URL(location).searchParams.has("broken") && { wasm: "/nowhere.wasm" }),
    on: { operation: ({ detail }, session) => received.push([count, detail.version, session.document]) },
  });
  draws++;
  drawn.push([now.state, now.lostConnection]);
  return h("p", null, now.state);
}
function App() {
  const [document, setDocument] = useState("welcome");
  globalThis.show = setDocument;
  return document && h(Sheet, { document });
}
createRoot(globalThis.document.querySelector("main")).render(h(StrictMode, null, h(App)));
`;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-react-"));
  [server, browser] = await Promise.all([startServer({ GRACE_PERIOD_MS: 5000 }), launch()]);
  site = await serve(server.url);
  for (const [version, modules] of Object.entries(reacts)) {
    const out = join(dir, version);
    await build({
      stdin: { contents: app, resolveDir: modules, loader: "js" }, outfile: join(out, "app.js"), bundle: true, format: "esm", logLevel: "warning",
      // Strict Mode does what it does in development only.
      define: { "process.env.NODE_ENV": '"development"' },
      alias: {
        "holdfast/react": join(built, "react.js"), "holdfast": join(built, "index.js"),
        "react/jsx-runtime": join(modules, "react/jsx-runtime.js"), "react-dom/client": join(modules, "react-dom/client.js"), "react": join(modules, "react/index.js"),
      },
    });
    await writeFile(join(out, "index.html"), '<!doctype html><meta charset="utf-8"><title>app</title><main></main><script type="module" src="app.js"></script>');
    await cp(join(built, "holdfast.wasm"), join(out, "holdfast.wasm"));
    site.show(`/react-${version}/`, out);
  }
});
afterEach(async () => {
  for (const person of people.splice(0)) await person.close();
});
after(async () => {
  await browser?.close();
  site?.stop();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function visit(version, query = "") {
  const person = people[people.push(await Person.arrive(browser, site.url)) - 1];
  await signIn(person);
  person.open = 0;
  const page = await person.context.newPage();
  page.on("websocket", (socket) => {
    person.open++;
    socket.on("close", () => person.open--);
  });
  await page.goto(`${site.url}react-${version}/${query}`);
  return { person, page };
}
const connected = (page, document = "welcome") => until(page, (document) => now.state === "connected" && now.session?.document === document, document);
const locks = (page) => page.evaluate(async () => {
  const { held, pending } = await navigator.locks.query();
  return [held.length, pending.length];
});

/** Waits until the page neither holds nor wants a lock. */
async function unlocked(page) {
  while ((await locks(page)).some((count) => count > 0)) await page.waitForTimeout(20);
}

for (const version of Object.keys(reacts)) {
  test(`React ${version}: Strict Mode's two mounts are one session, one socket, one leader`, { timeout: 60_000 }, async () => {
    const { person, page } = await visit(version);
    await connected(page);
    assert.ok((await page.evaluate(() => globalThis.version)).startsWith(`${version}.`));
    await until(page, () => now.leader);
    assert.equal(await page.evaluate(() => opened.length), 1);
    assert.equal(person.sockets.length, 1);
    assert.equal(person.refreshes, 1);
    assert.deepEqual(await locks(page), [1, 0]);
    assert.deepEqual(await page.evaluate(() => [now.role, now.permissions.includes("write"), now.locked, now.error, now.lostConnection, now.unsent]), ["leader", true, false, undefined, false, 0]);

    // The newest handler is called, nothing reconnects for it, and an operation draws nothing.
    await page.evaluate(() => redraw());
    const draws = await page.evaluate(() => draws);
    const stored = await page.evaluate(() => now.send({ from: "react" }));
    await until(page, (version) => received.some(([count, received]) => count === 1 && received === version), stored.version);
    await until(page, () => now.unsent === 0);
    assert.ok((await page.evaluate(() => draws)) <= draws + 4, "drawn for `unsent` alone, twice under Strict Mode");
    assert.equal(await page.evaluate(() => opened.length), 1);
    assert.deepEqual(person.console.filter((line) => !/React DevTools/.test(line)), []);
  });

  test(`React ${version}: other options are another session; unmounting leaves nothing`, { timeout: 60_000 }, async () => {
    const { person, page } = await visit(version);
    await connected(page);
    await page.evaluate(() => show("notes"));
    await connected(page, "notes");
    await until(page, () => opened[0].state === "closed");
    assert.equal(await page.evaluate(() => opened.length), 2);
    assert.deepEqual(await locks(page), [1, 0]);
    assert.equal(person.open, 1);

    await page.evaluate(() => show(""));
    await until(page, () => opened[1].state === "closed");
    await unlocked(page);
    while (person.open) await page.waitForTimeout(20);

    // There and away again before the module was there, then to and fro.
    await page.evaluate(() => void (globalThis.loading = new Promise((loaded) => (globalThis.loaded = loaded))));
    await page.evaluate(() => show("welcome"));
    await until(page, () => document.querySelector("p"));
    await page.evaluate(() => show(""));
    await until(page, () => !document.querySelector("p"));
    await page.waitForTimeout(20); // the task in which it is left
    await page.evaluate(() => loaded());
    await until(page, () => opened.length === 3 && opened[2].state === "closed");
    await unlocked(page); // a token may be on its way
    for (const document of ["welcome", "notes", "welcome"]) await page.evaluate((document) => show(document), document);
    await connected(page);
    await until(page, () => opened.filter(({ state }) => state !== "closed").length === 1);
    assert.deepEqual(await locks(page), [1, 0]);
    assert.equal(person.open, 1);
  });
}

test("what fails is shown: the load, and a connection that stays away", { timeout: 60_000 }, async () => {
  const { page: broken } = await visit(19, "?broken");
  await until(broken, () => now.error);
  assert.deepEqual(await broken.evaluate(() => [now.state, now.error.code, now.session]), ["closed", "WASM_FETCH", undefined]);
  assert.equal(await broken.evaluate(() => now.send({}).catch(({ code }) => code)), "CLOSED");

  const { page } = await visit(19);
  await connected(page);
  assert.equal(await page.evaluate(() => now.lostConnection), false);
  await server.kill();
  await until(page, () => now.lostConnection);
  assert.deepEqual(await page.evaluate(() => drawn.find(([state]) => state === "reconnecting")), ["reconnecting", false], "not at once");
  const waiting = page.evaluate(() => now.send({ n: 1 }));
  await until(page, () => now.unsent === 1);
  await server.start();
  await connected(page);
  assert.deepEqual(await page.evaluate(() => [now.lostConnection, now.error]), [false, undefined]);
  assert.ok((await waiting).version > 0);
  await until(page, () => now.unsent === 0);
});

test("after a sign-out the hook opens again", { timeout: 60_000 }, async () => {
  const { page } = await visit(19);
  await connected(page);
  await page.evaluate(() => now.signOut());
  await until(page, () => now.state === "closed");
  await page.evaluate(() => now.reopen());
  await connected(page);
  await page.evaluate(() => now.reopen()); // of a session that stands: nothing happens
  assert.ok((await page.evaluate(() => now.send({ text: "again" }))).version > 0);
  assert.equal(await page.evaluate(() => opened.length), 2);
});

test("on a server it draws the state before the first connection", async () => {
  for (const [version, modules] of Object.entries(reacts)) {
    const out = join(dir, `server-${version}.mjs`);
    await build({
      stdin: {
        contents: `
          import { createElement as h } from "react";
          import { renderToString } from "react-dom/server";
          import { useHoldfast } from "holdfast/react";
          const Sheet = () => { const { state, lostConnection, session } = useHoldfast({ document: "d", getToken: () => "t" }); return h("p", null, state + lostConnection + session); };
          export default () => renderToString(h(Sheet));`,
        resolveDir: modules, loader: "js",
      },
      outfile: out, bundle: true, format: "esm", platform: "node", logLevel: "warning",
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      alias: { "holdfast/react": join(built, "react.js"), "react-dom/server": join(modules, "react-dom/server.node.js"), "react": join(modules, "react/index.js") },
    });
    const { default: render } = await import(out);
    assert.equal(render(), "<p>connectingfalseundefined</p>");
  }
});
