// Guests of the demo page: an owner makes a link, and people without an account join by it in browsers of their own.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { inState, property, shows, text, type, until, written } from "./browser.mjs";
import { desktop, findings, phone, stage } from "./demo.mjs";

const { people, arrive } = stage({ before, afterEach, after });

// share makes a link through the page and returns its address.
async function share(page, role) {
  await page.locator("#share").click();
  await page.locator("#share-role").selectOption(role);
  await page.locator("#share-make").click();
  await page.locator("#share-made").waitFor();
  return page.locator("#share-link").inputValue();
}

// come opens a link in a new browser and gives a name.
async function come(address, name, viewport = desktop) {
  const person = await arrive({ viewport });
  const page = await person.context.newPage();
  await page.goto(address);
  await page.locator("#join-name").fill(name);
  await page.locator("#join-submit").click();
  await inState(page, "connected");
  return { person, page };
}

test("a guest reads along, cannot write, is shown as a guest, and is put out with the link", { timeout: 90_000 }, async () => {
  const owner = await (await arrive({ viewport: desktop })).signIn("owner");
  await inState(owner, "connected");
  await type(owner, "for everybody");
  const address = await share(owner, "view");
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/#link=hfl_[0-9a-f]{16}_[\w-]{43}$/);
  assert.deepEqual(await findings(owner), []);
  await owner.locator("#share-panel button", { hasText: "Close" }).click();

  const { person, page } = await come(address, "Owner");
  await shows(page, "for everybody");
  assert.equal(await page.locator("#read-only").textContent(), "Read only");
  assert.equal(await page.locator("#share").isVisible(), false);
  assert.equal(await page.locator(written).getAttribute("contenteditable"), "false");
  const refused = await page.evaluate(() => globalThis.demo.session.send({ not: "this" }).then(() => "stored", ({ code }) => code));
  assert.equal(refused, "INSUFFICIENT_PERMISSIONS");
  await owner.locator("#people .face[title='Owner (guest)']").waitFor();
  await owner.locator("#log", { hasText: "Owner (guest) joined" }).waitFor();
  await type(owner, " and for guests");
  await shows(page, "and for guests");

  // A reload is the same guest, who is not asked for a name again; so is a second tab, and both share the connection.
  const user = await property(page, "userId");
  await page.reload();
  await inState(page, "connected");
  assert.equal(await property(page, "userId"), user);
  const second = await person.context.newPage();
  await second.goto(address);
  await inState(second, "connected");
  assert.equal(await property(second, "userId"), user);
  await until(second, () => globalThis.demo.session.role === "follower");
  const places = await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, performance.getEntriesByType("resource").map(({ name }) => name)]));
  assert.ok(!places.includes("hfg.") && !places.includes(address.slice(-43)), "a token or a link is in storage or a request");

  await owner.locator("#share").click();
  await owner.locator("#share-links", { hasText: "1 of 20 guests" }).waitFor();
  await owner.locator("#share-links button").click();
  await owner.locator("#share-none").waitFor();
  for (const tab of [page, second]) {
    await tab.locator("#join-title", { hasText: /Your access has ended|This link was revoked/ }).waitFor();
    assert.equal(await tab.locator("#editor").isVisible(), false);
  }
  await page.reload();
  await page.locator("#join-title", { hasText: "This link was revoked" }).waitFor();
  assert.deepEqual(await findings(page), []);
  await inState(owner, "connected");
});

test("a guest who may write writes, on a phone, beside the sign-in of the same browser", { timeout: 90_000 }, async () => {
  const owner = await (await arrive({ viewport: desktop })).signIn("owner", "notes");
  await inState(owner, "connected");
  const address = await share(owner, "edit");
  await owner.locator("#share-panel button", { hasText: "Close" }).click();
  const { page } = await come(address, "Ann Guest", phone);
  assert.equal(await property(page, "document"), "notes");
  await type(page, "by a guest");
  await shows(owner, "by a guest");
  await owner.locator(".caret-name", { hasText: "Ann Guest (guest)" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, "the page is wider than the phone");
  assert.deepEqual(await findings(page), []);
  // The owner's own browser opens the link, too: a guest in one tab, and the owner in the other.
  const tab = await people[0].context.newPage();
  await tab.goto(address);
  await tab.locator("#join-name").fill("Myself");
  await tab.locator("#join-submit").click();
  await inState(tab, "connected");
  assert.match(await property(tab, "userId"), /^guest:/);
  assert.equal(await property(owner, "userId"), "usr_owner");
  await inState(owner, "connected");
  await type(tab, " and by me");
  await shows(owner, "and by me");
  assert.ok((await text(tab)).includes("by a guest"));
});

test("a link that is over, broken or used up says so; a name is asked for", { timeout: 90_000 }, async () => {
  const owner = await (await arrive({ viewport: desktop })).signIn("owner");
  await inState(owner, "connected");
  const address = await share(owner, "view");
  const page = await (await arrive({ viewport: phone })).context.newPage();
  await page.goto(address.slice(0, -3));
  await page.locator("#join-title", { hasText: "There is no such link" }).waitFor();
  assert.equal(await page.locator("#join-submit").isVisible(), false);
  await page.goto("about:blank");
  await page.goto(address);
  await page.locator("#join-name").fill("\u200b \u202e");
  await page.locator("#join-submit").click();
  await page.locator("#join-problem:not([hidden])").waitFor();
  await page.locator("#join-name").fill("Ann");
  await page.locator("#join-submit").click();
  await inState(page, "connected");
  await page.locator("#sign-out").click();
  await page.locator("#sign-in-title").waitFor();
  assert.equal(new URL(page.url()).hash, "");
});
