// The Vue and Svelte entries: the components of the package's README, compiled by the
// frameworks' own compilers, in Chromium.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compile } from "svelte/compiler";
import { compileScript, parse } from "vue/compiler-sfc";
import { built, getToken, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
let server, site, browser, dir;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-frameworks-"));
  [server, browser] = await Promise.all([startServer(), launch()]);
  site = await serve(server.url);
});
after(async () => {
  await browser?.close();
  site?.stop();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function example(language) {
  const readme = await readFile(join(here, "../README.md"), "utf8");
  return readme.match(new RegExp("```" + language + "\n([^]*?)```"))[1];
}

// The component, and around it an app whose document the test changes. Both count the sessions.
const frameworks = {
  vue: {
    conditions: [],
    component: async () => compileScript(parse(await example("vue")).descriptor, { id: "notes", inlineTemplate: true, genDefaultAs: "Notes" }).content + "\nexport default Notes;",
    app: `
      import { createApp, h, ref } from "vue";
      import Notes from "./component.js";
      const document = ref("welcome");
      const app = createApp({ render: () => document.value && h(Notes, { document: document.value, getToken }) });
      app.mount("main");
      globalThis.show = (name) => (document.value = name);
      globalThis.leave = () => app.unmount();`,
    bare: `
      import { effectScope, shallowRef } from "vue";
      import { useHoldfast } from "holdfast/vue";
      const document = shallowRef("notes");
      const scope = effectScope();
      const it = scope.run(() => useHoldfast(() => ({ document: document.value, getToken: () => globalThis.token() })));
      globalThis.read = () => ({ state: it.state.value, document: it.session.value?.document, error: it.error.value?.code });
      globalThis.use = (name) => (document.value = name);
      globalThis.it = it;
      globalThis.leave = () => scope.stop();`,
    server: `
      import { createSSRApp, h } from "vue";
      import { renderToString } from "vue/server-renderer";
      import Notes from "./component.js";
      export default () => renderToString(createSSRApp({ render: () => h(Notes, { document: "d", getToken: () => "t" }) }));`,
  },
  svelte: {
    conditions: ["browser", "svelte"],
    component: async (generate = "client") => compile(await example("svelte"), { generate, name: "Notes" }).js.code,
    app: `
      import { mount, unmount } from "svelte";
      import Notes from "./component.js";
      let app;
      globalThis.show = async (document) => {
        if (app) await unmount(app);
        app = document && mount(Notes, { target: globalThis.document.querySelector("main"), props: { document, getToken } });
      };
      globalThis.leave = () => show("");
      show("welcome");`,
    bare: `
      import { get } from "svelte/store";
      import { holdfast } from "holdfast/svelte";
      const options = { document: "notes", getToken: () => globalThis.token() };
      const it = holdfast(options);
      const leave = [it.subscribe((seen) => (globalThis.seen = seen)), it.subscribe(() => {})];
      globalThis.read = () => ({ state: get(it).state, document: get(it).session?.document, error: seen.error?.code });
      globalThis.use = (document) => it.set({ ...options, document });
      globalThis.it = it;
      globalThis.leave = () => leave.forEach((end) => (end(), end()));`,
    server: `
      import { render } from "svelte/server";
      import Notes from "./component.js";
      export default async () => render(Notes, { props: { document: "d", getToken: () => "t" } }).body;`,
  },
};

const alias = Object.fromEntries(["index", "vue", "svelte"].map((entry) => [entry === "index" ? "holdfast" : `holdfast/${entry}`, join(built, `${entry}.js`)]));

/** Bundles code beside the README's component. */
function bundle(name, code, component, more) {
  return build({
    stdin: { contents: code, resolveDir: here, loader: "js" }, bundle: true, format: "esm", logLevel: "error", alias, nodePaths: [join(here, "../../node_modules")],
    define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
    plugins: [{
      name: "component",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\.\/component\.js$/ }, ({ path }) => ({ path, namespace: "component" }));
        onLoad({ filter: /.*/, namespace: "component" }, async () => ({ contents: await component(), loader: "js", resolveDir: here }));
      },
    }],
    ...more,
  });
}

async function visit(name, code) {
  const { component, conditions } = frameworks[name];
  const out = join(dir, `${name}-${Math.random()}`);
  await bundle(name, `globalThis.getToken = ${getToken};\nglobalThis.token = getToken;\n${code}`, component, { outfile: join(out, "app.js"), conditions });
  await writeFile(join(out, "index.html"), '<!doctype html><meta charset="utf-8"><title>app</title><main></main><script type="module" src="app.js"></script>');
  await cp(join(built, "holdfast.wasm"), join(out, "holdfast.wasm"));
  site.show(`/${name}/`, out);
  const person = await Person.arrive(browser, site.url);
  await signIn(person);
  const page = await person.context.newPage();
  await page.goto(`${site.url}${name}/`);
  return { person, page };
}

const locks = (page) => page.evaluate(async () => (await navigator.locks.query()).held.filter(({ name }) => /welcome|notes/.test(name)).length);

for (const [name, { app, bare, server: render, component, conditions }] of Object.entries(frameworks)) {
  test(`${name}: the README's component shows what is stored, another document is another session`, { timeout: 60_000 }, async () => {
    const { person, page } = await visit(name, app);
    await until(page, () => document.querySelector("p")?.textContent === "connected");
    await page.locator("button").click();
    await page.locator("li", { hasText: "a note" }).first().waitFor();
    await until(page, () => document.querySelector("p").textContent === "connected");
    await page.evaluate(() => show("notes"));
    await until(page, () => document.querySelector("p")?.textContent === "connected" && !document.querySelector("button").disabled);
    while ((await locks(page)) !== 1) await page.waitForTimeout(20);
    await page.evaluate(() => leave());
    while ((await locks(page)) !== 0) await page.waitForTimeout(20);
    assert.deepEqual(person.console.filter((line) => /^(error|uncaught)/.test(line)), []);
    await person.close();
  });

  test(`${name}: without a component; after a sign-out it is opened again`, { timeout: 60_000 }, async () => {
    const { person, page } = await visit(name, bare);
    await until(page, () => read().state === "connected" && read().document === "notes");
    await page.evaluate(() => use("welcome"));
    await until(page, () => read().state === "connected" && read().document === "welcome");
    assert.equal(await locks(page), 1);
    await page.evaluate(() => it.signOut());
    await until(page, () => read().state === "closed");
    assert.equal(await page.evaluate(() => it.send({}).catch(({ code }) => code)), "CLOSED");
    await page.evaluate(() => it.reopen());
    await until(page, () => read().state === "connected" && read().document === "welcome");
    assert.ok((await page.evaluate(() => it.send({ text: "again" }))).version > 0);
    await page.evaluate(() => it.reopen()); // of a session that stands: nothing happens
    assert.equal(await page.evaluate(() => read().state), "connected");
    await page.evaluate(() => leave());
    while ((await locks(page)) !== 0) await page.waitForTimeout(20);
    await page.evaluate(() => it.reopen()); // of one that was left
    await page.waitForTimeout(50);
    assert.equal(await locks(page), 0);
    await person.close();
  });

  test(`${name}: on a server it draws the state before the first connection`, async () => {
    const out = join(dir, `server-${name}.mjs`);
    await bundle(name, render, () => component("server"), {
      outfile: out, platform: "node", conditions: conditions.filter((condition) => condition !== "browser"),
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    const { default: draw } = await import(pathToFileURL(out).href);
    assert.match(await draw(), /<p>connecting(<!--[^>]*-->)*<\/p>/);
  });
}
