// WebKitGTK: its MiniBrowser by WebKitWebDriver, on a display that nobody sees.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Tab, callOf } from "./tab.mjs";

// How long the browser, or a page's promise that it waits for, may take.
const standstill = 50_000;

/** Starts a display; each profile is a driver of its own on it, for a driver has one browser. */
export async function launchWebKit(driver) {
  const home = await mkdtemp(join(tmpdir(), "holdfast-webkit-"));
  const display = start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const profiles = [];
  const close = async () => {
    for (const profile of profiles.splice(0)) await profile.close();
    await stop(display);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [number] = await Promise.race([once(createInterface({ input: display.stdout }), "line"), ended(display, "Xvfb")]);
    // There is no GPU and no session bus.
    const env = { ...process.env, HOME: home, DISPLAY: `:${number}`, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_DMABUF_RENDERER: "1", NO_AT_BRIDGE: "1", GIO_USE_VFS: "local" };
    const profile = async () => profiles[profiles.push(await launchProfile(driver, env)) - 1];
    const first = await profile();
    return { version: first.version, profile: async () => (first.taken ? profile() : ((first.taken = true), first)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function launchProfile(driver, env) {
  const port = await freePort();
  const child = start(driver, [`--port=${port}`], { env, stdio: "ignore" });
  const profile = new Profile(child, `http://127.0.0.1:${port}/session`);
  const failed = ended(child, driver);
  failed.catch(() => {});
  try {
    await Promise.race([profile.begin(), failed]);
    return profile;
  } catch (error) {
    await profile.close();
    throw error;
  }
}

class Profile {
  #child;
  #address;
  #windows = [];
  #current = "";
  #blank; // a window that no tab has yet
  #last = Promise.resolve();

  constructor(child, address) {
    this.#child = child;
    this.#address = address;
  }

  async begin() {
    const end = Date.now() + standstill;
    let begun;
    while (!begun) {
      begun = await this.#ask("POST", "", { capabilities: {} }).catch((error) => {
        if (error.cause?.code !== "ECONNREFUSED" || Date.now() > end) throw error;
        return pause(20);
      });
    }
    this.#address += `/${begun.sessionId}`;
    this.version = `${begun.capabilities.browserName}/${begun.capabilities.browserVersion}`;
    this.#blank = await this.#ask("GET", "/window");
    await this.#ask("POST", "/timeouts", { script: standstill, pageLoad: standstill });
  }

  async #ask(method, path, body) {
    const answer = await fetch(this.#address + path, {
      method, headers: { "content-type": "application/json" },
      body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
      signal: AbortSignal.timeout(standstill + 5_000),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`WebDriver, ${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  /** One command to a window, after all that were given before: the driver knows but one current window. */
  command(window, method, path, body) {
    const run = async () => {
      if (window !== this.#current) await this.#ask("POST", "/window", { handle: window });
      this.#current = window;
      return this.#ask(method, path, body);
    };
    return (this.#last = this.#last.then(run, run));
  }

  /** Opens a page in a new tab, behind the others. */
  async open(url) {
    const handle = this.#blank ?? (await this.#another());
    this.#blank = undefined;
    this.#windows.push(handle);
    const tab = new WebKitTab(this, handle);
    await tab.goto(url);
    return tab;
  }

  async #another() {
    return (await this.command(this.#windows.at(-1), "POST", "/window/new", { type: "tab" })).handle;
  }

  async closeWindow(handle) {
    // The browser ends with its last window, and a new one is opened out of another.
    if (this.#windows.length === 1) this.#blank = await this.#another();
    this.#windows = this.#windows.filter((one) => one !== handle);
    await this.command(handle, "DELETE", "/window");
    this.#current = "";
  }

  close() {
    return stop(this.#child);
  }
}

class WebKitTab extends Tab {
  constructor(profile, handle) {
    super();
    this.profile = profile;
    this.handle = handle;
  }

  #command(method, path, body) {
    return this.profile.command(this.handle, method, path, body);
  }

  async evaluate(run, arg) {
    const script = `
      const done = arguments[arguments.length - 1];
      Promise.resolve().then(() => ${callOf(run, arg)}).then((value) => done([value]), (error) => done([null, String(error)]));`;
    const [value, error] = await this.#command("POST", "/execute/async", { script, args: [] });
    if (error) throw new Error(error);
    return value;
  }

  goto(url) {
    return this.#command("POST", "/url", { url });
  }

  reload() {
    return this.#command("POST", "/refresh");
  }

  async back() {
    await this.#command("POST", "/back");
    return this.evaluate(() => globalThis.restored === true);
  }

  /** WebDriver has no network to switch off: the page is told. Its line is the gateway's to cut. */
  offline(offline) {
    return this.evaluate((offline) => {
      Object.defineProperty(navigator, "onLine", { configurable: true, get: () => !offline });
      dispatchEvent(new Event(offline ? "offline" : "online"));
    }, offline);
  }

  close() {
    return this.profile.closeWindow(this.handle);
  }
}

function start(command, args, options) {
  // A group of its own: the browser and its processes are ended with it.
  const child = spawn(command, args, { detached: true, ...options });
  process.once("exit", () => child.exitCode === null && child.signalCode === null && process.kill(-child.pid, "SIGKILL"));
  return child;
}

async function ended(child, name) {
  const [code] = await once(child, "exit");
  throw new Error(`${name} ended with ${code}`);
}

async function stop(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
