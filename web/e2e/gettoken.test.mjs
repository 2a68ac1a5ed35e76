// The app's getToken as the shell calls it: when, how often, and what its answers mean.
import assert from "node:assert/strict";
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

test("getToken runs after the program's call, its answer says to which one, and its failures are told apart", async () => {
  let calls = 0, give;
  const { start } = await open({ getToken: () => (assert.equal(program?.inside ?? false, false), calls++, new Promise((resolve, reject) => (give = { resolve, reject }))) });
  await start();
  const ask = async (to = "-1 7") => {
    program.call("token", to);
    await new Promise((resolve) => setTimeout(resolve));
  };
  await ask("-1 5");
  const late = give;
  await ask("-1 6");
  give.resolve("a.b.c");
  assert.deepEqual(await program.next(), [["token", '{"to":"-1 6","token":"a.b.c"}']]);
  late.resolve("d.e.f");
  assert.deepEqual(await program.next(), [["token", '{"to":"-1 5","token":"d.e.f"}']], "one that hung");
  assert.equal(calls, 2);
  for (const [error, want] of [
    [new HoldfastError({ code: "AUTHENTICATION_FAILED", message: "out", recoverable: false }), { message: "out", code: "AUTHENTICATION_FAILED", final: true, retry_after: 0 }],
    [Object.assign(new Error("busy"), { retryAfter: 500 }), { message: "busy", code: "", final: false, retry_after: 500 }],
    [new Response("", { status: 401 }), { message: "The token service answered with HTTP 401.", code: "", final: true, retry_after: 0 }],
    [new Response("", { status: 503, headers: { "retry-after": "7" } }), { message: "The token service answered with HTTP 503.", code: "", final: false, retry_after: 7000 }],
    [{ message: "out", code: "TOKEN_REVOKED", final: true }, { message: "out", code: "TOKEN_REVOKED", final: true, retry_after: 0 }],
    ["text", { message: "text", code: "", final: false, retry_after: 0 }],
    [null, { message: "null", code: "", final: false, retry_after: 0 }],
  ]) {
    await ask();
    give.reject(error);
    const [[kind, text]] = await program.next();
    assert.deepEqual([kind, JSON.parse(text)], ["token_failed", { to: "-1 7", ...want }]);
  }
  await ask();
  give.resolve({ access_token: "a.b.c" });
  assert.deepEqual((await program.next()).map(([kind, text]) => [kind, JSON.parse(text).final]), [["token_failed", true]]);
  for (const none of [undefined, null, ""]) {
    await ask();
    give.resolve(none);
    assert.deepEqual(await program.next(), [["token", '{"to":"-1 7","token":""}']], "not yet, which the program judges");
  }
});

test("a getToken that hangs is aborted when the program gives it up, and what it answers late is told all the same", async () => {
  const calls = [];
  const { start } = await open({ getToken: ({ signal }) => new Promise((resolve) => calls.push({ signal, resolve })) });
  await start();
  const ask = async (to) => {
    program.call("token", to);
    await new Promise((resolve) => setTimeout(resolve));
  };
  await ask("-1 1");
  assert.equal(calls[0].signal.aborted, false);
  program.call("token_give_up");
  await ask("-1 2");
  assert.deepEqual(calls.map(({ signal }) => signal.aborted), [true, false]);
  calls[0].resolve("old");
  assert.deepEqual(await program.next(), [["token", '{"to":"-1 1","token":"old"}']]);
});

test("getToken is called while the module loads, once for a page, and not where a tab has a token", async () => {
  let calls = 0, loaded;
  const getToken = () => `${++calls}.o.k`;
  const late = { wasm: new Promise((resolve) => (loaded = () => resolve(new Response(emptyModule, { headers: { "content-type": "application/wasm" } })))), getToken };
  const opening = [connect({ document: "a", ...late }), connect({ document: "b", ...late })];
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(calls, 1);
  loaded();
  await Promise.all(opening);
  for (let i = 0; i < 2; i++) program = programs[programs.push(new Program()) - 1];
  const [first] = programs;
  await first.next();
  first.call("token", "-1 1");
  assert.deepEqual(await first.next(), [["token", '{"to":"-1 1","token":"1.o.k"}']]);
  assert.equal(calls, 1, "its first question is answered");
  first.call("token", "-1 1");
  assert.deepEqual(await first.next(), [["token", '{"to":"-1 1","token":"2.o.k"}']]);
  first.call("lock", JSON.parse(first.received[0][1]).scope); // it leads
  await first.next();
  await open({ getToken, document: "c" });
  assert.equal(calls, 2);
});

test("the early call holds the lock of the scope's token, is not made where another page has it, and is any session's answer", async () => {
  const lock = "holdfast.v1/wss%3A%2F%2Fapp.example/token";
  const held = async () => (await navigator.locks.query()).held.some(({ name }) => name === lock);
  let calls = 0, give;
  const getToken = () => (calls++, new Promise((resolve) => (give = resolve)));
  await Promise.all(["a", "b"].map((document) => connect({ document, wasm, getToken })));
  for (let i = 0; i < 2; i++) programs.push(new Program());
  const [, second] = programs;
  await second.next();
  assert.deepEqual([calls, await held()], [1, true]);
  give("a.b.c");
  second.call("token", "-1 1");
  assert.deepEqual(await second.next(), [["token", '{"to":"-1 1","token":"a.b.c"}']]);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([calls, await held()], [1, false]);
  for (const { host } of programs.splice(0)) host.call("closed", "");

  fakePage();
  let release;
  void navigator.locks.request(lock, {}, () => new Promise((resolve) => (release = resolve))); // another page
  await open({ getToken });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(calls, 1);
  release();
});
