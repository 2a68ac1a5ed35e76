// What every app does that npm create holdfast makes, whichever its template: it is made from
// the packages alone, installed, served, written in by two people, tested and built for a deployment.
import assert from "node:assert/strict";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Person, launch, until } from "./browser.mjs";
import { bench, command } from "./create.mjs";

/** Makes and installs an app of a template. */
export async function start(template) {
  const [here, browser] = await Promise.all([bench(), launch()]);
  const app = join(here.dir, `app-${template}`);
  const stop = async () => {
    await browser.close();
    await here.remove();
  };
  try {
    const made = await here.make([app, "--template", template, "--no-install", "--holdfast", `file:${here.holdfast}`]);
    assert.equal(made.code, 0, made.errors);
    const installed = await command("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: app, env: here.env });
    assert.equal(installed.code, 0, `npm install needs the registry: ${installed.errors}`);
    assert.doesNotMatch(installed.out + installed.errors, /warn|deprecated|vulnerab/i);
    // Servers that start at one time would want the same port for a debugger.
    const config = join(app, "vite.config.js");
    await writeFile(config, (await readFile(config, "utf8")).replace("cloudflare()", "cloudflare({ inspectorPort: false })"));
  } catch (error) {
    await stop();
    throw error;
  }
  return { app, env: here.env, compiled: here.compiled, browser, stop };
}

/** Opens the app's page in a new profile, and signs in on its form. */
export async function arrive(browser, { url, password }, email, document = "welcome") {
  const person = await Person.arrive(browser, url);
  const page = (person.page = await person.context.newPage());
  await page.goto(`${url}?document=${document}`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".tiptap").waitFor();
  return person;
}
export const editable = (page) => page.locator(".tiptap[contenteditable=true]").waitFor();
export const says = (page, text) => page.locator("[role=status]", { hasText: text }).waitFor();
export async function write(page, text) {
  await page.locator(".tiptap").focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
}

/** Waits until the document of a tab has a text. The names at the others' carets are no part of it. */
export const has = (page, text) => until(page, (text) => {
  const copy = document.querySelector(".tiptap")?.cloneNode(true);
  copy?.querySelectorAll("[class^=collaboration-carets]").forEach((caret) => caret.remove());
  return copy?.textContent.replace(/\u2060/g, "").includes(text);
}, text);

/** The story that every template has: two people, one of them with two tabs, a reload, a sign-out. */
export async function twoPeopleWrite(browser, server) {
  const [ann, bob] = await Promise.all(server.people.map((email) => arrive(browser, server, email)));
  await Promise.all([editable(ann.page), editable(bob.page)]);
  const second = await ann.context.newPage();
  await second.goto(ann.page.url()); // the profile is signed in
  await editable(second);

  await write(ann.page, "Ann was here. ");
  await has(bob.page, "Ann was here. ");
  await write(bob.page, "So was Bob. ");
  await has(second, "So was Bob. ");
  await write(second, "And her second tab.");
  for (const page of [ann.page, second, bob.page]) await has(page, "Ann was here. So was Bob. And her second tab.");
  await says(ann.page, "All changes stored");
  await bob.page.locator(".people [title=Ann]").waitFor();
  await ann.page.locator(".collaboration-carets__label", { hasText: "Bob" }).waitFor();
  assert.equal(ann.sockets.filter((url) => url.includes("/v1/ws/")).length, 1, "both tabs share one connection");
  for (const url of [...ann.sockets, ...bob.sockets]) assert.doesNotMatch(url, /\/v1\/ws\/.*token=/);

  await bob.page.reload();
  await has(bob.page, "And her second tab.");
  await ann.page.getByRole("button", { name: "Sign out" }).click();
  for (const page of [ann.page, second]) await page.getByLabel("Password").waitFor();
  await ann.page.getByLabel("E-mail").fill(server.people[0]);
  await ann.page.getByLabel("Password").fill("not the password of anybody");
  await ann.page.getByRole("button", { name: "Sign in" }).click();
  await ann.page.getByRole("alert").waitFor();
  assert.deepEqual([...ann.console, ...bob.console].filter((line) => /^(error|uncaught)/.test(line) && !/status of 401/.test(line)), []);
  await ann.close();
  return bob;
}

/** Its own tests pass, what lacks is said, and what is there is built. `environment` is "" or one of wrangler.toml's. */
export async function testedAndBuilt({ app, env, compiled }, environment) {
  const options = { cwd: app, env };
  const tested = await command("npm", ["test"], options);
  assert.equal(tested.code, 0, tested.out);
  assert.match(tested.out, /pass [4-9]/);

  const refused = await command("npm", ["run", "deploy", "--", "--dry-run"], options);
  assert.notEqual(refused.code, 0);
  assert.match(refused.errors, /wrangler d1 create app-/);
  assert.match(refused.errors, /JURISDICTION is not decided/);

  const file = join(app, "wrangler.toml");
  const config = await readFile(file, "utf8");
  let databases = 0;
  await writeFile(file, config.replaceAll("# JURISDICTION", "JURISDICTION").replaceAll(/"0{8}-/g, () => `"1234567${databases++}-`));
  const deployed = await command("npm", ["run", "deploy", "--", "--dry-run", ...(environment ? ["--env", environment] : [])], options);
  assert.equal(deployed.code, 0, deployed.errors);
  assert.match(deployed.out, new RegExp(`env\\.DB \\(${basename(app)}${environment && `-${environment}`}\\)`));
  for (const binding of ["SESSIONS", "DOCUMENTS", "ASSETS", "EMBEDDED_ISSUER", "ISSUER", "JURISDICTION", "CONNECTIONS_PER_USER"]) assert.match(deployed.out, new RegExp(`env\\.${binding} `));

  // What is uploaded knows nothing of this machine's accounts and secrets.
  const { password } = JSON.parse(await readFile(join(app, ".wrangler/state/holdfast-accounts.json"), "utf8"));
  const secrets = (await readFile(join(app, ".dev.vars"), "utf8")).match(/(?<=TOKEN='|SECRET=')[^']+/g);
  for (const name of await readdir(join(app, "dist"), { recursive: true })) {
    if (name.endsWith(".dev.vars") || (await stat(join(app, "dist", name))).isDirectory()) continue; // Vite's preview reads it; nothing uploads it
    const text = await readFile(join(app, "dist", name), "latin1");
    for (const secret of [password, "ann@example.com", ...secrets]) assert.ok(!text.includes(secret), `${name} has a secret of this machine`);
  }
  await writeFile(file, config);
  assert.equal(await compiled(), "", "no compiler was called");
}
