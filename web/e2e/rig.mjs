// What the lifecycle tests do with tabs: one Worker, one gateway, one browser.
import { launchChrome } from "./chrome.mjs";
import { startGateway } from "./gateway.mjs";
import { startServer } from "./server.mjs";

/**
 * Starts all three; `launch` starts another browser than Chromium, and a `server` that is given is not stopped.
 * A test's own documents keep it apart from the others.
 */
export async function startRig({ vars = {}, flags = [], launch = () => launchChrome(...flags), server: given } = {}) {
  const server = given ?? (await startServer(vars));
  const gateway = await startGateway(server.url);
  const leave = async () => {
    gateway.stop();
    if (!given) await server.stop();
  };
  const chrome = await launch().catch(async (error) => {
    await leave();
    throw error;
  });
  return {
    server, gateway, chrome,
    /** A profile in which `email` is signed in, with as many tabs on the document as asked for; the first leads. */
    async person(email, count = 0, document = "welcome", before = "") {
      const profile = await chrome.profile();
      const first = await profile.open(`${gateway.url}/tab?email=${email}${count ? `&document=${document}` : ""}`, before);
      const tabs = count ? [first] : [];
      if (count) await connected(first);
      else await first.close();
      while (tabs.length < count) tabs.push(await join(profile, gateway, document, before));
      return { profile, tabs, join: (name = document) => join(profile, gateway, name, before) };
    },
    /** Ends all, and fails if a page's module trapped: it was started again, so a test may have seen nothing of it. */
    async stop() {
      await chrome.close();
      await leave();
      if (gateway.traps.length > 0) throw new Error(`a module trapped:\n${gateway.traps.join("\n")}`);
    },
  };
}

async function join(profile, gateway, document, before) {
  const tab = await profile.open(`${gateway.url}/tab?document=${document}`, before);
  await connected(tab);
  return tab;
}

export const connected = (tab) => tab.until(() => globalThis.session?.state === "connected");
export const role = (tab) => tab.evaluate(() => session.role);
export const state = (tab) => tab.evaluate(() => session.state);

/** Sends an op and waits for its version; with `count`, that many at once. */
export const send = (tab, op) => tab.evaluate((op) => session.send(op).then(({ version }) => version), op);

/** Sends an op without waiting; what becomes of it is in `globalThis.sent`. */
export const begin = (tab, op) => tab.evaluate((op) => {
  (globalThis.sent ??= {})[op] = "waiting";
  session.send(op).then(({ version }) => (sent[op] = version), (error) => (sent[op] = error.code));
}, op);

/** Waits until a tab has received an op. */
export const receives = (tab, op) => tab.until((op) => ops.includes(op), op);

/** Returns what is wrong with what a tab received: every version once, in order, from its first to its last. */
export const outOfOrder = (tab) => tab.evaluate(() => versions.filter((version, i) => i > 0 && version !== versions[i - 1] + 1).concat(
  ops.filter((op, i) => typeof op === "string" && ops.indexOf(op) !== i)));

/** The one leader of these tabs, once there is exactly one and it is connected. */
export async function leader(tabs, within = 15_000) {
  const end = Date.now() + within;
  for (;;) {
    const roles = await Promise.all(tabs.map((tab) => tab.evaluate(() => `${session.role} ${session.state}`)));
    const leading = tabs.filter((_, i) => roles[i] === "leader connected");
    if (leading.length === 1 && roles.every((role) => role.endsWith(" connected"))) return leading[0];
    if (Date.now() > end) throw new Error(`no leader: ${roles}`);
  }
}
