// What the tests of the demo page have in common.
import { readFile } from "node:fs/promises";
import { Person, launch, until, written } from "./browser.mjs";
import { startServer } from "./server.mjs";

const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

export const desktop = { width: 1280, height: 720 };
export const phone = { width: 320, height: 720 };

/** A server and a browser for a file's tests, by the hooks of its runner; whoever arrives leaves after the test. */
export function stage({ before, afterEach, after }) {
  let server, browser;
  const people = [];
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
  return { people, arrive: async (options, url = server.url) => people[people.push(await Person.arrive(browser, url, options)) - 1] };
}

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
