// Reads a WebAssembly module of the features that our targets have, as far as suspend.mjs needs it.
// What it does not know is an error: a new compiler's module is read whole, or not at all.
//
//	node .toolchain/wasm.mjs NAMED.wasm NAMELESS.wasm     copies a module without the names of its functions
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Returns the module: its functions, the imported ones first, each with the signature `type`, the
 * `name`, and what it does in order (`steps`); `table`, the indexes of the functions that indirect calls
 * may reach; `called`, the indexes of those that the host calls; `exports` by their names.
 *
 * A step is a call ({ call: index }), an indirect call ({ indirect: signature }), something that decides what
 * comes next ({ control: true }), or a variable of the module ({ global: index }); `end` is where its bytes end.
 */
export function parse(bytes) {
  let at = 8;
  const fail = (what) => {
    throw new Error(`${what}, at byte ${at}`);
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
  const module = { types: [], functions: [], table: new Set(), called: new Set(), exports: new Map(), exported: [], imports: 0 };
  const add = (name, of) => module.functions.push({ name, type: module.types[u32()], steps: [], size: 0, import: of });

  /** Reads one instruction. Returns what it does to the depth of blocks. */
  const instruction = (steps) => {
    const step = (what) => steps.push({ ...what, end: at });
    const op = bytes[at++];
    if (op >= 0x02 && op <= 0x04) return u32(), step({ control: true }), 1; // block, loop, if: a type
    if (op === 0x0b) return -1;
    if (op === 0x00 || op === 0x05 || op === 0x0f) return step({ control: true }), 0; // unreachable, else, return
    if (op === 0x0c || op === 0x0d) return u32(), step({ control: true }), 0;
    if (op === 0x0e) return list(u32), u32(), step({ control: true }), 0;
    if (op === 0x10) return step({ call: u32() }), 0;
    if (op === 0x11) {
      const indirect = module.types[u32()];
      if (u32() !== 0) fail("an indirect call by a second table");
      return step({ indirect }), 0;
    }
    if (op === 0x23 || op === 0x24) return step({ global: u32() }), 0;
    if (op === 0x01 || op === 0x1a || op === 0x1b || (op >= 0x45 && op <= 0xc4)) return 0;
    if (op >= 0x20 && op <= 0x22) return u32(), 0;
    if (op >= 0x28 && op <= 0x3e) return u32(), u32(), 0;
    if (op >= 0x3f && op <= 0x42) return u32(), 0;
    if (op === 0x43) return (at += 4), 0;
    if (op === 0x44) return (at += 8), 0;
    if (op === 0xfc) {
      const more = u32();
      if (more <= 7) return 0;
      if (more === 8 || more === 10) return u32(), u32(), 0; // memory.init, memory.copy
      if (more === 9 || more === 11) return u32(), 0; // data.drop, memory.fill
      fail(`an instruction 0xfc ${more} that .toolchain/wasm.mjs does not know`); // writes to a table among them
    }
    return fail(`an instruction 0x${op.toString(16)} that .toolchain/wasm.mjs does not know`); // function references, tail calls and exceptions among them
  };
  const body = (steps) => {
    for (let depth = 1; depth > 0; ) depth += instruction(steps);
  };
  const constant = () => body([]);

  const sections = {
    1: () => (module.types = list(() => {
      if (bytes[at++] !== 0x60) fail("a type that is no function's");
      const params = list(() => bytes[at++]), results = list(() => bytes[at++]);
      return `${params}:${results}`;
    })),
    2: () => {
      list(() => {
        const of = `${text()}.${text()}`, kind = bytes[at++];
        if (kind === 0) add(of, of);
        else if (kind === 2) limits();
        else if (kind === 3) at += 2;
        else fail("an import that is no function, memory or variable: if it is a table, others may write to it");
      });
      module.imports = module.functions.length;
    },
    3: () => list(() => add("")),
    4: () => {
      const tables = list(() => (bytes[at++] !== 0x70 ? fail("a table of something else than functions") : limits()));
      if (tables.length > 1) fail("a second table");
    },
    5: () => list(limits),
    6: () => list(() => ((at += 2), constant())),
    7: () => list(() => {
      const from = at, name = text(), kind = bytes[at++], index = u32();
      if (kind === 0) module.called.add(index);
      if (kind === 1) fail("a table is exported: others may write to it");
      module.exports.set(name, index);
      module.exported.push({ name, from, end: at });
    }),
    8: () => module.called.add(u32()),
    9: () => list(() => {
      if (u32() !== 0) fail("functions for a table in a form that .toolchain/wasm.mjs does not know");
      constant();
      for (const index of list(u32)) module.table.add(index);
    }),
    10: () => {
      let index = module.imports;
      list(() => {
        const size = u32(), from = at, over = at + size, one = module.functions[index++];
        list(() => (u32(), at++)); // variables
        Object.assign(one, { size, from, begin: at, over });
        body(one.steps);
        if (at !== over) fail("a function's code ends elsewhere than it says");
      });
    },
    11: undefined, // data
    12: undefined, // the number of its segments
  };

  while (at < bytes.length) {
    const from = at, section = bytes[at++], size = u32(), end = at + size;
    if (section === 0) {
      if (text() === "name") {
        module.names = [from, end];
        while (at < end) {
          const kind = bytes[at++], size = u32(), over = at + size;
          if (kind === 1) list(() => (module.functions[u32()].name = text()));
          at = over;
        }
      }
    } else if (!(section in sections)) {
      fail(`a section ${section} that .toolchain/wasm.mjs does not know`);
    } else if (sections[section]) {
      sections[section]();
      if (at !== end) fail(`section ${section} ends elsewhere than it says`);
    }
    if (section === 7) module.exportSection = [from, end];
    if (section === 10) module.code = [from, end];
    at = end;
  }
  return module;
}

/** Returns the module without the names of its functions. */
export function nameless(bytes, { names }) {
  return names ? Buffer.concat([bytes.subarray(0, names[0]), bytes.subarray(names[1])]) : bytes;
}

/** Returns the module without those of its exports whose name `idle` matches. */
export function exporting(bytes, module, idle) {
  const parts = module.exported.filter(({ name }) => !idle.test(name)).map(({ from, end }) => bytes.subarray(from, end));
  const list = Buffer.concat([leb(parts.length), ...parts]);
  const [from, end] = module.exportSection;
  return Buffer.concat([bytes.subarray(0, from), Buffer.from([7]), leb(list.length), list, bytes.subarray(end)]);
}

/** Returns the module with these names: pairs of a function's index and its name. */
export function named(bytes, module, names) {
  const text = (string) => Buffer.concat([leb(Buffer.byteLength(string)), Buffer.from(string)]);
  const list = Buffer.concat([leb(names.length), ...names.flatMap(([index, name]) => [leb(index), text(name)])]);
  const section = Buffer.concat([text("name"), Buffer.from([1]), leb(list.length), list]);
  return Buffer.concat([nameless(bytes, module), Buffer.from([0]), leb(section.length), section]);
}

/** Returns the module with the bytes that `change` returns in place of the code of each function, or as it was if it returns nothing. */
export function rewrite(bytes, module, change) {
  const bodies = module.functions.slice(module.imports).map((one, index) => {
    const body = change(one, index) ?? bytes.subarray(one.from, one.over);
    return Buffer.concat([leb(body.length), body]);
  });
  const code = Buffer.concat([leb(bodies.length), ...bodies]);
  return Buffer.concat([bytes.subarray(0, module.code[0]), Buffer.from([10]), leb(code.length), code, bytes.subarray(module.code[1])]);
}

/** Returns a number as a module has it. */
export function leb(number) {
  const bytes = [];
  do {
    bytes.push((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
    number >>>= 7;
  } while (number);
  return Buffer.from(bytes);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = readFileSync(process.argv[2]);
  writeFileSync(process.argv[3], nameless(bytes, parse(bytes)));
}
