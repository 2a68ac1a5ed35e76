// holdfast/testing: the server and sessions in memory, and that they do what the real ones do.
import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { built, getToken, serve, signIn } from "./apps.mjs";
import { Person, launch, until } from "./browser.mjs";
import { startServer } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { FakeServer } = await import(pathToFileURL(join(built, "testing.js")).href);
const { Session, HoldfastError } = await import(pathToFileURL(join(built, "core.js")).href);

/** What a session reports, as [type, detail]. */
function record(session, ...types) {
  const said = [];
  for (const type of types) session.addEventListener(type, ({ detail }) => said.push([type, detail]));
  return said;
}
const code = (promise) => promise.then(() => "stored", (error) => (error instanceof HoldfastError ? error.code : error));

test("an operation arrives with everybody, once and in order, and is the sender's own", async () => {
  const server = new FakeServer();
  const [ann, bob] = [server.open("notes", { user: "ann" }), server.open("notes", { user: "bob" })];
  assert.ok(ann instanceof Session);
  const [annSaid, bobSaid] = [ann, bob].map((session) => record(session, "operation"));
  const early = ann.send("before the connection");
  assert.deepEqual([ann.state, ann.unsent], ["connecting", 1]);
  await server.settle();
  assert.deepEqual([ann.state, ann.role, ann.userId, ann.unsent, ann.can("write"), ann.can("admin")], ["connected", "leader", "ann", 0, true, false]);
  assert.deepEqual(await early, { version: 1 });
  const sent = bob.send({ n: 2 });
  await server.settle();
  assert.deepEqual(await sent, { version: 2 });
  assert.deepEqual(annSaid.map(([, { op, version, own, userId }]) => [op, version, own, userId]), [["before the connection", 1, true, "ann"], [{ n: 2 }, 2, false, "bob"]]);
  assert.deepEqual(bobSaid.map(([, { version, own }]) => [version, own]), [[1, false], [2, true]]);
  assert.deepEqual(server.log("notes").map(({ op }) => op), ["before the connection", { n: 2 }]);

  const late = server.open("notes", { user: "cid" });
  const lateSaid = record(late, "operation");
  await server.settle();
  assert.deepEqual(lateSaid.map(([, { version, replay }]) => [version, replay]), [[1, true], [2, true]]);
  assert.equal(late.documentVersion, 2);
});

test("a drop: what was on its way is sent again and stored once; what was missed follows", async () => {
  const server = new FakeServer({ latency: 50 });
  const [ann, bob] = [server.open("notes", { user: "ann" }), server.open("notes", { user: "bob" })];
  await server.advance(1000);
  const said = record(ann, "state", "operation");
  const first = ann.send(1);
  await server.advance(60); // stored, and the answer is on its way
  assert.equal(server.log("notes").length, 1);
  server.drop(ann);
  await server.settle();
  assert.deepEqual([ann.state, ann.unsent], ["reconnecting", 1]);
  const second = ann.send(2);
  bob.send("meanwhile");
  await server.advance(1000);
  assert.equal(server.log("notes").length, 2);
  server.restore(ann);
  await server.advance(1000);
  assert.deepEqual([await first, await second, ann.unsent], [{ version: 1 }, { version: 3 }, 0]);
  assert.deepEqual(said.map(([type, { state, resumed, version, own, replay }]) => (type === "state" ? [state, resumed] : [version, own, replay])), [
    ["reconnecting", undefined], ["connected", true], [1, true, true], [2, false, true], [3, true, false],
  ]);
  assert.equal(server.now, 3060);
});

test("refusals: what says wait by its code is repeated, anything else rejects and loses nothing else", async () => {
  const server = new FakeServer();
  const ann = server.open();
  await server.settle();
  server.refuse = ({ kind, op }) => (kind === "operation" && op === "no" ? { code: "INSUFFICIENT_PERMISSIONS", message: "not this" } : undefined);
  assert.equal(await code(ann.send("no")), "INSUFFICIENT_PERMISSIONS");
  assert.equal(await code(ann.send("yes")), "stored");
  server.refuse = () => ({ code: "RATE_LIMIT_EXCEEDED", message: "slower", recoverable: true, action: "wait", retryAfter: 5000 });
  const later = ann.send("later");
  await server.advance(4000);
  server.refuse = undefined;
  assert.equal(ann.unsent, 1);
  await server.advance(1000);
  assert.deepEqual(await later, { version: 2 });

  server.lock(true);
  await server.settle();
  assert.equal(ann.locked, true);
  assert.equal(await code(ann.send("locked")), "DOCUMENT_LOCKED");
  server.lock(false);
  const said = record(ann, "permissionchange");
  server.permit(ann, ["read"]);
  await server.settle();
  assert.deepEqual([ann.permissions, said[0][1].removed], [["read"], ["write", "comment"]]);
  assert.equal(await code(ann.send("read only")), "INSUFFICIENT_PERMISSIONS");
  assert.deepEqual(server.log().map(({ op }) => op), ["yes", "later"]);
});

test("tabs of one profile: the first leads, the next one after it; signing out ends them all", async () => {
  const server = new FakeServer();
  const tabs = [1, 2, 3].map(() => server.open("notes", { user: "ann" }));
  await server.settle();
  assert.deepEqual(tabs.map(({ role }) => role), ["leader", "follower", "follower"]);
  assert.equal(new Set(tabs.map(({ clientId }) => clientId)).size, 1);
  const [second] = [record(tabs[1], "operation", "presence", "tabs")];
  await tabs[2].send("from the third");
  tabs[2].presence({ at: 1 });
  await server.settle();
  assert.deepEqual(second.map(([type, { op, own, data }]) => [type, op ?? data, own]), [["operation", "from the third", false], ["presence", { at: 1 }, undefined]]);
  await tabs[0].close();
  await server.settle();
  assert.deepEqual([tabs[1].role, tabs[1].state, second.at(-1)], ["leader", "connected", ["tabs", { tabs: [tabs[1].tabId, tabs[2].tabId] }]]);
  await tabs[1].signOut();
  assert.deepEqual(tabs.map(({ state }) => state), ["closed", "closed", "closed"]);
  assert.equal(await code(tabs[2].send(1)), "CLOSED");
});

test("comments, section locks with their time, presence, snapshots and a replay", async () => {
  const server = new FakeServer();
  const permissions = ["read", "write", "comment", "moderate"];
  const [ann, bob] = [server.open("notes", { user: "ann", permissions }), server.open("notes", { user: "bob", name: "Bob", permissions })];
  const said = record(ann, "comment", "locks", "presence");
  await server.settle();
  const { commentId } = await bob.comment("why?", { at: 3 });
  await ann.reply(commentId, "because");
  await bob.resolve(commentId);
  assert.equal(await code(ann.reply(commentId, "late")), "NOT_FOUND");
  await bob.lock("intro", 10_000);
  const cid = server.open("notes", { user: "cid" });
  assert.deepEqual([await code(cid.lock("end")), await code(cid.resolve(commentId))], ["INSUFFICIENT_PERMISSIONS", "INSUFFICIENT_PERMISSIONS"]);
  await cid.close();
  assert.equal(await code(ann.send("typed", { section: "intro" })), "DOCUMENT_LOCKED");
  assert.equal(await code(ann.lock("intro")), "DOCUMENT_LOCKED");
  await server.advance(10_000);
  await ann.lock("intro");
  await ann.unlock("intro");
  bob.presence({ cursor: 1 });
  await server.settle();
  assert.deepEqual(said.filter(([type]) => type === "comment").map(([, { event, body, commentId }]) => [event, body, commentId]), [["create", "why?", "1"], ["reply", "because", "1"], ["resolve", undefined, "1"]]);
  assert.deepEqual(said.filter(([type]) => type === "locks").map(([, { sections }]) => sections.map(({ userId, own }) => [userId, own])), [[["bob", false]], [], [["ann", true]], []]);
  assert.deepEqual(said.filter(([type]) => type === "presence").map(([, { state, name, data }]) => [state, name, data]), [["join", "Bob", undefined], ["join", undefined, undefined], ["leave", undefined, undefined], ["update", "Bob", { cursor: 1 }]]);

  await ann.send("four");
  await ann.snapshot(4, { whole: true });
  const late = server.open("notes", { user: "cid" });
  const news = record(late, "snapshot", "operation", "history");
  await server.settle();
  await late.replay();
  assert.deepEqual(news, [["snapshot", { version: 4, data: { whole: true } }], ["history", { type: "snapshot", detail: { version: 4, data: { whole: true } } }]]);
});

test("an app that connects by itself: its getToken is called once, and nobody signed in is an autherror", async () => {
  const server = new FakeServer();
  let asked = 0;
  const connect = server.connector({ user: "ann" });
  const session = await connect({ document: "notes", getToken: () => (asked++, "token") });
  await server.settle();
  assert.deepEqual([session.state, session.userId, session.document, asked], ["connected", "ann", "notes", 1]);
  const nobody = await connect({ document: "other", getToken: () => Promise.reject(new Error("signed out")) });
  const said = record(nobody, "autherror", "state");
  await server.settle();
  assert.deepEqual(said.map(([type, { code, state }]) => [type, code ?? state]), [["autherror", "AUTHENTICATION_FAILED"], ["state", "closed"]]);
  server.end(session, { code: "TOKEN_REVOKED", message: "revoked" });
  assert.equal(session.state, "connected", "a listener never runs inside the test's own call");
  await server.settle();
  assert.equal(session.state, "closed");
});

test("the example of the README", async () => {
  const readme = await readFile(join(here, "../README.md"), "utf8");
  const [, example] = readme.match(/```js\n(import \{ FakeServer \}[^]*?)```/);
  const dir = await mkdtemp(join(tmpdir(), "holdfast-testing-"));
  await build({ stdin: { contents: example, resolveDir: here }, outfile: join(dir, "example.mjs"), bundle: true, format: "esm", platform: "node", logLevel: "error", alias: { "holdfast/testing": join(built, "testing.js") } });
  await import(pathToFileURL(join(dir, "example.mjs")).href);
  await rm(dir, { recursive: true });
});

// One story, told to a session of the built Worker and to one of these: the events have the
// same types and the same fields.
const types = ["state", "operation", "comment", "snapshot", "history", "locks", "presence", "leaderchange", "tabs", "unsent"];
async function story(first, second, wait) {
  const seen = {};
  for (const session of [first, second]) {
    for (const type of types) session.addEventListener(type, ({ detail }) => (seen[type === "state" || type === "presence" || type === "comment" ? `${type} ${detail.state ?? detail.event}` : type] = Object.keys(detail).sort().join()));
  }
  await wait(() => first.state === "connected" && second.state === "connected");
  const { version } = await first.send({ n: 1 });
  await second.send({ n: 2 });
  const { commentId } = await first.comment("why?", { at: 1 });
  await second.reply(commentId, "because");
  const may = await second.resolve(commentId).catch(({ code }) => code);
  await first.resolve(commentId);
  await first.lock("intro");
  const refused = await second.send({ n: 3 }, { section: "intro" }).catch(({ code, reason, action, recoverable, retryAfter }) => ({ code, reason, action, recoverable, retryAfter }));
  await first.unlock("intro");
  const gone = await second.reply(commentId, "late").catch(({ code, reason, action, recoverable }) => ({ code, reason, action, recoverable }));
  second.presence({ cursor: 1 });
  await wait(() => seen["presence update"]);
  await first.replay();
  const { state, locked, unsent } = first;
  await second.close();
  await wait(() => seen["presence leave"]);
  return { seen, may, refused, gone, version, session: { state, locked, unsent }, closed: second.state };
}

/** A session in a page, as far as the story uses one. */
class Remote extends EventTarget {
  static async open(page) {
    const remote = new Remote();
    remote.page = page;
    await page.exposeFunction("report", (type, detail, now) => {
      Object.assign(remote, now);
      remote.dispatchEvent(new CustomEvent(type, { detail }));
    });
    await page.evaluate(async (types) => {
      globalThis.session = await open();
      for (const type of types) {
        session.addEventListener(type, ({ detail }) => report(type, detail, { state: session.state, locked: session.locked, unsent: session.unsent }));
      }
    }, types);
    return remote;
  }
  async call(name, ...args) {
    const { result, error } = await this.page.evaluate(async ([name, args]) => {
      try {
        return { result: await session[name](...args) };
      } catch ({ code, reason, action, recoverable, retryAfter }) {
        return { error: { code, reason, action, recoverable, retryAfter } };
      }
    }, [name, args]);
    if (error) throw error;
    return result;
  }
}
for (const name of ["send", "comment", "reply", "resolve", "lock", "unlock", "presence", "replay", "close"]) {
  Remote.prototype[name] = function (...args) {
    return this.call(name, ...args);
  };
}

async function until10s(test) {
  for (let i = 0; i < 500 && !test(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(test(), String(test));
}

test("its sessions say what real ones say", { timeout: 60_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-story-"));
  const [worker, browser] = await Promise.all([startServer(), launch()]);
  const site = await serve(worker.url);
  try {
    const app = `import { connect } from "holdfast"; globalThis.open = () => connect({ document: "welcome", clientId: "client-" + Math.random().toString(36).slice(2), getToken: ${getToken} });`;
    await build({ stdin: { contents: app, resolveDir: here }, outfile: join(dir, "app.js"), bundle: true, format: "esm", logLevel: "error", alias: { holdfast: join(built, "index.js") } });
    await writeFile(join(dir, "index.html"), '<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="app.js"></script>');
    await cp(join(built, "holdfast.wasm"), join(dir, "holdfast.wasm"));
    site.show("/app/", dir);
    const people = await Promise.all(["owner", "editor"].map(async (name) => {
      const person = await Person.arrive(browser, site.url);
      await signIn(person, name);
      const page = await person.context.newPage();
      await page.goto(`${site.url}app/`);
      await until(page, () => globalThis.open);
      return page;
    }));
    const real = await story(...(await Promise.all(people.map((page) => Remote.open(page)))), until10s);
    const server = new FakeServer();
    const fake = await story(server.open("notes", { user: "ann", name: "Ann", permissions: ["read", "write", "comment", "moderate"] }), server.open("notes", { user: "bob", name: "Bob" }), async (test) => {
      for (let i = 0; i < 100 && !test(); i++) await server.settle();
      assert.ok(test(), String(test));
    });
    assert.deepEqual(fake, real);
  } finally {
    await browser.close();
    site.stop();
    await worker.stop();
    await rm(dir, { recursive: true });
  }
});
