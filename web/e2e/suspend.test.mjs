// .toolchain/suspend.mjs on small modules that look like TinyGo's: what may wait is found, what cannot be
// understood fails, and a checked module traps where a function that is not suspendable is suspended.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checked, compare, waiting, wrong } from "../../.toolchain/suspend.mjs";
import { nameless, parse } from "../../.toolchain/wasm.mjs";

const dir = mkdtempSync(join(tmpdir(), "holdfast-suspend-"));
after(() => rmSync(dir, { recursive: true }));
const wasmopt = process.env.WASMOPT || "wasm-opt";
const skip = spawnSync(wasmopt, ["--version"]).error ? "COMPILER=go needs no wasm-opt, and it is not here" : false;
let files = 0;
const file = (bytes = "") => {
  const path = join(dir, `${++files}`);
  writeFileSync(path, bytes);
  return path;
};
/** Runs wasm-opt on a text or a module, and returns a module with names. */
const opt = (given, ...args) => {
  const [from, to] = [file(given), file()];
  execFileSync(wasmopt, [...args, "-g", from, "-o", to], { stdio: ["ignore", "ignore", "pipe"] });
  return readFileSync(to);
};

// Go's side of TinyGo 0.42: its assembly with the memory's variables as the module's, one goroutine, whose function is 0 in
// the table, and what it does. 16 is where asyncify saves a stack, from 64 to 1024.
const unwind = `(func $tinygo_unwind (param i32)
  (if (global.get $rewinding) (then (call $stop_rewind) (global.set $rewinding (i32.const 0))) (else (call $start_unwind (local.get 0)))))`;
const launch = `(func $tinygo_launch (param i32) (call_indirect (type $entry) (local.get 0) (local.get 0)) (call $stop_unwind) (return))`;
const rewind = `(func $tinygo_rewind (param i32) (global.set $rewinding (i32.const 1)) (call $start_rewind (i32.const 16))
  (call_indirect (type $entry) (local.get 0) (local.get 0)) (call $stop_unwind))`;
const goroutine = `(func $goroutine (param i32) (call $host (i32.const 1)) (call $middle) (call $host (i32.const 4)))`;
const middle = `(func $middle (local i32) (local.set 0 (i32.const 3)) (call $wait) (call $host (local.get 0)))`;
const module = ({ types = "", imports = "", table = "(table 4 4 funcref) (elem (i32.const 0) $goroutine)", runtime = [unwind, launch, rewind], parts = [goroutine, middle], more = "" } = {}) => `(module
  (type $entry (func (param i32))) ${types}
  (import "asyncify" "start_unwind" (func $start_unwind (param i32)))
  (import "asyncify" "stop_unwind" (func $stop_unwind))
  (import "asyncify" "start_rewind" (func $start_rewind (param i32)))
  (import "asyncify" "stop_rewind" (func $stop_rewind))
  (import "page" "call" (func $host (param i32))) ${imports}
  (memory 1) ${table}
  (global $rewinding (mut i32) (i32.const 0))
  ${runtime.join("\n")}
  (func $wait (call $tinygo_unwind (i32.const 16)))
  ${parts.join("\n")} ${more}
  (func $start (export "start") (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 1024)) (call $tinygo_launch (i32.const 0)))
  (func $wake (export "wake") (call $tinygo_rewind (i32.const 0))))`;

const waits = (module) => [...waiting(module).keys()].map((index) => module.functions[index].name).sort();
const named = (text, ...features) => parse(opt(text, ...features));
/** Has asyncify instrument these functions, as wasmopt.sh has it. */
const asyncify = (bytes, names) => {
  const before = parse(bytes);
  const numbers = names.map((name) => before.functions.findIndex((one) => one.name === name) - before.imports);
  return opt(nameless(bytes, before), "--pass-arg=asyncify-ignore-imports", `--pass-arg=asyncify-onlylist@${numbers}`, "--optimize-level=2", "--shrink-level=2", "--asyncify");
};
/** Starts a module with a host that notes its calls, and answers some of them. */
const run = (bytes, answers = {}) => {
  const said = [];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { page: { call: (what) => (said.push(what), answers[what]?.(exports)) } });
  return { said, exports };
};
const all = ["goroutine", "middle", "tinygo_unwind", "wait"];

test("what calls, directly, what waits may wait; what runs a goroutine, and what JavaScript calls, may not", { skip }, () => {
  assert.deepEqual(waits(named(module())), all);
});

test("an indirect call may wait if a function of its type in the table may, and only then", { skip }, () => {
  const types = "(type $t (func (param i64))) (type $u (func (param f32))) (type $same (func (param i64)))";
  const more = `(func $waits (type $t) (call $wait)) (func $elsewhere (type $u) (call $wait)) (func $calm (type $u))
    (func $byType (call_indirect (type $same) (i64.const 0) (i32.const 1)))
    (func $otherType (call_indirect (type $u) (f32.const 0) (i32.const 2)))
    (func $above (call $byType)) (func $calls (call $otherType))`;
  const table = "(table 4 4 funcref) (elem (i32.const 0) $goroutine $waits $calm)"; // elsewhere is in no table
  assert.deepEqual(waits(named(module({ types, table, more }))), [...all, "above", "byType", "elsewhere", "waits"].sort());
});

test("a function that only the table names is found, however far from the call", { skip }, () => {
  const types = "(type $closure (func (param i32 i32)))";
  const parts = [goroutine, "(func $middle (call $invoke))", "(func $invoke (call_indirect (type $closure) (i32.const 0) (i32.const 0) (i32.const 3)))",
    "(func $closure (type $closure) (call $deep))", "(func $deep (call $wait))"];
  const found = named(module({ types, parts, table: "(table 4 4 funcref) (elem (i32.const 0) $goroutine) (elem (i32.const 3) $closure)" }));
  assert.deepEqual(waits(found), [...all, "closure", "deep", "invoke"].sort());
});

test("a function that JavaScript calls must not wait: nothing unwinds JavaScript", { skip }, () => {
  const found = named(module({ more: '(func $event (export "event") (call $middle))' }));
  assert.match(wrong(found, waiting(found)).join(), /^event may be on the stack .* JavaScript calls it.* it calls middle, which calls wait, which calls tinygo_unwind$/);
  const start = named(module({ more: "(func $boot (call $middle)) (start $boot)" }));
  assert.match(wrong(start, waiting(start)).join(), /^boot may be on the stack/);
});

test("the core must not wait", { skip }, () => {
  const core = "github.com/holdfast-dev/holdfast/shared/client.Step";
  const found = named(module({ parts: [goroutine, `(func $middle (call $${core}))`, `(func $${core} (call $wait))`] }));
  assert.match(wrong(found, waiting(found)).join(), /^github\S+client\.Step may be on the stack when a goroutine waits, and is the core's/);
});

test("the module works with only these functions suspendable, also where a host calls it within a call", { skip }, () => {
  // The host's answer to 1 runs another goroutine, which waits below the first one's call.
  const table = "(table 4 4 funcref) (elem (i32.const 0) $goroutine $second)";
  const more = `(func $second (param i32) (call $host (i32.const 2)) (call $later) (call $host (i32.const 5)))
    (func $later (call $tinygo_unwind (i32.const 1040)))
    (func $outer (call $host (i32.const 9)))
    (func (export "again") (i32.store (i32.const 1040) (i32.const 2048)) (i32.store (i32.const 1044) (i32.const 3072)) (call $tinygo_launch (i32.const 1)))
    (func (export "busy") (call $outer))`;
  const bytes = opt(module({ table, more }));
  const [from, to, check] = [file(bytes), file(), file()];
  execFileSync(fileURLToPath(new URL("../../.toolchain/wasmopt.sh", import.meta.url)), ["--asyncify", "-Oz", "-g", from, "--output", to],
    { env: { ...process.env, REAL_WASMOPT: wasmopt, HOLDFAST_PAGE: "1", HOLDFAST_CHECKED: check } });
  for (const made of [to, check]) {
    const { said, exports } = run(readFileSync(made), { 9: (exports) => exports.again() });
    exports.start();
    assert.deepEqual(said, [1], "it waits");
    exports.busy();
    assert.deepEqual(said, [1, 9, 2], "another waits, and the caller of the host has gone on");
    exports.wake();
    assert.deepEqual(said, [1, 9, 2, 3, 4], "the first has gone on where it was, with its variables");
  }
});

test("asyncify's result is compared: with a function more, or a function less, the build fails", { skip }, () => {
  const bytes = opt(module({ types: "(type $u (func (param f32)))", more: "(func $calm (call_indirect (type $u) (f32.const 0) (i32.const 1)))" })), before = parse(bytes);
  const mistakes = (names) => compare(before, parse(asyncify(bytes, names))).mistakes;
  assert.deepEqual(mistakes(all), []);
  assert.deepEqual(mistakes(all.filter((name) => name !== "middle")), ["asyncify has not instrumented middle"]);
  assert.deepEqual(mistakes([...all, "calm"]), ["asyncify has instrumented calm"]);
});

test("a checked module traps in a function that is suspended, or gone on with, and is not suspendable", { skip }, () => {
  const bytes = opt(module()), before = parse(bytes);
  const build = (names) => {
    const made = asyncify(bytes, names), parsed = parse(made);
    return { plain: made, checked: checked(made, parsed, compare(before, parsed)) };
  };
  const good = run(build(all).checked);
  good.exports.start();
  good.exports.wake();
  assert.deepEqual(good.said, [1, 3, 4]);
  const bad = build(all.filter((name) => name !== "middle"));
  const unnoticed = run(bad.plain);
  unnoticed.exports.start();
  assert.deepEqual(unnoticed.said, [1, 3, 4], "unchecked, it goes on and has not waited");
  const noticed = run(bad.checked);
  assert.throws(() => noticed.exports.start(), WebAssembly.RuntimeError);
  assert.deepEqual(noticed.said, [1]);
});

const odd = {
  "a reference to a function that is called": [["--enable-reference-types", "--enable-typed-function-references", "--enable-gc"],
    { types: "(type $t (func))", more: "(func $calls (param (ref null $t)) (call_ref (local.get 0))) (func $takes (call $calls (ref.func $wait))) (elem declare func $wait)" }],
  "a reference to a function": [["--enable-reference-types"], { more: "(func $takes (drop (ref.func $wait))) (elem declare func $wait)" }],
  "a call in the tail": [["--enable-tail-call"], { more: "(func $tail (return_call $wait))" }],
  "an exception": [["--enable-exception-handling"], { more: "(tag $e) (func $throws (throw $e))" }],
  "a table that code writes to": [["--enable-reference-types"], { more: "(func $writes (param funcref) (table.set 0 (i32.const 1) (local.get 0)))" }],
  "a table that grows": [["--enable-reference-types"], { more: "(func $grows (param funcref) (drop (table.grow 0 (local.get 0) (i32.const 1))))" }],
  "a table that is exported": [[], { table: '(table (export "t") 4 4 funcref) (elem (i32.const 0) $goroutine)' }],
  "a table that is imported": [[], { imports: '(import "page" "t" (table 4 4 funcref))', table: "(elem (i32.const 0) $goroutine)" }],
  "a second table": [["--enable-reference-types"], { table: "(table $a 4 4 funcref) (table $b 4 4 funcref) (elem (table $a) (i32.const 0) func $goroutine) (elem (table $b) (i32.const 0) func $wait)" }],
  "a goroutine that is run with more after it": [[], { runtime: [unwind, launch.replace("(return)", "(call $middle)"), rewind] }],
  "a goroutine whose unwinding is not always stopped": [[], { runtime: [unwind, launch.replace("(call $stop_unwind)", "(if (local.get 0) (then (return))) (call $stop_unwind)"), rewind] }],
  "more than a goroutine above the end of its unwinding": [[], { runtime: [unwind, launch.replace("(call_indirect", "(call $middle) (call_indirect"), rewind] }],
  "work in what begins to unwind": [[], { runtime: [unwind.replace("(call $start_unwind", "(call $host (i32.const 0)) (call $start_unwind"), launch, rewind] }],
  "a rewinding that is begun elsewhere": [[], { more: "(func $other (call $start_rewind (i32.const 16)))" }],
  "a function of asyncify in the table": [[], { table: "(table 4 4 funcref) (elem (i32.const 0) $goroutine $start_unwind)" }],
};
for (const [what, [features, parts]] of Object.entries(odd)) {
  test(`what is not understood fails the build: ${what}`, { skip }, () => {
    const bytes = opt(module(parts), ...features);
    assert.throws(() => waiting(parse(bytes)), /does not know|than \.toolchain\/suspend\.mjs knows|others may write|second table|no function|something else/);
    const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL("../../.toolchain/suspend.mjs", import.meta.url)), file(bytes), file()], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /^holdfast: /);
  });
}

test("a module without names, or of another scheduler, fails the build", { skip }, () => {
  const tool = (bytes) => spawnSync(process.execPath, [fileURLToPath(new URL("../../.toolchain/suspend.mjs", import.meta.url)), file(bytes), file()], { encoding: "utf8" });
  const bytes = opt(module());
  assert.equal(tool(bytes).status, 0);
  assert.match(tool(nameless(bytes, parse(bytes))).stderr, /no names/);
  assert.match(tool(opt("(module (func $nothing))")).stderr, /asyncify/);
});
