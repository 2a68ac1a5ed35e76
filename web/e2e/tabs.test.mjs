// Two tabs of one person: one connection, one refresh, nothing lost.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Person, inState, launch, note, noted, property, shows, text, type, until, written } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server, browser;
const people = [];
const arrive = async () => people[people.push(await Person.arrive(browser, server.url)) - 1];
const roles = async (...tabs) => (await Promise.all(tabs.map((tab) => property(tab, "role")))).sort();

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

async function twoTabs(name = "owner") {
  const person = await arrive();
  const first = await person.signIn(name);
  await inState(first, "connected");
  const second = await person.tab();
  await inState(second, "connected");
  return { person, first, second };
}

test("two tabs share one socket, and one refresh serves both", { timeout: 60_000 }, async () => {
  const { person, first, second } = await twoTabs();
  assert.deepEqual(await roles(first, second), ["follower", "leader"]);
  assert.equal(await property(first, "role"), "leader");
  assert.equal(person.sockets.length, 1);
  assert.equal(person.refreshes, 0, "the sign-in's own token serves both");
  assert.equal(await property(second, "sessionId"), await property(first, "sessionId"));

  for (const tab of [first, second]) {
    await tab.evaluate(() => {
      globalThis.refreshed = 0;
      globalThis.demo.session.addEventListener("tokenrefresh", () => globalThis.refreshed++);
    });
  }
  await second.locator("#refresh").click();
  for (const tab of [first, second]) await until(tab, () => globalThis.refreshed === 1);
  assert.equal(person.refreshes, 1);
  assert.equal(person.sockets.length, 1, "the token is changed on the open socket");
  const ends = await Promise.all([first, second].map((tab) => property(tab, "expiresAt")));
  assert.ok(Math.abs(ends[0] - ends[1]) < 500, "the same end, each tab on its own clock");
});

test("both tabs type; both hold the same text and receive every version once, in order", { timeout: 60_000 }, async () => {
  const { first, second } = await twoTabs();
  await Promise.all([note(first), note(second)]);
  await Promise.all([type(first, "alpha "), type(second, "beta ")]);
  const typed = "alpha beta ".length;
  for (const tab of [first, second]) await until(tab, (typed) => globalThis.noted.versions.length >= typed, typed);
  assert.equal(await text(first), await text(second));
  for (const letter of "alphbet") assert.ok((await text(first)).includes(letter));
  for (const tab of [first, second]) {
    const { versions, right } = await noted(tab);
    assert.deepEqual(versions, right);
    assert.equal(versions.length, typed);
  }
});

test("the leading tab is closed: the other takes over with what was not yet acknowledged", { timeout: 90_000 }, async () => {
  const { person, first, second } = await twoTabs();
  const editor = await arrive();
  const reader = await editor.signIn("editor");
  await inState(reader, "connected");
  await note(reader);
  await note(second);

  await type(first, "[said by the leader]");
  await shows(second, "[said by the leader]"); // else the two tabs' letters may mix
  await second.locator("#drop").click(); // the leader's line, from the follower's page
  await inState(second, "reconnecting");
  await type(second, "[typed while it was down]");
  assert.ok(!(await text(reader)).includes("[typed while"));
  await first.close();

  await until(second, () => globalThis.demo.session.role === "leader");
  await inState(second, "connected");
  await shows(reader, "[said by the leader]");
  await shows(reader, "[typed while it was down]");
  await until(second, () => document.querySelector("#saved").textContent === "All changes stored");
  assert.equal(await text(reader), await text(second));
  for (const tab of [reader, second]) {
    const { versions, right } = await noted(tab);
    assert.deepEqual(versions, right);
  }
  assert.equal(person.refreshes, 0, "and the token was taken over as well");
});

test("another person's cursor is seen, by the name the server knows, moves with the text and goes with them", { timeout: 60_000 }, async () => {
  const owner = await (await arrive()).signIn("owner");
  await inState(owner, "connected");
  await type(owner, "one two");
  const visitor = await arrive();
  const editor = await visitor.signIn("editor");
  await inState(editor, "connected");
  await shows(editor, "one two");
  // The owner's caret was there before the editor came.
  const caret = editor.locator(".caret");
  await caret.waitFor();
  assert.equal(await caret.locator(".caret-name").textContent(), await editor.locator("#people .face").getAttribute("title"));
  await editor.locator(written).focus();
  await editor.keyboard.press("Control+Home");
  await editor.keyboard.type("zero ");
  const before = (tab) => tab.evaluate(() => {
    const caret = document.querySelector("#editor .caret");
    const range = document.createRange();
    range.setStart(caret.closest("p"), 0);
    range.setEndBefore(caret);
    return range.toString().replace(/\u2060|\ufeff/g, "");
  });
  // A selection that moves while a change or a caret arrives may be put back by the editor: all of it has to be here first.
  await shows(owner, "zero ");
  await owner.locator(".caret").waitFor();
  for (let seen = ""; seen !== "zero "; ) seen = await before(owner);
  assert.ok((await before(editor)).endsWith("one two"));
  await owner.keyboard.down("Shift");
  await owner.keyboard.press("ArrowLeft");
  await owner.keyboard.press("ArrowLeft");
  await owner.keyboard.up("Shift");
  await editor.locator(".range", { hasText: "wo" }).waitFor();
  if (process.env.HOLDFAST_SHOTS) await editor.screenshot({ path: `${process.env.HOLDFAST_SHOTS}/cursors.png` });
  await visitor.close();
  people.splice(people.indexOf(visitor), 1);
  await owner.locator(".caret").waitFor({ state: "detached" });
  await owner.locator("#people .face").waitFor({ state: "detached" });
});

test("a reload goes straight in again; signing out ends it in every tab", { timeout: 60_000 }, async () => {
  const { person, first, second } = await twoTabs("viewer");
  await first.reload();
  await inState(first, "connected");
  assert.deepEqual(await roles(first, second), ["follower", "leader"]);
  await second.locator("#sign-out").click();
  for (const tab of [first, second]) await tab.locator("#sign-in-form").waitFor();
  await first.reload();
  await first.locator("#sign-in-form").waitFor();
  const cookies = await person.context.cookies();
  // The one that stays shows that somebody has signed in with this browser. It gives access to nothing.
  assert.deepEqual(cookies.filter(({ name, value }) => value && name !== "holdfast_device"), [], "no cookie that still holds anything");
});

test("no token is anywhere a script or a log could find it", { timeout: 60_000 }, async () => {
  const { person, first, second } = await twoTabs();
  await second.locator("#refresh").click();
  await until(second, () => document.querySelector("#log").textContent.includes("tokenrefresh"));
  const tokens = await person.allTokens();
  assert.equal(tokens.length, 2);
  const found = [];
  for (const tab of [first, second]) {
    found.push(await tab.evaluate(async () => JSON.stringify([
      Object.entries(localStorage), Object.entries(sessionStorage), await indexedDB.databases(),
      location.href, document.cookie, document.documentElement.outerHTML, history.state, name,
      Object.getOwnPropertyNames(globalThis).filter((key) => typeof globalThis[key] === "string").map((key) => globalThis[key]),
      ["state", "role", "permissions", "sessionId", "userId", "clientId", "tabId", "expiresAt"].map((name) => globalThis.demo.session[name]),
    ])));
  }
  for (const tab of [first, second]) assert.equal(await tab.evaluate(() => typeof globalThis.Go), "undefined");
  found.push(...person.sockets, ...person.console);
  for (const token of tokens) {
    for (const part of [token, ...token.split(".").filter((part) => part.length > 30)]) {
      for (const place of found) assert.ok(!place.includes(part), `a token in ${place.slice(0, 200)}`);
    }
  }
  assert.deepEqual(person.console, [], "and the page has nothing to complain of");
});
