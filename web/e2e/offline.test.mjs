// What is not stored yet outlives a browser that is killed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { launchChrome } from "./chrome.mjs";
import { startRig } from "./rig.mjs";

const web = resolve(import.meta.dirname, "../..", process.env.HOLDFAST_BUILD || ".build/release", "web");
const canary = "CANARY-of-an-op-that-no-file-holds";

let rig;
before(async () => {
  rig = await startRig();
  // The page itself is there without a server, as behind a service worker.
  for (const name of ["holdfast.js", "offline.js", "holdfast.wasm"]) rig.gateway.scripts[`/${name}`] = await readFile(join(web, name));
});
after(() => rig?.stop());

/** A browser on a profile that stays; its tabs are in one and the same. */
async function browser(home) {
  const chrome = await launchChrome(`--user-data-dir=${home}`);
  const profile = await chrome.profile();
  profile.id = undefined; // the browser's own, which is on the disk
  return {
    chrome,
    /** A tab with a session; `email` signs in whenever a token is asked for. */
    async tab(email, document, options = {}) {
      const tab = await profile.open(`${rig.gateway.url}/tab`);
      await tab.evaluate(async ([email, document, options]) => {
        const { connect } = await import("/holdfast.js");
        if (options.storage === false) Object.defineProperty(globalThis, "indexedDB", { value: undefined });
        const getToken = async () => {
          const body = JSON.stringify({ email: `${email}@example.com`, password: "holdfast-demo" });
          return (await (await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body })).json()).access_token;
        };
        const user = options.user ?? JSON.parse(atob((await getToken()).split(".")[1])).user_id;
        globalThis.session = await connect({ url: location.origin, document, getToken, offline: true, ...options, user });
        globalThis.heard = { operation: [], unsaved: [], kept: [], user };
        for (const kind of ["operation", "unsaved", "kept"]) session.addEventListener(kind, ({ detail }) => heard[kind].push(detail));
      }, [email, document, options]);
      return tab;
    },
    /** Kills it with all its tabs. */
    async kill() {
      const gone = once(chrome.child, "exit");
      process.kill(-chrome.child.pid, "SIGKILL");
      await gone;
      await chrome.close();
    },
  };
}

/** Runs a test with a profile's folder. */
const withHome = (body) => async () => {
  const home = await mkdtemp(join(tmpdir(), "holdfast-home-"));
  try {
    await body(home);
  } finally {
    Object.assign(rig.gateway, { down: false });
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
};

const isConnected = (tab) => tab.until(() => session.state === "connected");
const went = (tab) => tab.until(() => session.state !== "connected");
const goDown = () => {
  rig.gateway.down = true;
  rig.gateway.cut();
};

/** The files of a folder that hold a text, in either encoding. */
async function holding(folder, text) {
  const found = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.of());
    if (bytes.includes(text) || bytes.includes(Buffer.from(text, "utf16le"))) found.push(entry.name);
  }
  return found;
}

const told = (tab) => tab.evaluate(() => heard.operation.map(({ op }) => op));

test("what two tabs typed offline outlives a killed browser: stored once, in order", withHome(async (home) => {
  let chrome = await browser(home);
  const one = await chrome.tab("owner", "welcome");
  const user = await one.evaluate(() => heard.user);
  await isConnected(one);
  await one.evaluate(() => session.send("online"));
  const two = await chrome.tab("owner", "welcome", { user });
  await isConnected(two);
  goDown();
  await Promise.all([one, two].map(went));
  for (const [tab, name] of [[one, "a"], [two, "b"]]) {
    await tab.evaluate(async ([name, canary]) => {
      for (const n of [1, 2, 3]) session.send({ from: name + n, canary });
      await session.offline.settled();
    }, [name, canary]);
  }
  await chrome.kill();
  assert.deepEqual(await holding(home, canary), [], "the text of an operation is on the disk");

  chrome = await browser(home);
  let tab = await chrome.tab("owner", "welcome", { user });
  const waiting = await tab.evaluate(() => session.offline.waiting().then((list) => list.map(({ op }) => op.from)));
  assert.deepEqual(waiting, ["a1", "a2", "a3", "b1", "b2", "b3"], "a page that opens offline has what was kept");
  await tab.until(() => session.unsent === 6);
  assert.notEqual(await tab.evaluate(() => session.state), "connected");
  await tab.evaluate(() => void session.send({ from: "new" }));
  rig.gateway.down = false;
  await tab.until(() => session.unsent === 0);
  const order = ["online", "a1", "a2", "a3", "b1", "b2", "b3", "new"];
  assert.deepEqual((await told(tab)).map((op) => op.from ?? op), order);
  await chrome.kill();

  chrome = await browser(home);
  tab = await chrome.tab("owner", "welcome", { user });
  await isConnected(tab);
  await tab.until(() => session.version >= 8);
  assert.equal((await tab.evaluate(() => session.offline.waiting())).length, 0);
  await tab.evaluate(() => session.send("end"));
  assert.deepEqual((await told(tab)).map((op) => op.from ?? op), [...order, "end"]);
  await chrome.chrome.close();
}));

test("a sign-out erases what is kept, for every document; another user never has it", withHome(async (home) => {
  const chrome = await browser(home);
  const one = await chrome.tab("owner", "notes");
  const user = await one.evaluate(() => heard.user);
  await isConnected(one);
  const other = await chrome.tab("owner", "secret", { user });
  await isConnected(other);
  goDown();
  await Promise.all([one, other].map(went));
  for (const tab of [one, other]) {
    await tab.evaluate(async (canary) => {
      session.send(canary);
      await session.offline.settled();
    }, canary);
  }
  const stranger = await chrome.tab("editor", "notes", { user: "usr_editor" });
  assert.equal((await stranger.evaluate(() => session.offline.waiting())).length, 0);
  await stranger.evaluate(() => session.close());
  await one.evaluate(() => session.signOut());
  await other.until(() => session.state === "closed");
  rig.gateway.down = false;
  const again = await chrome.tab("owner", "notes", { user });
  await isConnected(again);
  assert.equal((await again.evaluate(() => session.offline.waiting())).length, 0);
  assert.equal(await again.evaluate(() => heard.kept[0].bytes), 0);
  assert.equal(await again.evaluate(() => session.send("after").then(({ version }) => version)), 1, "what was erased is not sent");
  await chrome.kill();
  assert.deepEqual(await holding(home, canary), []);
}));

test("a kept change that the server refuses comes to the app, until it is discarded", withHome(async (home) => {
  let chrome = await browser(home);
  let tab = await chrome.tab("owner", "secret");
  const user = await tab.evaluate(() => heard.user);
  await isConnected(tab);
  goDown();
  await went(tab);
  await tab.evaluate(async () => {
    session.reply("999", "to a comment that is none");
    session.send("good");
    await session.offline.settled();
  });
  await chrome.kill();
  rig.gateway.down = false;
  for (const times of [1, 2]) {
    chrome = await browser(home);
    tab = await chrome.tab("owner", "secret", { user });
    await tab.until(() => heard.unsaved.length === 1);
    const [{ comment, error, messageId }] = await tab.evaluate(() => heard.unsaved.map((detail) => ({ ...detail, error: detail.error.code })));
    assert.deepEqual(comment, { event: "reply", commentId: "999", body: "to a comment that is none" });
    assert.equal(error, "NOT_FOUND");
    await tab.until(() => session.version === 1);
    if (times === 2) await tab.evaluate((id) => session.offline.discard(id), messageId);
    await chrome.kill();
  }
  chrome = await browser(home);
  tab = await chrome.tab("owner", "secret", { user });
  await isConnected(tab);
  await tab.evaluate(() => session.send("end"));
  assert.equal(await tab.evaluate(() => heard.unsaved.length), 0);
  await chrome.chrome.close();
}));

test("a limit and a browser without storage are events, and the session works on", withHome(async (home) => {
  const chrome = await browser(home);
  const tab = await chrome.tab("owner", "notes", { offline: { maxBytes: 2000 } });
  const user = await tab.evaluate(() => heard.user);
  await isConnected(tab);
  goDown();
  await went(tab);
  await tab.evaluate(() => void (globalThis.sent = [session.send("x".repeat(500)), session.send("y".repeat(5000))]));
  await tab.until(() => heard.kept.some(({ available, reason }) => !available && reason === "limit"));
  rig.gateway.down = false;
  assert.deepEqual(await tab.evaluate(() => Promise.all(sent).then((all) => all.map(({ version }) => version))), [2, 3]);
  await tab.evaluate(() => session.send("small"));
  await tab.until(() => heard.kept.at(-1).available);
  await tab.evaluate(() => {
    session.offline.save("state", new TextEncoder().encode("what the app shows"));
    return session.close();
  });
  const next = await chrome.tab("owner", "notes", { user });
  assert.equal(await next.evaluate(() => session.offline.load("state").then((bytes) => new TextDecoder().decode(bytes))), "what the app shows");
  const without = await chrome.tab("owner", "notes", { user, storage: false });
  await isConnected(without);
  assert.deepEqual(await without.evaluate(() => heard.kept.map(({ available, reason }) => [available, reason])), [[false, "no_storage"]]);
  assert.equal(await without.evaluate(() => session.send("without").then(({ version }) => version)), 5);
  const refused = await without.evaluate(async () => {
    const { connect } = await import("/holdfast.js");
    return connect({ document: "notes", getToken: () => "", offline: true }).catch(({ code, message }) => `${code}: ${message}`);
  });
  assert.match(refused, /^INVALID_ARGUMENT: .*needs `user`/);
  await chrome.chrome.close();
}));
