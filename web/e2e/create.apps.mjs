// npm create holdfast my-app: the app it makes, from the packages alone. Its other template is in
// create-react.apps.mjs, the command line in create-command.test.mjs.
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { arrive, has, says, start, testedAndBuilt, twoPeopleWrite, write } from "./create-story.mjs";
import { command, dev } from "./create.mjs";

let made;
before(async () => (made = await start("vanilla")), { timeout: 120_000 });
after(() => made?.stop());

test("two people write, and the Worker's code is changed meanwhile", { timeout: 150_000 }, async () => {
  const server = await dev(made.app, made.env);
  let person;
  try {
    assert.deepEqual(server.people, ["ann@example.com", "bob@example.com"]);
    assert.equal(new URL(server.url).hostname, "localhost");
    assert.deepEqual(await (await fetch(new URL("/api/hello", server.url))).json(), { hello: "from your own route" });
    const bob = await twoPeopleWrite(made.browser, server);

    const file = join(made.app, "worker/permissions.js");
    const before = await readFile(file, "utf8");
    await writeFile(file, before.replace('workspace_role: "member" }', 'workspace_role: document === "plans" ? "viewer" : "member" }'));
    for (let reads; !reads; ) {
      const reader = await arrive(made.browser, server, "ann@example.com", "plans");
      await reader.page.locator("[role=status][data-tone=good]").waitFor();
      reads = await reader.page.getByText("You may read this document").isVisible();
      await reader.close();
    }
    await write(bob.page, " Still here.");
    await says(bob.page, "All changes stored");
    await writeFile(file, before);
    person = bob;
  } finally {
    await server.stop();
  }
  await assert.rejects(fetch(server.url), "Ctrl-C ends all of it");
  person.page.on("dialog", (dialog) => dialog.accept()); // whoever is asked whether to leave the page does
  await write(person.page, " Typed while it was stopped.");
  await says(person.page, "wait here");

  // The next start makes nothing again, and has the text.
  const secrets = await readFile(join(made.app, ".dev.vars"), "utf8");
  const again = await dev(made.app, made.env, ["--port", new URL(server.url).port]);
  try {
    assert.equal(again.password, server.password);
    await says(person.page, "All changes stored");
    await person.close();
    const ann = await arrive(made.browser, again, "ann@example.com");
    await has(ann.page, "Still here. Typed while it was stopped.");
    await ann.close();
    const second = await command("npm", ["run", "dev"], { cwd: made.app, env: made.env });
    assert.match(second.errors, /serves from .* already/);
  } finally {
    await again.stop();
  }
  assert.equal(await readFile(join(made.app, ".dev.vars"), "utf8"), secrets);
  assert.equal((await stat(join(made.app, ".dev.vars"))).mode & 0o777, 0o600);
  assert.doesNotMatch(secrets, new RegExp(server.password));
});

test("its own tests pass, and it is built once nothing stops its deployment", { timeout: 120_000 }, () => testedAndBuilt(made, ""));

test("one workerd is installed: Vite's plugin and wrangler are of one release", async () => {
  const read = async (name) => JSON.parse(await readFile(join(made.app, "node_modules", name, "package.json"), "utf8"));
  const [plugin, wrangler, own] = await Promise.all([read("@cloudflare/vite-plugin"), read("wrangler"), readFile(join(made.app, "package.json"), "utf8").then(JSON.parse)]);
  assert.equal(own.devDependencies.wrangler, plugin.dependencies.wrangler);
  assert.equal(wrangler.dependencies.workerd, plugin.dependencies.workerd);
});
