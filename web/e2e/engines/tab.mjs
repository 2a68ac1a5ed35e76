import { setTimeout as pause } from "node:timers/promises";

/**
 * What the tests do with a tab, whatever the engine. A driver's own has `evaluate`, `goto`,
 * `reload`, `back`, `offline` and `close`; chrome.mjs has more.
 */
export class Tab {
  /** Waits until a function of the page, given `arg`, is true there. */
  async until(test, arg, within = 20_000) {
    const end = Date.now() + within;
    for (;;) {
      if (await this.evaluate(test, arg).catch(() => false)) return;
      if (Date.now() > end) {
        const now = await this.evaluate(() => JSON.stringify({ state: globalThis.session?.state, role: globalThis.session?.role, tabs: globalThis.tabs, last: globalThis.events?.slice(-5) })).catch(String);
        throw new Error(`never: ${test} ${JSON.stringify(arg) ?? ""}; the tab says ${now}`);
      }
      await pause(10);
    }
  }
}

/** The text of the call of a page's function. */
export const callOf = (run, arg) => (typeof run === "string" ? run : `(${run})(${JSON.stringify(arg) ?? ""})`);
