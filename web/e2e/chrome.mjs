// Chromium by its own protocol, without Playwright: that one keeps every page focused
// and visible, switches the back-forward cache off, and makes a freeze do nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Tab as AnyTab, callOf } from "./engines/tab.mjs";

// How long Chromium, or a page's promise that it waits for, may take: less than a test has,
// so that the test says what it waited for.
const standstill = 50_000;

const flags = [
  "--headless", "--remote-debugging-port=0", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
];

/** Starts a Chromium of its own; `more` are further flags. */
export async function launchChrome(...more) {
  const home = await mkdtemp(join(tmpdir(), "holdfast-chrome-"));
  const child = spawn(process.env.CHROMIUM || "/usr/bin/chromium", [...flags, `--user-data-dir=${home}`, ...more, "about:blank"], { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => line.startsWith("DevTools listening on ") && resolve(line.slice(22)));
    child.once("exit", (code) => reject(new Error(`Chromium ended with ${code}`)));
  });
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => ((socket.onopen = resolve), (socket.onerror = reject)));
  const chrome = new Chrome(socket, child, home);
  chrome.version = (await chrome.send("Browser.getVersion")).product;
  return chrome;
}

class Chrome {
  #socket;
  #calls = new Map();
  #listeners = new Map();
  #id = 0;

  constructor(socket, child, home) {
    this.#socket = socket;
    this.child = child;
    this.home = home;
    // Tests may end early.
    process.once("exit", () => this.child.exitCode === null && this.child.signalCode === null && process.kill(-child.pid, "SIGKILL"));
    socket.onmessage = ({ data }) => {
      const { id, method, params, result, error, sessionId } = JSON.parse(data);
      if (!id) return this.#listeners.get(sessionId)?.(method, params);
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      clearTimeout(call?.timer);
      if (error) call?.reject(new Error(`${call.method}: ${error.message}`));
      else call?.resolve(result);
    };
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#id;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`standstill: no answer for ${standstill / 1000} s to ${method} ${JSON.stringify(params).slice(0, 300)}`));
      this.#calls.set(id, { method, resolve, reject, timer: setTimeout(late, standstill).unref() });
    });
  }

  listen(sessionId, received) {
    this.#listeners.set(sessionId, received);
  }

  /** A browser profile of its own. */
  async profile() {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    return new Profile(this, browserContextId);
  }

  async close() {
    const gone = once(this.child, "exit");
    this.send("Browser.close").catch(() => {});
    await Promise.race([gone, pause(3000)]);
    if (this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(-this.child.pid, "SIGKILL");
      await gone;
    }
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Profile {
  /** What pages wrote to their consoles, and where their requests went. */
  console = [];
  urls = [];

  constructor(chrome, id) {
    this.chrome = chrome;
    this.id = id;
  }

  /** Opens a page in a new tab, in front of the others; `before` is a script that runs before the page's own. */
  async open(url, before = "") {
    const { targetId } = await this.chrome.send("Target.createTarget", { url: "about:blank", browserContextId: this.id });
    const { sessionId } = await this.chrome.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    this.chrome.listen(sessionId, (method, params) => tab.received(method, params));
    await Promise.all(["Page.enable", "Runtime.enable", "Network.enable", "Inspector.enable"].map((word) => tab.send(word)));
    if (before) await tab.send("Page.addScriptToEvaluateOnNewDocument", { source: before });
    await tab.goto(url);
    return tab;
  }

  close() {
    return this.chrome.send("Target.disposeBrowserContext", { browserContextId: this.id });
  }
}

class Tab extends AnyTab {
  crashed = false;
  #loaded = () => {};

  constructor(profile, id, session) {
    super();
    this.profile = profile;
    this.id = id;
    this.session = session;
  }

  received(method, params) {
    const { console, urls } = this.profile;
    if (method === "Page.loadEventFired" || method === "Page.frameNavigated") this.#loaded(method);
    if (method === "Inspector.targetCrashed") this.crashed = true;
    if (method === "Runtime.consoleAPICalled") console.push(params.args.map(({ value, description }) => value ?? description).join(" "));
    if (method === "Runtime.exceptionThrown") console.push(`uncaught: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
    if (method === "Network.requestWillBeSent") urls.push(params.request.url);
    if (method === "Network.webSocketCreated") urls.push(params.url);
  }

  send(method, params) {
    return this.profile.chrome.send(method, params, this.session);
  }

  async goto(url) {
    const loaded = new Promise((resolve) => (this.#loaded = (what) => what === "Page.loadEventFired" && resolve()));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** One step back in the history; true when the page came from the back-forward cache. */
  async back() {
    const { currentIndex, entries } = await this.send("Page.getNavigationHistory");
    const there = new Promise((resolve) => (this.#loaded = resolve));
    await this.send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
    await there;
    return this.evaluate(() => globalThis.restored === true);
  }

  async evaluate(run, arg) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression: callOf(run, arg), awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Brings it to the front; the others of its window are hidden by that. */
  show() {
    return this.profile.chrome.send("Target.activateTarget", { targetId: this.id });
  }

  /** Freezes it, as a browser does with a tab that was hidden for long. */
  freeze() {
    return this.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  thaw() {
    return this.send("Page.setWebLifecycleState", { state: "active" });
  }

  /** Kills its renderer. */
  async crash() {
    this.send("Page.crash").catch(() => {});
    while (!this.crashed) await pause(5);
  }

  /** Cuts it off from the network, or connects it again. */
  offline(offline) {
    return this.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  }

  async reload() {
    const loaded = new Promise((resolve) => (this.#loaded = (what) => what === "Page.loadEventFired" && resolve()));
    await this.send("Page.reload");
    await loaded;
  }

  close() {
    return this.profile.chrome.send("Target.closeTarget", { targetId: this.id });
  }
}
