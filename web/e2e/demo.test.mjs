// The demo page itself: what it says, where the focus goes, and comments and locks by their buttons.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { serve } from "./apps.mjs";
import { inState, shows, text, type, until, written } from "./browser.mjs";
import { comment, desktop, phone, stage } from "./demo.mjs";
import { startServer } from "./server.mjs";

const { people, arrive } = stage({ before, afterEach, after });

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
  const proxy = await serve(strict.url, { changeHost: true });
  try {
    const page = await (await arrive({}, proxy.url)).tab();
    await page.locator("#login-submit").click();
    await page.locator("#login-problem", { hasText: "ALLOWED_ORIGINS" }).waitFor();
    assert.ok((await page.locator("#login-problem").textContent()).includes(new URL(proxy.url).origin));
    assert.equal(await page.evaluate(() => document.activeElement.id), "login-submit");
    // The Worker's own page is allowed, whatever is listed.
    await inState(await (await arrive({}, strict.url)).signIn("owner"), "connected");
  } finally {
    proxy.stop();
    await strict.stop();
  }
});
