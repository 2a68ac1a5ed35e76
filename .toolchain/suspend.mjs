// Says which functions of a module may be on the stack when a goroutine waits:
//
//	node .toolchain/suspend.mjs MODULE.wasm               their names and sizes
//	node .toolchain/suspend.mjs MODULE.wasm NAMELESS.wasm  writes the module without names, prints their numbers
//
// Binaryen's asyncify makes functions suspendable. Left to itself it takes every indirect call for
// one that may suspend, and so instruments nearly all of them. A goroutine waits in one place only,
// the import asyncify.start_unwind. So what may wait is what reaches this import: by calls, and by
// indirect calls of the functions in the table that have the call's type. WebAssembly traps on an
// indirect call of another type, and nothing writes to a table that is neither exported nor imported.
//
// wasmopt.sh has asyncify instrument these functions and no others, so nothing else can be on the
// stack when a goroutine waits. It fails if one of the core's (shared/) is among them: they decide,
// and never wait.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Reads a module of the features that our targets have. What it does not know is an error. */
export function parse(bytes) {
  let at = 8;
  const fail = (what) => {
    throw new Error(`${what} at byte ${at}`);
  };
  const u32 = () => {
    let value = 0, shift = 0;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
      if ((shift += 7) > 63) fail("a number is too long");
    }
  };
  const text = () => {
    const length = u32();
    return bytes.toString("utf8", at, (at += length));
  };
  const list = (read) => Array.from({ length: u32() }, read);
  const limits = () => {
    if (bytes[at++] & 1) u32();
    u32();
  };
  const module = { types: [], functions: [], table: new Set(), exported: new Set() };
  let imported = 0;

  /** Skips the immediates of one instruction. Calls are noted in `into`. Returns what it does to the depth of blocks. */
  const instruction = (into) => {
    const op = bytes[at++];
    if (op >= 0x02 && op <= 0x04) return u32(), 1; // block, loop, if: a type
    if (op === 0x0b) return -1;
    if (op <= 0x01 || op === 0x05 || op === 0x0f || op === 0x1a || op === 0x1b || (op >= 0x45 && op <= 0xc4)) return 0;
    if (op === 0x0c || op === 0x0d || (op >= 0x20 && op <= 0x24)) return u32(), 0; // branches; variables
    if (op === 0x0e) return list(u32), u32(), 0;
    if (op === 0x10) return into.direct.add(u32()), 0;
    if (op === 0x11) return into.indirect.add(u32()), u32(), 0;
    if (op >= 0x28 && op <= 0x3e) return u32(), u32(), 0;
    if (op === 0x3f || op === 0x40 || op === 0x41 || op === 0x42) return u32(), 0;
    if (op === 0x43) return (at += 4), 0;
    if (op === 0x44) return (at += 8), 0;
    if (op === 0xfc) {
      const more = u32();
      if (more <= 7) return 0;
      if (more === 8 || more === 10) return u32(), u32(), 0; // memory.init, memory.copy
      if (more === 9 || more === 11) return u32(), 0; // data.drop, memory.fill
      fail(`an instruction 0xfc ${more} that this script does not know`); // writes to a table among them
    }
    return fail(`an instruction 0x${op.toString(16)} that this script does not know`); // function references among them
  };
  const body = (into) => {
    for (let depth = 1; depth > 0; ) depth += instruction(into);
  };
  const offset = () => body({ direct: new Set(), indirect: new Set() });

  while (at < bytes.length) {
    const from = at, section = bytes[at++], size = u32(), end = at + size;
    if (section === 1) {
      module.types = list(() => {
        if (bytes[at++] !== 0x60) fail("a type that is no function's");
        const params = list(() => bytes[at++]), results = list(() => bytes[at++]);
        return `${params}:${results}`;
      });
    } else if (section === 2) {
      list(() => {
        const from = text(), name = text(), kind = bytes[at++];
        if (kind === 0) module.functions.push({ name: `${from}.${name}`, type: module.types[u32()], direct: new Set(), indirect: new Set(), size: 0, import: `${from}.${name}` });
        else if (kind === 2) limits();
        else if (kind === 3) at += 2;
        else fail("a table is imported: others may write to it");
      });
      imported = module.functions.length;
    } else if (section === 3) {
      list(() => module.functions.push({ name: "", type: module.types[u32()], direct: new Set(), indirect: new Set(), size: 0 }));
    } else if (section === 7) {
      list(() => {
        text();
        const kind = bytes[at++], index = u32();
        if (kind === 0) module.exported.add(index);
        if (kind === 1) fail("a table is exported: others may write to it");
      });
    } else if (section === 9) {
      list(() => {
        if (u32() !== 0) fail("an element segment of a kind that this script does not know");
        offset();
        for (const index of list(u32)) module.table.add(index);
      });
    } else if (section === 10) {
      let index = imported;
      list(() => {
        const size = u32(), over = at + size, one = module.functions[index++];
        list(() => (u32(), at++)); // locals
        body(one);
        one.size = size;
        if (at !== over) fail("a function's code ends elsewhere than it says");
      });
    } else if (section === 0 && text() === "name") {
      module.names = [from, end];
      while (at < end) {
        const kind = bytes[at++], size = u32(), over = at + size;
        if (kind === 1) list(() => (module.functions[u32()].name = text()));
        at = over;
      }
    }
    at = end;
  }
  for (const one of module.functions) one.indirect = new Set([...one.indirect].map((type) => module.types[type]));
  return module;
}

/**
 * Returns the indexes of the functions that may be on the stack when a goroutine waits, each with
 * the one that it calls then. The functions that start a goroutine and go on with one end the
 * unwinding (asyncify.stop_unwind), so their callers never see it.
 */
export function waiting({ functions, table }) {
  const importOf = (name) => functions.findIndex((one) => one.import === `asyncify.${name}`);
  const start = importOf("start_unwind"), stop = importOf("stop_unwind");
  if (start < 0 || stop < 0) throw new Error("the module does not import asyncify.start_unwind and stop_unwind: is it built with the asyncify scheduler?");
  const callers = functions.map(() => []);
  const ofType = new Map();
  for (const index of table) ofType.set(functions[index].type, [...(ofType.get(functions[index].type) ?? []), index]);
  functions.forEach((one, caller) => {
    if (one.direct.has(stop)) return;
    for (const callee of one.direct) callers[callee].push(caller);
    for (const type of one.indirect) for (const callee of ofType.get(type) ?? []) callers[callee].push(caller);
  });
  const found = new Map([[start, undefined]]);
  for (const callee of found.keys()) for (const caller of callers[callee]) if (!found.has(caller)) found.set(caller, callee);
  found.delete(start);
  return found;
}

/** Returns a sentence for each function of `found` that must never wait: those of the packages under shared/. */
export function wrong({ functions }, found) {
  const chain = (at) => (at === undefined || functions[at].import ? [] : [functions[at].name, ...chain(found.get(at))]);
  return [...found.keys()].map(chain).filter(([name]) => /^\(?\*?github\.com\/holdfast-dev\/holdfast\/shared\//.test(name))
    .map((names) => `${names[0]} may be on the stack when a goroutine waits: it calls ${names.slice(1).join(", which calls ")}`);
}

/** Returns the module without the names of its functions: wasm-opt then calls them by their numbers. */
function nameless(bytes, { names }) {
  return Buffer.concat([bytes.subarray(0, names[0]), bytes.subarray(names[1])]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, plain] = process.argv.slice(2);
  const bytes = readFileSync(file), module = parse(bytes), found = waiting(module), mistakes = wrong(module, found);
  if (!module.names) mistakes.push("the module has no names, so nobody can say which of its functions wait");
  for (const mistake of mistakes) console.error(`holdfast: ${mistake}`);
  if (mistakes.length > 0) {
    console.error("holdfast: the core decides and never waits; a function value or an interface of another type keeps the two apart");
    process.exit(1);
  }
  if (plain) {
    writeFileSync(plain, nameless(bytes, module));
    const imports = module.functions.filter((one) => one.import).length;
    console.log([...found.keys()].map((index) => index - imports).sort((a, b) => a - b).join(","));
  } else {
    for (const index of found.keys()) console.log(`${module.functions[index].size} ${module.functions[index].name}`);
  }
}
