// The demo page itself: what it says, where the focus goes, whether all of it can be seen and
// used, and comments and locks by their buttons.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { Person, inState, launch, shows, text, type, until, written } from "./browser.mjs";
import { startServer } from "./server.mjs";

const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const shots = process.env.HOLDFAST_SHOTS;
const desktop = { width: 1280, height: 720 };
const phone = { width: 320, height: 720 };
let server, browser;
const people = [];
const arrive = async (options) => people[people.push(await Person.arrive(browser, server.url, options)) - 1];

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

/** What axe finds. */
async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}

/** The controls that an edge cuts: of the window's width, or of what scrolls and does not reach them wholly. */
const cut = (page) => page.evaluate(() => [...document.querySelectorAll("button, input, textarea, a")].flatMap((control) => {
  const box = control.getBoundingClientRect();
  if (!box.width || !control.checkVisibility() || control.closest(".account-choice")) return [];
  const through = (from, to, low, high) => (from < low - 0.5 && to > low + 0.5) || (from < high - 0.5 && to > high + 0.5);
  const wide = innerWidth >= 900;
  if (through(box.left, box.right, 0, innerWidth) || (wide && through(box.top, box.bottom, 0, innerHeight))) return [control.outerHTML];
  const around = control.parentElement.getBoundingClientRect();
  if (box.left < around.left - 0.5 || box.right > around.right + 0.5) return [control.outerHTML];
  for (let parent = control.parentElement; parent && parent !== document.body; parent = parent.parentElement) {
    if (getComputedStyle(parent).overflowY === "visible") continue;
    const edge = parent.getBoundingClientRect();
    if (through(box.top, box.bottom, edge.top, edge.bottom) || through(box.left, box.right, edge.left, edge.right)) return [control.outerHTML];
  }
  return [];
}));

/** Writes two sections, and comments on the last line through the page. */
async function comment(page, what) {
  await page.locator(written).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Shift+Home");
  await until(page, () => !document.querySelector("#comment").disabled);
  await page.locator("#comment").click();
  await page.locator("#remark").fill(what);
  await page.locator("#remark-form .primary").click();
  await page.locator("#threads .remark", { hasText: what }).waitFor();
}

for (const [size, viewport] of [["desktop", desktop], ["phone", phone]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`nothing is cut and axe finds nothing: ${size}, ${colorScheme}`, { timeout: 90_000 }, async () => {
      const person = await arrive({ viewport, colorScheme });
      const empty = await person.tab("notes");
      await empty.locator("#login-submit").waitFor();
      assert.deepEqual(await findings(empty), []);
      await empty.close();
      const page = await person.signIn("owner", "notes");
      await inState(page, "connected");
      assert.deepEqual(await findings(page), []);
      await type(page, "## Plan\nA line.");
      await comment(page, "Why?");
      await page.locator("#lock").click();
      await page.locator("#locks li").waitFor();
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(await cut(page), []);
      const [wide, has] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= has, `${wide} px in ${has}`);
      if (shots) await page.screenshot({ path: `${shots}/demo-${size}-${colorScheme}.png`, fullPage: size === "phone" });
      await page.locator("#show-code").click();
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(person.console, []);
      await page.keyboard.press("Escape");
      await page.locator(".resolve").click();
      await page.locator("#lock").click();
      await page.locator("#locks li").waitFor({ state: "detached" });
    });
  }
}

test("after the sign-in one writes; the panel shows the code that the page is made of", { timeout: 60_000 }, async () => {
  const page = await (await arrive()).signIn("owner");
  await inState(page, "connected");
  await page.locator(`${written}:focus`).waitFor();
  await page.keyboard.type("at once");
  await shows(page, "at once");
  await page.locator("#show-code").click();
  assert.equal(await page.locator("#code").textContent(), await readFile(new URL("../demo/document.ts", import.meta.url), "utf8"));
});

test("the countdown is no part of what is read out, and moves nothing; the button does not wait for it", { timeout: 60_000 }, async () => {
  const page = await (await arrive({ viewport: phone })).signIn("owner");
  await inState(page, "connected");
  assert.equal(await page.locator("#reconnect").isDisabled(), true);
  await page.evaluate(() => {
    globalThis.said = [];
    new MutationObserver(() => globalThis.said.push(document.querySelector("#state").textContent)).observe(document.querySelector("#state"), { childList: true, characterData: true, subtree: true });
  });
  await page.locator("#drop").click();
  await until(page, () => /^in \d+ s$/.test(document.querySelector("#retry").textContent));
  const moved = await page.evaluate(() => {
    const where = () => JSON.stringify(["role", "reconnect", "drop", "log"].map((id) => document.getElementById(id).getBoundingClientRect().toJSON()));
    const retry = document.getElementById("retry");
    return new Set(["in 1 s", "in 10 s", "in 59 s", ""].map((text) => ((retry.textContent = text), where()))).size;
  });
  assert.equal(moved, 1, "nothing moved");
  await page.evaluate(() => {
    const { session } = globalThis.demo;
    const { reconnect } = session;
    session.reconnect = () => ((globalThis.asked = true), reconnect.call(session));
    document.querySelector("#reconnect").click(); // at once: it may be connected again by the next task
  });
  assert.equal(await page.evaluate(() => globalThis.asked), true);
  await inState(page, "connected");
  assert.deepEqual((await page.evaluate(() => globalThis.said)).filter((words) => /\d/.test(words)), []);
});

test("a comment and its replies, by the buttons, for both", { timeout: 60_000 }, async () => {
  const owner = await (await arrive({ viewport: desktop })).signIn("owner", "secret");
  await inState(owner, "connected");
  const second = await people[0].tab("secret");
  await inState(second, "connected");
  await type(owner, "One line.");
  await comment(owner, "Is it late?");
  await second.locator("#threads .remark", { hasText: "Is it late?" }).waitFor();
  assert.equal(await second.locator(".remarked").textContent(), "One line.");
  await second.locator(".reply input").fill("Not yet.");
  await second.locator(".reply button").click();
  await owner.locator(".replies", { hasText: "Not yet." }).waitFor();
  await owner.reload();
  await inState(owner, "connected");
  await owner.locator(".replies", { hasText: "Not yet." }).waitFor();
  await owner.locator(".resolve").click();
  for (const tab of [owner, second]) await tab.locator(".remarked").waitFor({ state: "detached" });
  assert.equal(await second.locator("#threads li").count(), 0);
});

test("a locked section is its owner's alone: others are told, and write elsewhere", { timeout: 60_000 }, async () => {
  const owner = await (await arrive({ viewport: desktop })).signIn("owner");
  await inState(owner, "connected");
  await type(owner, "\n## Mine\nwords");
  const editor = await (await arrive({ viewport: desktop })).signIn("editor");
  await shows(editor, "words");
  await owner.locator("#lock").click();
  await editor.locator("#locks", { hasText: "“Mine” is locked by Olive Owner" }).waitFor();
  await type(editor, "not this");
  await editor.locator("#notice", { hasText: "has locked this section" }).waitFor();
  await editor.keyboard.press("Control+Home");
  await editor.keyboard.type("but this ");
  await shows(owner, "but this ");
  assert.equal(await editor.locator("#notice").textContent(), "");
  await type(owner, " and more");
  await shows(editor, "words and more");
  assert.ok(!(await text(owner)).includes("not this"));
  await owner.locator("#lock").click();
  await editor.locator("#locks").waitFor({ state: "hidden" });
  await type(editor, ", and mine");
  await shows(owner, "words and more, and mine");
});

test("an origin that the server does not allow is told as that, with the variable to set", { timeout: 60_000 }, async () => {
  const strict = await startServer({ ALLOWED_ORIGINS: "https://elsewhere.example" });
  try {
    const person = people[people.push(await Person.arrive(browser, strict.url)) - 1];
    const page = await person.tab();
    await page.locator("#login-submit").click();
    await page.locator("#login-problem", { hasText: "ALLOWED_ORIGINS" }).waitFor();
    assert.ok((await page.locator("#login-problem").textContent()).includes(new URL(strict.url).origin));
    assert.equal(await page.evaluate(() => document.activeElement.id), "login-submit");
  } finally {
    await strict.stop();
  }
});
