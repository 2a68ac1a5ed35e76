// Says which functions of a module may be on the stack when a goroutine waits, and checks that the
// module that asyncify makes is right:
//
//	node .toolchain/suspend.mjs MODULE.wasm               their sizes and names
//	node .toolchain/suspend.mjs MODULE.wasm NAMELESS.wasm writes the module without names, prints their numbers
//	node .toolchain/suspend.mjs --made MODULE.wasm ASYNC.wasm [CHECKED.wasm]
//
// Binaryen's asyncify makes functions suspendable. Left to itself it takes every indirect call for
// one that may suspend, and so instruments nearly all of them. A goroutine waits in one place only,
// the import asyncify.start_unwind. So what may wait is what reaches this import: by calls, and by
// indirect calls of the functions in the table that have the call's type. WebAssembly traps on an
// indirect call of another type, and nothing writes to a table that is neither exported nor imported.
//
// wasmopt.sh has asyncify instrument these functions and no others, so nothing else can be on the
// stack when a goroutine waits. It fails if one of the core's (shared/) is among them, for they decide
// and never wait; if one that JavaScript calls is; and if anything in the module is not understood.
//
// --made takes the module before asyncify and after it, and fails unless exactly these functions are
// instrumented. It gives the second its names again, and writes CHECKED.wasm, the same module with checks: each
// other function traps if a goroutine waits or goes on below it. The tests run it (make test-suspend).
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exporting, leb, named, nameless, parse, rewrite } from "./wasm.mjs";

/** The functions that asyncify's runtime gives a module. */
const runtime = (functions) => {
  const index = (name) => functions.findIndex((one) => one.import === `asyncify.${name}`);
  const found = { startUnwind: index("start_unwind"), stopUnwind: index("stop_unwind"), startRewind: index("start_rewind"), stopRewind: index("stop_rewind") };
  if (Object.values(found).some((index) => index < 0)) throw new Error("the module does not import the four functions of asyncify: is it built with its scheduler?");
  return found;
};
const calls = ({ steps }, index) => steps.some((step) => step.call === index);

/**
 * Finds the functions that begin to wait and those where an unwinding ends, which are TinyGo's
 * assembly. The rest stands on what they look like, so another look is an error.
 */
function ends({ functions, table }) {
  const { startUnwind, stopUnwind, startRewind, stopRewind } = runtime(functions);
  const of = new Set([startUnwind, stopUnwind, startRewind, stopRewind]);
  const begin = new Set(), end = new Set();
  functions.forEach((one, index) => {
    const odd = (what) => {
      throw new Error(`${one.name} ${what}: TinyGo's assembly is another than .toolchain/suspend.mjs knows`);
    };
    if (of.has(index) && table.has(index)) odd("may be called indirectly");
    const steps = one.steps.filter((step) => step.global === undefined);
    const mine = steps.filter(({ call }) => of.has(call));
    if (mine.length === 0) return;
    if (calls(one, stopUnwind)) {
      // [start_rewind,] the goroutine's function, stop_unwind, without a way past that.
      const way = steps.slice(0, steps.findIndex(({ call }) => call === stopUnwind));
      const [callee, ...more] = way.filter(({ call }) => call !== startRewind);
      if (more.length > 0 || !callee || callee.control || mine.some(({ call }) => call === startUnwind || call === stopRewind)) odd("does more than to run a goroutine and stop its unwinding");
      if (steps.slice(way.length + 1).some(({ control }) => !control)) odd("calls something when it has stopped the unwinding");
      end.add(index);
    } else if (calls(one, startUnwind)) {
      if (steps.some(({ call, indirect }) => indirect || (call !== undefined && call !== startUnwind && call !== stopRewind))) odd("does more than to start unwinding");
      begin.add(index);
    } else odd("starts or stops a rewinding");
  });
  return { begin, end };
}

/** Returns the indexes of the functions that may be on the stack when a goroutine waits, each with the one that it calls then. */
export function waiting(module) {
  const { functions, table } = module;
  const { begin, end } = ends(module);
  const ofType = new Map();
  for (const index of table) ofType.set(functions[index].type, [...(ofType.get(functions[index].type) ?? []), index]);
  const callers = functions.map(() => new Set());
  functions.forEach(({ steps }, caller) => {
    if (end.has(caller)) return; // its callers never see an unwinding
    for (const { call, indirect } of steps) {
      if (call !== undefined) callers[call].add(caller);
      for (const callee of ofType.get(indirect) ?? []) callers[callee].add(caller);
    }
  });
  const found = new Map([...begin].map((index) => [index, undefined]));
  for (const callee of found.keys()) for (const caller of callers[callee]) if (!found.has(caller)) found.set(caller, callee);
  return found;
}

/** Returns a sentence for each function of `found` that must not wait. */
export function wrong({ functions, called }, found) {
  const chain = (at) => (at === undefined ? [] : [functions[at].name || `function ${at}`, ...chain(found.get(at))]);
  const say = (at, why) => {
    const [name, ...names] = chain(at);
    return `${name} may be on the stack when a goroutine waits, ${why}: it calls ${names.join(", which calls ")}`;
  };
  return [...found.keys()].flatMap((at) => {
    if (called.has(at)) return [say(at, "and JavaScript calls it, which cannot be unwound")];
    if (/^\(?\*?github\.com\/holdfast-dev\/holdfast\/shared\//.test(functions[at].name)) return [say(at, "and is the core's, which decides and never waits")];
    return [];
  });
}

/** Compares asyncify's result (`made`) with what was asked for. Returns a sentence for each mistake, and which functions are instrumented. */
export function compare(before, made) {
  const { begin, end } = ends(before);
  const asked = new Set([...waiting(before).keys()].filter((index) => !begin.has(index)));
  const mistakes = [], plain = [];
  const state = made.functions[made.exports.get("asyncify_get_state")]?.steps[0]?.global;
  const own = before.functions.length - before.imports; // asyncify's own come after them
  const added = made.functions.length - made.imports - own;
  if (state === undefined || added !== 5) throw new Error("asyncify has made another module than .toolchain/suspend.mjs knows");
  for (let i = 0; i < own; i++) {
    const index = before.imports + i, name = before.functions[index].name || `function ${index}`;
    const instrumented = made.functions[made.imports + i].steps.some((step) => step.global === state);
    if (instrumented !== asked.has(index)) mistakes.push(`asyncify has ${instrumented ? "" : "not "}instrumented ${name}`);
    if (!instrumented && !begin.has(index) && !end.has(index)) plain.push(i);
  }
  return { mistakes, plain: new Set(plain), state };
}

/** Returns the module in which each of the functions `plain` traps if a goroutine waits, or goes on, below it. */
export function checked(bytes, made, { plain, state }) {
  const check = Buffer.concat([Buffer.from([0x23]), leb(state), Buffer.from([0x04, 0x40, 0x00, 0x0b])]); // if state, unreachable
  return rewrite(bytes, made, (one, index) => {
    if (!plain.has(index)) return;
    const parts = [bytes.subarray(one.from, one.begin), check];
    let done = one.begin;
    for (const { call, indirect, end } of one.steps) {
      if (call === undefined && indirect === undefined) continue;
      parts.push(bytes.subarray(done, end), check);
      done = end;
    }
    return Buffer.concat([...parts, bytes.subarray(done, one.over)]);
  });
}

function fail(mistakes) {
  for (const mistake of mistakes) console.error(`holdfast: ${mistake}`);
  if (mistakes.length > 0) process.exit(1);
}

function main([file, second, third, fourth]) {
  if (file === "--made") {
    const bytes = readFileSync(third), made = parse(bytes), before = parse(readFileSync(second)), found = compare(before, made);
    fail(found.mistakes);
    const names = before.functions.slice(before.imports).map(({ name }, i) => [made.imports + i, name]);
    writeFileSync(third, named(bytes, made, names));
    if (fourth) writeFileSync(fourth, named(checked(bytes, made, found), {}, names));
    return;
  }
  const bytes = readFileSync(file), module = parse(bytes), found = waiting(module), mistakes = wrong(module, found);
  if (!module.names) mistakes.push("the module has no names, so nobody can say which of its functions wait");
  fail(mistakes);
  if (second) {
    // Without names, wasm-opt calls the functions by their numbers. What the C library exports nobody calls.
    writeFileSync(second, exporting(nameless(bytes, module), module, /^([mc]|re)alloc$|^free$|^fm(in|ax)imumf?$|^__wrap_/));
    console.log([...found.keys()].map((index) => index - module.imports).sort((a, b) => a - b).join(","));
  } else {
    for (const index of found.keys()) console.log(`${module.functions[index].size} ${module.functions[index].name}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    fail([error.message]);
  }
}
