// What the tests of the demo page have in common.
import { readFile } from "node:fs/promises";
import { until, written } from "./browser.mjs";

const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds. */
export async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}

/** Writes two sections, and comments on the last line through the page. */
export async function comment(page, what) {
  await page.locator(written).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Shift+Home");
  await until(page, () => !document.querySelector("#comment").disabled);
  await page.locator("#comment").click();
  await page.locator("#remark").fill(what);
  await page.locator("#remark-form .primary").click();
  await page.locator("#threads .remark", { hasText: what }).waitFor();
}
