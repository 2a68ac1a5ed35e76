// The sessions of a page, with the real module and a server in memory: one program, one
// memory, however many there are, and nothing left when the last is closed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getEventListeners, setMaxListeners } from "node:events";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { built } from "./apps.mjs";
import { fakePage } from "./fake.mjs";
import { fakeServer, tokenOf } from "./line.mjs";

const { instantiate } = WebAssembly;
let connect, wasm, env, server;
let memories = [];

before(async () => {
  env = fakePage();
  ({ connect } = await import(pathToFileURL(join(built, "index.js")).href));
  wasm = await WebAssembly.compile(await readFile(join(built, "holdfast.wasm")));
  WebAssembly.instantiate = async (...what) => {
    const made = await instantiate(...what);
    memories.push((made.instance ?? made).exports.memory);
    return made;
  };
});
after(() => (WebAssembly.instantiate = instantiate));
beforeEach(() => {
  env = fakePage();
  setMaxListeners(0, env.page, env.window);
  server = fakeServer();
  memories = [];
});
let sessions = [];
afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));

const open = async (document, more) => {
  const session = await connect({ document, url: "https://app.example", getToken: () => tokenOf(), wasm, ...more });
  sessions.push(session);
  return session;
};
const is = (session, state) => new Promise((resolve) => {
  const look = () => session.state === state && resolve(session);
  session.addEventListener("state", look);
  look();
});
const bytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

test("500 sessions of a page are one program; each sends and receives as itself", { timeout: 170_000 }, async () => {
  const all = [];
  for (let i = 0; i < 500; i++) all.push(await open(`document ${i}`));
  await Promise.all(all.map((session) => is(session, "connected")));
  assert.equal(memories.length, 1);
  assert.equal(server.dials, 500);
  const some = [0, 250, 499];
  assert.deepEqual(await Promise.all(some.map((i) => all[i].send({ i }))), some.map(() => ({ version: 1 })));
  for (const i of some) assert.deepEqual(server.logs.get(`document ${i}`).map((text) => JSON.parse(text).data.op), [{ i }]);
  assert.ok(bytes() <= 128 << 20, `${bytes()} bytes`);
});

test("a session costs what it is said to, as the second and as the hundredth", async () => {
  await is(await open("document 0"), "connected");
  const one = bytes();
  for (let i = 1; i < 100; i++) await is(await open(`document ${i}`), "connected");
  assert.equal(memories.length, 1);
  const each = (bytes() - one) / 99;
  assert.ok(each <= 340_000, `${each} bytes each`);
});

test("each session reads the close code of its own socket, also when many end in one task", async () => {
  const codes = [4000, 4001, 4201, 1006, 4404, 4403];
  const all = await Promise.all(codes.map(async (_, i) => is(await open(`document ${i}`), "connected")));
  const heard = all.map((session) => new Promise((resolve) => session.addEventListener("state", ({ detail }) => resolve(detail.code), { once: true })));
  for (const [i] of codes.entries()) server.sockets.find(({ document }) => document === `document ${i}`).end(codes[i]);
  assert.deepEqual(await Promise.all(heard), codes);
});

test("when the last session closes, no socket, lock, listener or timer is left, and the next starts anew", async () => {
  const timers = new Set();
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = (work, ...rest) => {
    const timer = setTimeout(() => (timers.delete(timer), work()), ...rest);
    timers.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (timers.delete(timer), clearTimeout(timer));
  try {
    const all = await Promise.all(["a", "a", "b"].map((document) => open(document)));
    await Promise.all(all.map((session) => is(session, "connected")));
    assert.ok(timers.size > 0);
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(server.open(), []);
    assert.deepEqual(await navigator.locks.query(), { held: [], pending: [] });
    assert.deepEqual([...["visibilitychange", "freeze", "resume"].flatMap((type) => getEventListeners(env.page, type)), ...["online", "offline", "pagehide", "pageshow"].flatMap((type) => getEventListeners(env.window, type))], []);
    assert.equal(timers.size, 0);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
  await is(await open("a"), "connected");
  assert.equal(memories.length, 2);
});

// The memory grows by doubling: what a page's first hundreds need has been taken by the 500th.
test("a session that is closed costs nothing: hundreds come and go in one memory", { timeout: 120_000 }, async () => {
  await is(await open("kept"), "connected");
  let before;
  for (let i = 0; i < 1000; i++) {
    const session = await open(`document ${i}`);
    await is(session, "connected");
    await session.close();
    if (i === 500) before = bytes();
  }
  assert.equal(memories.length, 1);
  assert.equal(bytes(), before);
});
