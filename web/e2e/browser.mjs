// Chromium, and people in it: each a browser profile of its own with tabs.
import { chromium } from "playwright-core";

const args = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Starts Chromium. */
export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args });

/** One profile. It counts, over all its tabs, what goes to the server. */
export class Person {
  sockets = [];
  refreshes = 0;
  tokens = [];
  console = [];
  #arriving = [];

  static async arrive(browser, url, options = {}) {
    const person = new Person();
    person.url = url;
    person.context = await browser.newContext(options);
    person.context.setDefaultTimeout(20_000);
    person.context.on("page", (page) => person.#watch(page));
    return person;
  }

  #watch(page) {
    page.on("websocket", (socket) => this.sockets.push(socket.url()));
    page.on("request", (request) => {
      if (request.url().endsWith("/auth/refresh")) this.refreshes++;
    });
    page.on("response", (response) => {
      if (!/\/auth\/(login|refresh)$/.test(response.url()) || !response.ok()) return;
      this.#arriving.push(response.json().then((body) => this.tokens.push(body.access_token), () => {}));
    });
    page.on("console", (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.console.push(`uncaught: ${error.message}`));
  }

  /** Every access token the server gave this profile. */
  async allTokens() {
    await Promise.all(this.#arriving);
    return this.tokens;
  }

  /** Opens a document in a new tab, without waiting for the session. */
  async tab(document = "welcome") {
    const page = await this.context.newPage();
    await page.goto(`${this.url}?document=${document}`);
    return page;
  }

  /** Signs in through the form, in a new tab, without waiting for the session. */
  async signIn(name, document = "welcome") {
    const page = await this.tab(document);
    await page.locator(`input[name=account][value="${name}@example.com"]`).check({ force: true });
    await page.locator("#login-submit").click();
    await page.locator("#workspace").waitFor();
    return page;
  }

  close() {
    return this.context.close();
  }
}

/** Waits until a function of the page, given `arg`, is true there. */
export const until = (page, test, arg) => page.waitForFunction(test, arg, { polling: 50 });

/** Waits until the session of a tab is in a state. */
export const inState = (page, state) => until(page, (want) => globalThis.demo?.session.state === want, state);

/** The session's property. */
export const property = (page, name) => page.evaluate((name) => globalThis.demo.session[name], name);

/** The text a tab holds. */
export const text = (page) => page.evaluate(() => globalThis.demo.text());

/** Waits until a tab holds this text somewhere. */
export const shows = (page, part) => until(page, (part) => globalThis.demo?.text().includes(part), part);

/** The text of the demo, as one writes in it. */
export const written = "#editor .ProseMirror";

/** Types at the end of the text, as a person does. */
export async function type(page, what) {
  await page.locator(written).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(what);
}

/** Begins to record the versions that a tab receives, and from which one. */
export const note = (page) => page.evaluate(() => {
  const { session } = globalThis.demo;
  globalThis.noted = { from: session.version, versions: [] };
  session.addEventListener("operation", ({ detail }) => globalThis.noted.versions.push(detail.version));
});

/** What was noted: an array, and the one that is right. */
export async function noted(page) {
  const { from, versions } = await page.evaluate(() => globalThis.noted);
  return { versions, right: Array.from({ length: (await property(page, "version")) - from }, (_, i) => from + 1 + i) };
}
