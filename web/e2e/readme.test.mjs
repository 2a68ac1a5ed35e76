// What the README tells a newcomer to write, run word for word.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Person, launch } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server, browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the README's page connects, hears its own operation and stores it", { timeout: 60_000 }, async () => {
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
