// Firefox by WebDriver BiDi.
import puppeteer from "puppeteer-core";
import { Tab, callOf } from "./tab.mjs";

/** Starts a Firefox of its own. */
export async function launchFirefox(path) {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: path, headless: true, protocolTimeout: 50_000, timeout: 60_000 });
  return {
    version: await browser.version(),
    profile: async () => new Profile(await browser.createBrowserContext()),
    close: () => browser.close(),
  };
}

class Profile {
  console = [];

  constructor(context) {
    this.context = context;
  }

  /** Opens a page in a new tab, in front of the others; `before` is a script that runs before the page's own. */
  async open(url, before = "") {
    const page = await this.context.newPage();
    page.on("console", (message) => this.console.push(message.text()));
    // A socket that a server which is down does not take is an error of the page to Firefox, though a script handles it.
    page.on("pageerror", ({ message }) => { if (!/^Firefox can.t establish a connection to the server at wss?:/.test(message)) this.console.push(`uncaught: ${message}`); });
    if (before) await page.evaluateOnNewDocument(before);
    const tab = new FirefoxTab(page);
    await tab.goto(url);
    return tab;
  }

  close() {
    return this.context.close();
  }
}

class FirefoxTab extends Tab {
  constructor(page) {
    super();
    this.page = page;
  }

  evaluate(run, arg) {
    return this.page.evaluate(callOf(run, arg));
  }

  goto(url) {
    return this.page.goto(url);
  }

  reload() {
    return this.page.reload();
  }

  async back() {
    // Not goBack, which waits for a load that a page out of the cache does not have.
    const left = await this.evaluate(() => location.href);
    await this.evaluate(() => void setTimeout(() => history.back()));
    await this.until((left) => location.href !== left && globalThis.restored !== undefined, left);
    return this.evaluate(() => restored);
  }

  show() {
    return this.page.bringToFront();
  }

  offline(offline) {
    return this.page.setOfflineMode(offline);
  }

  screenshot(path) {
    return this.page.screenshot({ path });
  }

  close() {
    return this.page.close();
  }
}
