// The demo page's looks: nothing is cut and axe finds nothing, on a desktop and a phone, light and dark.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { inState, type } from "./browser.mjs";
import { comment, desktop, findings, phone, stage } from "./demo.mjs";

const shots = process.env.HOLDFAST_SHOTS;
const { arrive } = stage({ before, afterEach, after });

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

