// The module traps: another is started in its place, once a minute.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
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
  unhandled = [];
  process.on("unhandledRejection", (error) => unhandled.push(error));
  globalThis.fakeModule = fakeModule;
});
beforeEach(() => (env = fakePage()));
afterEach(() => {
  for (const { host } of programs.splice(0)) host?.call("closed", ""); // an open channel keeps the process
});
after(() => assert.deepEqual(unhandled, []));

const traps = {
  "in an event": () => env.fire("online"),
  "in a callback of its own": () => program.go._resume(),
  "by ending": () => program.exit(),
};
const trap = (way) => {
  program.answers.online = () => { throw new WebAssembly.RuntimeError("unreachable"); };
  globalThis.fakeResume = program.answers.online;
  traps[way]();
};
/** The program that starts in the trapped one's place. */
const successor = (of = program) => (program = programs[programs.push(new Program(of)) - 1]);

for (const way of Object.keys(traps)) {
  test(`a program that stops ${way} is started again, and receives what the app waits for by the same names`, async () => {
    const { session, start } = await open();
    const facts = await start();
    program.emit("operation", { version: 1 }, { version: 1, state: "connected", role: "leader" });
    const kept = session.send({ n: 1 });
    const stored = session.send({ n: 2 });
    const asked = (await program.next(2)).map(([kind, text]) => [kind, text]);
    program.call("sent", { id: JSON.parse(asked[1][1]).id, version: 2 });
    program.emit("operation", { version: 2 }, { version: 2 }); // said, and not received by the app yet
    const errors = [];
    session.addEventListener("error", ({ detail }) => errors.push(detail));
    const states = [];
    session.addEventListener("state", ({ detail }) => states.push(detail));
    const old = program;
    trap(way);
    const meanwhile = session.send({ n: 3 });
    if (way !== "by ending") assert.equal(session.version, 2, "what it had said holds");
    const next = successor();
    const [[first, begun], ...rest] = await next.next(3);
    assert.deepEqual(await stored, { version: 2 });
    assert.equal(first, "start");
    assert.deepEqual(JSON.parse(begun), { ...facts, version: 2, again: true }, "the same tab, from the version it has received");
    assert.deepEqual(rest[0], asked[0]);
    assert.deepEqual(JSON.parse(rest[1][1]).op, { n: 3 });
    assert.deepEqual(errors.map(({ code, recoverable, action }) => [code, recoverable, action]), [["WASM_TRAP", true, "reconnect"]]);
    assert.deepEqual(states, [{ state: "reconnecting", reason: "module_restarted" }]);
    assert.equal(session.role, "follower");
    old.call("emit", { type: "state", detail: { state: "closed" }, set: { state: "closed" } });
    next.call("sent", { id: JSON.parse(rest[0][1]).id, version: 3 });
    next.call("sent", { id: JSON.parse(rest[1][1]).id, version: 4 });
    assert.deepEqual(await Promise.all([kept, meanwhile]), [{ version: 3 }, { version: 4 }]);
    assert.equal(session.state, "reconnecting", "the one that stopped is received no more");
  });
}

test("the sessions of a page are of one program; a trap starts it again once for all, and each goes on as itself", async () => {
  const before = fakeModule.starts;
  const sessions = [];
  for (const document of ["a", "b", "a"]) {
    const { session, start } = await open({ document });
    const facts = await start();
    sessions.push({ session, program, facts, pending: session.send(document), asked: (await program.next())[0] });
  }
  assert.equal(fakeModule.starts, before + 1);
  const [a, b] = sessions;
  a.program.call("emit", { type: "state", detail: { state: "connected" }, set: { state: "connected", version: 7 } });
  await Promise.resolve();
  assert.deepEqual([a.session.version, b.session.version], [7, 0], "each receives its own");
  const errors = [];
  for (const { session } of sessions) session.addEventListener("error", ({ detail }) => errors.push(detail.code));
  program = b.program;
  trap("in a callback of its own");
  const joined = connect({ document: "c", getToken: () => "t.o.k", wasm }); // meanwhile
  const heirs = sessions.map((each) => successor(each.program));
  for (const [i, { facts, asked }] of sessions.entries()) {
    const [[first, begun], again] = await heirs[i].next(2);
    assert.deepEqual([first, JSON.parse(begun), again], ["start", { ...facts, ...(i === 0 && { version: 7 }), again: true }, asked]);
  }
  assert.deepEqual(errors, Array(3).fill("WASM_TRAP"));
  assert.equal(fakeModule.starts, before + 2);
  const late = await joined;
  program = programs[programs.push(new Program()) - 1];
  assert.equal((await program.next())[0][0], "start", "who came meanwhile is of the next one");
  assert.equal(fakeModule.starts, before + 2);
  heirs[1].call("sent", { id: JSON.parse(b.asked[1]).id, version: 1 });
  assert.deepEqual(await b.pending, { version: 1 });

  const closing = [...sessions.map(({ session }) => session), late].map((session) => session.close());
  trap("in an event");
  await Promise.all(closing);
  for (const { session, pending } of sessions) {
    assert.equal(session.state, "closed");
    if (session !== b.session) await assert.rejects(pending, refusedWith("CLOSED"));
  }
  assert.deepEqual(errors, Array(6).fill("WASM_TRAP"), "and twice within a minute ends them all");
  await open();
  assert.equal(fakeModule.starts, before + 3, "a later session starts it anew");
});

test("when a page's last session closes, nothing of it is left but what the next one starts", async () => {
  const before = fakeModule.starts;
  const one = await open(), first = program;
  await one.start();
  const two = await open(), second = program;
  await two.start();
  for (const [session, of, more] of [[one.session, first, 2], [two.session, second, 0]]) {
    const closing = session.close();
    of.call("unlock");
    of.call("closed");
    await closing;
    for (const [target, type] of [[env.page, "freeze"], [env.window, "online"]]) assert.equal(getEventListeners(target, type).length, more);
  }
  assert.deepEqual(await navigator.locks.query(), { held: [], pending: [] });
  assert.equal(first.go.exited, true);
  await open();
  assert.equal(fakeModule.starts, before + 2);
});

test("a second trap within a minute is the last: one typed error, and what waited is refused", async () => {
  const { session, start } = await open();
  await start();
  const pending = session.send(1);
  await program.next();
  trap("in an event");
  await successor().next(2);
  const error = received(session, "error");
  const closed = received(session, "state");
  trap("in an event");
  assert.deepEqual([(await error).code, (await error).recoverable], ["WASM_TRAP", false]);
  assert.deepEqual(await closed, { state: "closed" });
  await assert.rejects(pending, refusedWith("CLOSED"));
  await session.close();
});

test("a trap a minute after another is the first again", async (t) => {
  const real = performance.now.bind(performance);
  let later = 0;
  t.mock.method(performance, "now", () => real() + later);
  const { session, start } = await open();
  await start();
  trap("in an event");
  await successor().next();
  later = 61_000;
  trap("in an event");
  await successor().next();
  assert.equal(session.state, "reconnecting");
});

test("leaving while the program is being started again is not forgotten", async () => {
  const { session, start } = await open();
  await start();
  trap("in an event");
  const closing = session.close();
  const next = successor();
  assert.deepEqual((await next.next(2)).map(([kind]) => kind), ["start", "close"]);
  next.call("closed");
  await closing;
});

test("a trap after the session has ended starts nothing, and close() is answered", async () => {
  const { session, start } = await open();
  await start();
  program.emit("state", { state: "closed" }, { state: "closed" });
  await Promise.resolve();
  const errors = [];
  session.addEventListener("error", ({ detail }) => errors.push(detail));
  const closing = session.close();
  trap("in an event");
  const next = successor();
  await closing;
  await session.close();
  assert.equal(next.go, undefined, "no other program is started");
  assert.deepEqual(errors, []);
});
