// The demo's buttons do what their labels say: people who try the session out have nothing else.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person, inState, launch, property, shows, type, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server, browser;
const people = [];
const arrive = async () => people[people.push(await Person.arrive(browser, server.url)) - 1];

before(async () => {
  server = await startServer();
  browser = await launch();
});
afterEach(async () => {
  for (const person of people.splice(0)) await person.close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("off the network and back: what was written meanwhile is there", { timeout: 60_000 }, async () => {
  const page = await (await arrive()).signIn("owner");
  const other = await (await arrive()).signIn("editor");
  await inState(page, "connected");
  await inState(other, "connected");
  await page.locator("#drop").click();
  await until(page, () => globalThis.demo.session.state !== "connected");
  await inState(page, "connected");
  await page.locator("#offline").click();
  await until(page, () => globalThis.demo.session.state !== "connected");
  assert.equal(await page.locator("#offline").textContent(), "Go online");
  await type(page, "written offline");
  await type(other, "and meanwhile");
  await page.locator("#offline").click();
  await inState(page, "connected");
  await shows(page, "and meanwhile");
  await shows(other, "written offline");
});

test("the document is opened on another device: the page says so, and its button takes it back", { timeout: 60_000 }, async () => {
  const page = await (await arrive()).signIn("owner");
  await inState(page, "connected");
  const other = await (await arrive()).signIn("owner");
  await inState(page, "replaced");
  assert.match(await page.locator("#blocked").textContent(), /Open on another device.*another browser or on another device/s);
  assert.equal(await page.locator("#blocked-retry").textContent(), "Use it here");
  await page.locator("#blocked-retry").click();
  await inState(page, "connected");
  await inState(other, "replaced");
  await type(page, "back on the laptop");
  await shows(page, "back on the laptop");
});

test("a token of 20 s is refreshed before it ends, on the open line", { timeout: 60_000 }, async () => {
  const owner = await arrive();
  const page = await owner.signIn("owner");
  await inState(page, "connected");
  await page.locator("#short").click();
  await until(page, () => globalThis.demo.session.expiresAt - Date.now() < 21_000);
  await until(page, () => globalThis.demo.session.expiresAt - Date.now() > 600_000);
  assert.equal(owner.sockets.length, 1);
});

test("revoked: every tab is out, for good", { timeout: 60_000 }, async () => {
  const owner = await arrive();
  const page = await owner.signIn("owner");
  const second = await owner.tab();
  await inState(page, "connected");
  await inState(second, "connected");
  await page.locator("#revoke").click();
  for (const tab of [page, second]) {
    await until(tab, () => document.body.dataset.view === "sign-in");
    assert.equal(await property(tab, "state"), "closed");
    assert.match(await tab.locator("#log").textContent(), /TOKEN_REVOKED/);
  }
});
