// Where the module comes from, as far as JavaScript decides it: what is fetched how often, and
// what each failure is called.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Program, emptyModule, fakeModule, fakePage, importShell } from "./fake.mjs";

let connect, HoldfastError, program, unhandled;
const programs = [];
const wasm = await WebAssembly.compile(emptyModule);

const open = async (options = {}) => {
  const session = await connect({ document: "welcome", getToken: () => "t.o.k", wasm, ...options });
  program = programs[programs.push(new Program()) - 1];
  return { session, start: async () => JSON.parse((await program.next())[0][1]) };
};
const refusedWith = (code) => (error) => error instanceof HoldfastError && error.code === code;

before(async () => {
  ({ connect, HoldfastError } = await importShell());
  unhandled = [];
  process.on("unhandledRejection", (error) => unhandled.push(error));
  globalThis.fakeModule = fakeModule;
});
beforeEach(() => void fakePage());
afterEach(() => {
  for (const { host } of programs.splice(0)) host?.call("closed", ""); // an open channel keeps the process
});
after(() => assert.deepEqual(unhandled, []));

test("each way the module's file can fail has its own code, and a later try may succeed", async (t) => {
  let answer;
  const server = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/holdfast.wasm`;
  const say = (status, type, body) => (answer = (response) => response.writeHead(status, { "content-type": type, connection: "close" }).end(body));
  const load = () => open({ wasm: url });

  say(404, "text/html", "<h1>no</h1>");
  await assert.rejects(load(), (error) => refusedWith("WASM_FETCH")(error) && error.status === 404 && !error.recoverable);
  say(503, "text/plain", "");
  await assert.rejects(load(), (error) => refusedWith("WASM_FETCH")(error) && error.recoverable && error.action === "wait");
  say(200, "text/html", "<!doctype html>");
  await assert.rejects(load(), refusedWith("WASM_INVALID"));
  say(200, "application/wasm", "not wasm");
  await assert.rejects(load(), refusedWith("WASM_INVALID"));
  answer = (response) => response.destroy();
  await assert.rejects(load(), (error) => refusedWith("WASM_FETCH")(error) && error.recoverable);

  const { compile } = WebAssembly;
  WebAssembly.compile = async () => { throw new WebAssembly.CompileError("Refused to compile: 'unsafe-eval' is not an allowed source of script"); };
  say(200, "application/octet-stream", emptyModule);
  await assert.rejects(load(), refusedWith("WASM_BLOCKED_BY_CSP"));
  WebAssembly.compile = compile;
  (await load()).session; // the wrong media type alone is no failure
  say(404, "text/plain", "");
  await load(); // compiled once
});

/** A server for modules: it counts what it is asked, and answers as the test says. */
async function modules(t) {
  const files = { asked: [], answer: undefined };
  const server = createServer((request, response) => {
    files.asked.push(request.headers["cache-control"] ?? "");
    const [status, type, body] = files.answer(request);
    response.writeHead(status, { "content-type": type, connection: "close" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return Object.assign(files, { url: `http://127.0.0.1:${server.address().port}/holdfast.wasm` });
}
const good = () => [200, "application/wasm", emptyModule];
const sha = (bytes) => `sha256-${createHash("sha256").update(bytes).digest("base64")}`;

test("a Response, a promise of one and bytes serve any number of sessions, of one program", async (t) => {
  const files = await modules(t);
  files.answer = good;
  const response = await fetch(files.url);
  for (const wasm of [response, fetch(files.url), emptyModule.slice(), new URL(files.url)]) {
    const before = fakeModule.starts;
    const both = await Promise.all([connect({ document: "a", getToken: () => "", wasm }), connect({ document: "b", getToken: () => "", wasm })]);
    assert.equal(fakeModule.starts, before + 1);
    for (let i = 0; i < 2; i++) programs.push(new Program());
    for (const { host } of programs.splice(0)) host.call("closed", "");
    await Promise.all(both.map((session) => session.close()));
  }
  assert.equal(files.asked.length, 3);
  await assert.rejects(open({ wasm: await fetch(files.url).then(async (read) => (await read.arrayBuffer(), read)) }), refusedWith("INVALID_ARGUMENT"));
});

test("integrity is asked for with each address, and a wrong one harms no other", async (t) => {
  const files = await modules(t);
  files.answer = good;
  await open({ wasm: files.url });
  await assert.rejects(open({ wasm: files.url, integrity: sha("another") }), refusedWith("WASM_INTEGRITY"));
  const [wrong, right] = await Promise.allSettled([connect({ document: "a", getToken: () => "", wasm: `${files.url}?2`, integrity: sha("another") }), open({ wasm: `${files.url}?2`, integrity: sha(emptyModule) })]);
  assert.equal(refusedWith("WASM_INTEGRITY")(wrong.reason), true);
  assert.equal(right.status, "fulfilled");
});

test("a module that does not fit, as from the cache after a deploy, is fetched once more past it", async (t) => {
  const files = await modules(t);
  // It imports something that nobody has.
  const old = new Uint8Array([...emptyModule, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0]);
  files.answer = ({ headers }) => [200, "application/wasm", headers["cache-control"] ? emptyModule : old];
  const both = await Promise.all([connect({ document: "a", getToken: () => "", wasm: files.url }), connect({ document: "b", getToken: () => "", wasm: files.url })]);
  assert.deepEqual(files.asked, ["", "no-cache"]);
  for (let i = 0; i < 2; i++) programs.push(new Program());
  for (const { host } of programs.splice(0)) host.call("closed", "");
  await Promise.all(both.map((session) => session.close()));
  await open({ wasm: files.url });
  assert.equal(files.asked.length, 2);
  files.answer = () => [200, "application/wasm", old];
  await assert.rejects(open({ wasm: `${files.url}?2` }), (error) => refusedWith("WASM_INVALID")(error) && error.cause instanceof WebAssembly.LinkError || error.cause instanceof TypeError);
  assert.equal(files.asked.length, 4);
  await assert.rejects(open({ wasm: `${files.url}?2` }), refusedWith("WASM_INVALID"));
  assert.ok(files.asked.length > 4, "a later connect tries again");
});

test("a module that speaks another way is of another version", async () => {
  fakeModule.version = 1;
  await assert.rejects(open(), refusedWith("WASM_INVALID"));
  fakeModule.version = undefined;
  await open();
});

test("no memory left is an error of its own, which may pass", async (t) => {
  const { instantiate } = WebAssembly;
  t.after(() => (WebAssembly.instantiate = instantiate));
  WebAssembly.instantiate = async () => { throw new RangeError("WebAssembly.instantiate(): Out of memory"); };
  await assert.rejects(open(), (error) => refusedWith("WASM_OUT_OF_MEMORY")(error) && error.recoverable && error.action === "wait");
  WebAssembly.instantiate = instantiate;
  await open();
});

test("a frame without an address of its own has its parent's", async () => {
  for (const [href, baseURI, origin, options, want] of [
    ["about:srcdoc", "https://app.example/notes/", "https://app.example", {}, "wss://app.example"],
    ["about:srcdoc", "https://app.example/notes/", "https://app.example", { url: "../edge" }, "wss://app.example/edge"],
    ["blob:https://app.example/1", "blob:https://app.example/1", "https://app.example", {}, "wss://app.example"],
    ["about:blank", "https://app.example/notes/", "https://app.example", {}, "wss://app.example"],
    ["https://app.example/notes/", "https://cdn.example/", "https://app.example", {}, "wss://app.example"],
  ]) {
    Object.assign(location, { href });
    Object.assign(document, { baseURI });
    globalThis.origin = origin;
    const { start } = await open(options);
    assert.equal((await start()).url, want, href);
  }
  Object.assign(location, { href: "about:srcdoc" });
  Object.assign(document, { baseURI: "about:srcdoc" });
  globalThis.origin = "null";
  await assert.rejects(open(), refusedWith("INVALID_ARGUMENT"));
  delete globalThis.origin;
});
