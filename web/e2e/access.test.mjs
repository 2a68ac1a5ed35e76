// What each account may do and what the page says when something is refused.
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Person, inState, launch, property, shows, text, type, until, written } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server, browser;
const people = [];
const arrive = async (options) => people[people.push(await Person.arrive(browser, server.url, options)) - 1];
const blockedBy = async (page, code) => {
  await page.locator("#blocked").waitFor();
  assert.equal(await page.locator("#blocked-code").textContent(), code);
};

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

test("an outsider is refused, once and for good", { timeout: 60_000 }, async () => {
  const outsider = await arrive();
  const page = await outsider.signIn("outsider");
  await blockedBy(page, "INSUFFICIENT_PERMISSIONS");
  assert.equal(await property(page, "state"), "closed");
  assert.equal(outsider.sockets.length, 1);
  assert.match(await page.locator("#log").textContent(), /permissiondenied/);
});

test("a viewer reads along, and cannot write even past the page", { timeout: 60_000 }, async () => {
  const viewer = await (await arrive()).signIn("viewer");
  await inState(viewer, "connected");
  assert.equal(await viewer.locator("#read-only").textContent(), "Read only");
  assert.equal(await viewer.locator(written).getAttribute("contenteditable"), "false");
  const owner = await (await arrive()).signIn("owner");
  await inState(owner, "connected");
  await type(owner, "for the viewer to read");
  await shows(viewer, "for the viewer to read");
  const refused = await viewer.evaluate(() => globalThis.demo.session.send({ y: "AAA=" }).then(() => "stored", (error) => error.code));
  assert.equal(refused, "INSUFFICIENT_PERMISSIONS");
  assert.equal(await property(viewer, "state"), "connected");
  assert.equal(await text(viewer), await text(owner));
});

test("the documents differ: comment only, the owner's alone, locked, none", { timeout: 60_000 }, async () => {
  const editor = await arrive();
  const page = await editor.signIn("editor", "notes");
  await inState(page, "connected");
  assert.equal(await page.locator("#read-only").textContent(), "Comment only");
  assert.deepEqual(await property(page, "permissions"), ["read", "comment"]);
  await page.locator("#documents a", { hasText: "secret" }).click();
  await blockedBy(page, "INSUFFICIENT_PERMISSIONS");
  await page.locator("#documents a", { hasText: "locked" }).click();
  await page.locator("#read-only", { hasText: "Locked" }).waitFor();
  await inState(page, "connected");
  assert.ok((await property(page, "permissions")).includes("write"));
  assert.equal(await page.locator(written).getAttribute("contenteditable"), "false");
  const refused = await page.evaluate(() => globalThis.demo.session.send({ y: "AAA=" }).then(() => "stored", (error) => error.code));
  assert.equal(refused, "DOCUMENT_LOCKED");
  await page.goto(`${server.url}?document=nowhere`);
  await page.locator("#blocked-code", { hasText: "DOCUMENT_NOT_FOUND" }).waitFor();
});

test("a wrong password is said in words, and nothing is opened", { timeout: 60_000 }, async () => {
  const person = await arrive();
  const page = await person.tab();
  await page.locator("#login-password").fill("not it");
  await page.locator("#login-submit").click();
  await page.locator("#login-problem", { hasText: "do not match" }).waitFor();
  assert.equal(person.sockets.length, 0);
});

test("a module that cannot be had or may not run is a typed error, at once", { timeout: 60_000 }, async () => {
  const cases = [
    ["WASM_FETCH", "**/holdfast.wasm", (route) => route.fulfill({ status: 404, contentType: "text/html", body: "<h1>not here</h1>" })],
    ["WASM_INVALID", "**/holdfast.wasm", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html>" })],
    ["WASM_BLOCKED_BY_CSP", (url) => url.pathname === "/", async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      const without = (policy) => policy.replace(" 'wasm-unsafe-eval'", "");
      if (headers["content-security-policy"]) headers["content-security-policy"] = without(headers["content-security-policy"]);
      await route.fulfill({ response, headers, body: without(await response.text()) });
    }],
  ];
  for (const [code, what, how] of cases) {
    const person = await arrive();
    await person.context.route(what, how);
    const page = await person.signIn("owner");
    const began = Date.now();
    await blockedBy(page, code);
    assert.ok(Date.now() - began < 5000, `${code} took ${Date.now() - began} ms`);
    assert.deepEqual(person.console.filter((line) => line.startsWith("uncaught")), []);
  }
});

test("a module with the wrong media type runs all the same", { timeout: 60_000 }, async () => {
  const person = await arrive();
  await person.context.route("**/holdfast.wasm", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "content-type": "application/octet-stream" } });
  });
  await inState(await person.signIn("owner"), "connected");
});

test("the page fits its window, and pictures of it are kept", { timeout: 120_000 }, async (t) => {
  const folder = process.env.HOLDFAST_SHOTS || (await mkdtemp(join(tmpdir(), "holdfast-shots-")));
  const sizes = [["desktop", { width: 1360, height: 860 }], ["phone", { width: 390, height: 844 }]];
  for (const [size, viewport] of sizes) {
    for (const colorScheme of ["light", "dark"]) {
      const person = await arrive({ viewport, colorScheme, deviceScaleFactor: size === "phone" ? 2 : 1 });
      const empty = await person.tab();
      await empty.screenshot({ path: join(folder, `sign-in-${size}-${colorScheme}.png`) });
      await empty.close();
      const page = await person.signIn("owner");
      await inState(page, "connected");
      const second = await person.tab();
      await inState(second, "connected");
      await until(page, () => document.querySelectorAll("#tabs li").length === 2);
      for (const tab of [page, second]) {
        const [wide, has] = await tab.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= has, `${size}: ${wide} px in ${has}`);
      }
      await page.screenshot({ path: join(folder, `${size}-${colorScheme}.png`), fullPage: size === "phone" });
      assert.deepEqual(person.console, []);
      await person.close();
      people.splice(0);
    }
  }
  t.diagnostic(`pictures in ${folder}`);
});
