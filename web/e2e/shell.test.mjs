// The JavaScript around the module, with a program written here in its place.
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Program, emptyModule, fakeModule, fakePage, importShell } from "./fake.mjs";

let connect, HoldfastError, env, program, unhandled;
const programs = [];
const wasm = await WebAssembly.compile(emptyModule);

const open = async (options = {}) => {
  const session = await connect({ document: "welcome", getToken: () => "t.o.k", wasm, ...options });
  program = programs[programs.push(new Program()) - 1];
  return { session, start: async () => JSON.parse((await program.next())[0][1]) };
};
const received = (target, type) => new Promise((resolve) => target.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));
const refusedWith = (code) => (error) => error instanceof HoldfastError && error.code === code;

before(async () => {
  ({ connect, HoldfastError } = await importShell());
  await assert.rejects(connect({ document: "d", getToken: () => "" }), refusedWith("UNSUPPORTED"), "importing it on a server is fine, connecting is not");
  unhandled = [];
  process.on("unhandledRejection", (error) => unhandled.push(error));
  globalThis.fakeModule = fakeModule;
});
beforeEach(() => (env = fakePage()));
afterEach(() => {
  for (const { host } of programs.splice(0)) host?.call("closed", ""); // an open channel keeps the process
});
after(() => assert.deepEqual(unhandled, []));

test("the program receives start once the app could add its listeners, with the page's facts", async () => {
  const { session, start } = await open();
  assert.deepEqual(program.received, []);
  assert.equal(session.state, "connecting");
  const facts = await start();
  assert.deepEqual(facts, {
    url: "wss://app.example", document: "welcome", client_id: session.clientId, tab_id: session.tabId, locks: true,
    scope: "holdfast.v1/wss%3A%2F%2Fapp.example/documents/welcome", channel: true, visible: true, online: true,
  });
});

test("nothing is left on the global object, and the program still finds it whole", async () => {
  const { session } = await open();
  assert.equal(globalThis.Go, undefined);
  assert.equal(globalThis.holdfast, undefined);
  program.global.fs = {};
  assert.equal(globalThis.fs, undefined);
  assert.equal(program.global.Uint8Array, Uint8Array);
  await new Promise((resolve) => program.global.setTimeout(resolve, 0));
  void session.close();
});

test("one client id for a profile, in storage; one for a tab where tabs cannot meet", async () => {
  const a = await open(), b = await open();
  assert.equal(a.session.clientId, b.session.clientId);
  assert.notEqual(a.session.tabId, b.session.tabId);
  const key = "holdfast.v1/wss%3A%2F%2Fapp.example/client_id";
  assert.deepEqual([...env.kept], [[key, a.session.clientId]]);
  assert.notEqual((await open({ url: "/a" })).session.clientId, a.session.clientId, "another server is another scope");
  navigator.locks = undefined;
  const c = await open();
  assert.notEqual(c.session.clientId, a.session.clientId);
  assert.equal((await c.start()).locks, false);
  assert.equal(env.kept.get(key), a.session.clientId);
  env.kept.set(key, "<script>");
  navigator.locks = { query: async () => ({}) };
  assert.match((await open()).session.clientId, /^[0-9a-f]{32}$/);
});

test("two servers below one origin, and two documents, have no name in common", async () => {
  const names = [];
  for (const [url, document] of [
    ["/", "a"], ["/a", "a"], ["/a/", "b"], ["/a", "b/c"], ["/a/b", "c"], ["/a/documents", "a"], ["/a%2Fb", "c"], ["/a", "b%2Fc"], ["ws://app.example", "a"], ["https://app.example:8443", "a"],
  ]) names.push((await (await open({ url, document })).start()).scope);
  assert.equal(new Set(names).size, names.length, names.join("\n"));
  assert.equal((await (await open({ url: "https://APP.example:443/a//", document: "a" })).start()).scope, names[1], "however the address is written");
});

test("unusable arguments are typed errors", async () => {
  for (const bad of [{ document: "" }, { document: 7 }, { document: "\ud800" }, { getToken: "x" }, { url: "ftp://x" }, { url: "http://" }]) {
    await assert.rejects(open(bad), refusedWith("INVALID_ARGUMENT"), JSON.stringify(bad));
  }
});

test("an event finds the properties already set, and only known ones can be", async () => {
  const { session } = await open();
  const state = received(session, "state");
  program.call("emit", `{"type":"state","detail":{"state":"connected"},"set":{"state":"connected","permissions":["read"],"version":7,"__proto__":{"x":1},"close":1}}`);
  assert.equal(session.state, "connecting", "not while the program is still calling");
  assert.deepEqual(await state, { state: "connected" });
  assert.equal(session.state, "connected");
  assert.equal(session.version, 7);
  assert.equal(session.can("read") && !session.can("write"), true);
  assert.equal(typeof session.close, "function");
  assert.equal(session.x, undefined);
  assert.match(session.clientId, /^[0-9a-f]{32}$/, "what was not named stays");
  const failed = received(session, "autherror");
  program.emit("autherror", { code: "TOKEN_REVOKED", message: "m", recoverable: false, action: "stop" });
  assert.equal(refusedWith("TOKEN_REVOKED")(await failed), true);
});

test("events keep their order, and a listener that sends does not re-enter the program", async () => {
  const { session } = await open();
  const versions = [];
  session.addEventListener("operation", ({ detail }) => {
    versions.push(detail.version);
    if (detail.version === 1) void session.send({ again: true });
  });
  for (const version of [1, 2, 3]) program.emit("operation", { version });
  const [[kind, text]] = await program.next();
  assert.deepEqual([kind, JSON.parse(text).op], ["send", { again: true }]);
  assert.deepEqual(versions, [1, 2, 3]);
});

test("send settles by its id; what nobody looks at does no harm", async () => {
  const { session, start } = await open();
  await start();
  const [a, b] = [session.send({ n: 1 }), session.send([2])];
  void session.send("ignored");
  const ids = (await program.next(3)).map(([, text]) => JSON.parse(text).id);
  program.call("unsent", { id: ids[0], error: { code: "INSUFFICIENT_PERMISSIONS", message: "no", recoverable: false, action: "stop" } });
  program.call("sent", { id: ids[1], version: 12 });
  assert.deepEqual(await b, { version: 12 });
  await assert.rejects(a, refusedWith("INSUFFICIENT_PERMISSIONS"));
  await assert.rejects(session.send(undefined), refusedWith("INVALID_ARGUMENT"));
  await assert.rejects(session.send(1n), refusedWith("INVALID_ARGUMENT"));
  const closing = session.close();
  program.call("closed");
  await closing;
  assert.equal(session.state, "closed");
  await assert.rejects(session.send(1), refusedWith("CLOSED"));
  session.presence({});
  session.refresh();
});

test("a session that has ended of itself leaves nothing in the page", async () => {
  const { session, start } = await open();
  await start();
  program.emit("state", { state: "closed" }, { state: "closed" });
  assert.deepEqual(await program.next(), [["close", ""]]);
  program.call("closed");
  assert.equal(getEventListeners(env.window, "online").length, 0);
  await session.close();
});

test("what the sessions of a scope share starts before the first of them, has a lock and a channel of its own, and ends after the last", async () => {
  const heard = [];
  fakeModule.shared.receive = (kind, text, id) => heard.push([id, kind, text && JSON.parse(text)]);
  try {
    navigator.locks.request("holdfast.v1/wss%3A%2F%2Fapp.example%2Fb/documents/x", {}, () => new Promise(() => {}));
    const one = await open(), two = await open({ document: "notes" });
    const [first, second] = programs;
    await Promise.all([one.start(), two.start()]);
    const other = await open({ url: "/b" }), third = program;
    const [facts, ...more] = heard.map(([, kind, fact]) => [kind, fact]);
    assert.deepEqual(facts, ["start_share", {
      url: "wss://app.example", page_id: facts[1].page_id, locks: true, others: false, scope: "holdfast.v1/wss%3A%2F%2Fapp.example/token",
      channel: true, visible: true, online: true,
    }]);
    assert.deepEqual(more.map(([kind, { others, scope }]) => [kind, others, scope]), [["start_share", true, "holdfast.v1/wss%3A%2F%2Fapp.example%2Fb/token"]]);
    heard.splice(0);
    for (const [{ session }, of] of [[other, third], [one, first], [two, second]]) {
      void session.close();
      of.call("closed");
      await new Promise((resolve) => setTimeout(resolve));
    }
    assert.deepEqual(heard.map(([, kind]) => kind), ["close"], "the other server's; with the last session all ends");
  } finally {
    fakeModule.shared.receive = () => {};
  }
});

test("the lock: granted, withdrawn, released at once, stolen", async () => {
  const one = await open();
  const first = program;
  await one.start();
  first.call("lock", "L");
  assert.deepEqual(await first.next(), [["lock_granted", ""]]);
  const two = await open();
  const second = program;
  await two.start();
  second.call("lock", "L");
  second.call("unlock");
  second.call("lock", "L");
  assert.deepEqual((await navigator.locks.query()).pending, [{ name: "L" }], "the withdrawn request has left the queue");
  first.answers.freeze = () => first.host.call("unlock", "");
  env.fire("freeze");
  assert.deepEqual(await second.next(2), [["freeze", ""], ["lock_granted", ""]]);
  first.call("steal", "L");
  assert.deepEqual(await second.next(), [["lock_lost", ""]]);
  assert.deepEqual(await first.next(2), [["freeze", ""], ["lock_granted", ""]], "and no lock_lost for what it gave up itself");
});

test("a lock that is granted after it was withdrawn is let go again", async () => {
  const { start } = await open();
  await start();
  let grant;
  navigator.locks.request = (name, options, run) => new Promise(() => (grant = run));
  program.call("lock", "L");
  program.call("unlock");
  assert.equal(grant({ name: "L" }), undefined);
  assert.equal(program.received.length, 1);
});

test("the channel carries text only, and is closed while the page is away", async () => {
  const { start } = await open();
  const { scope } = await start();
  const other = new BroadcastChannel(scope);
  other.postMessage({ type: "tab_register" });
  other.postMessage("hello");
  assert.deepEqual(await program.next(), [["message", "hello"]]);
  program.answers.pagehide = () => program.host.call("post", "bye");
  const heard = [];
  const late = new Promise((resolve) => (other.onmessage = ({ data }) => heard.push(data) === 2 && resolve()));
  env.fire("pagehide", { persisted: true });
  assert.equal(program.received.length, program.seen, "the visibilitychange that follows is the last event");
  env.page.visibilityState = "hidden";
  env.fire("visibilitychange");
  program.call("post", "what the app sends afterwards");
  await late;
  assert.deepEqual(heard, ["bye", "what the app sends afterwards"]);
  other.postMessage("while away");
  env.fire("pageshow", { persisted: false });
  env.fire("pageshow", { persisted: true });
  other.postMessage("back");
  assert.deepEqual(await program.next(4), [["hidden", ""], ["pagehide", ""], ["pageshow", "persisted"], ["message", "back"]]);
  other.close();
});

test("one timer; the page's life is reported", async () => {
  const { start } = await open();
  await start();
  program.call("timer", "60000");
  program.call("timer", "0");
  assert.deepEqual(await program.next(), [["timer", ""]]);
  program.call("timer", "1");
  program.call("timer", "");
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(program.received.length, program.seen, "no timer that was cancelled");
  env.page.visibilityState = "hidden";
  for (const type of ["visibilitychange", "freeze", "resume", "offline", "online"]) env.fire(type);
  assert.deepEqual((await program.next(5)).map(([kind]) => kind), ["hidden", "freeze", "resume", "offline", "online"]);
  program.call("closed");
  env.fire("online");
  assert.equal(program.received.length, program.seen, "nothing after closed");
  assert.deepEqual(getEventListeners(env.page, "freeze"), []);
});

test("what is not stored yet is counted, reported once a task, and asked about before the page is left", async () => {
  const { session, start } = await open({ warnUnsent: true });
  await start();
  const counts = [];
  session.addEventListener("unsent", ({ detail }) => counts.push(detail.count));
  const leave = () => !env.fire("beforeunload");
  const task = () => new Promise((resolve) => setTimeout(resolve));
  assert.equal(leave(), false);
  session.send(1);
  session.send(2);
  assert.equal(session.unsent, 2);
  assert.deepEqual(counts, []);
  await task();
  assert.equal(leave(), true);
  const ids = (await program.next(2)).map(([, text]) => JSON.parse(text).id);
  for (const id of ids) program.call("sent", { id, version: 1 });
  await task();
  assert.equal(session.unsent, 0);
  assert.equal(leave(), false);
  session.send(3);
  await task();
  program.call("closed");
  await task();
  assert.deepEqual(counts, [2, 0, 1, 0]);
  assert.equal(leave(), false);

  const { session: quiet, start: begin } = await open();
  await begin();
  quiet.send(1);
  await task();
  assert.equal(leave(), false, "only where the app wants it");
});

test("signOut calls logout once, and says if the sign-in may still stand", async () => {
  let calls = 0;
  const one = await open({ logout: async () => void calls++ });
  await one.start();
  const out = Promise.all([one.session.signOut(), one.session.signOut()]);
  program.call("closed");
  await out;
  assert.equal(calls, 1);
  const two = await open({ logout: () => { throw new Error("HTTP 503"); } });
  await two.start();
  const refused = two.session.signOut();
  program.call("closed");
  await assert.rejects(refused, (error) => error instanceof HoldfastError && error.recoverable && error.cause.message === "HTTP 503");
  assert.equal(two.session.state, "closed", "it is left all the same");
  const three = await open();
  await three.start();
  const left = three.session.close();
  program.call("closed");
  await left;
  assert.equal(calls, 1, "close leaves this tab alone, and signs nobody out");
});

test("a socket that cannot be made is one that closes", async () => {
  await open();
  const real = globalThis.WebSocket;
  globalThis.WebSocket = class { constructor() { throw new DOMException("blocked", "SecurityError"); } };
  try {
    const socket = new program.global.WebSocket("wss://elsewhere.example", ["holdfast.v1"]);
    const [event] = await once(socket, "close");
    assert.equal(event.code, 1006);
  } finally {
    globalThis.WebSocket = real;
  }
});
