// Checks what the object module asks of its host:
//
//	node .toolchain/imports.mjs object.wasm
//
// One Go instance lives in each Durable Object and is entered by synchronous
// calls only. A module that asks for JavaScript values, timers or files would
// break that rule at run time and on some paths only, so it is refused here.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const allowed = {
  holdfast: ["call"],
  // What the runtime links in whatever a program does. Output goes to the log;
  // there is nothing to seek or close, and the host need only answer "no".
  wasi_snapshot_preview1: ["fd_write", "fd_close", "fd_seek", "random_get"],
};

const file = process.argv[2];
const { compiler } = JSON.parse(readFileSync(join(dirname(file), "compiler.json"), "utf8"));
// Standard Go's runtime is made for a whole WASI host; what counts is that no JavaScript comes in.
const allows = ({ module, name }) => allowed[module]?.includes(name) || (compiler === "go" && module === "wasi_snapshot_preview1");
const module = new WebAssembly.Module(readFileSync(file));
const imports = WebAssembly.Module.imports(module);
const strangers = imports.filter((i) => !allows(i));
if (strangers.length > 0) {
  console.error(`holdfast: ${file} asks its host for ${strangers.map((i) => `${i.module}.${i.name}`).join(", ")}: not allowed in a Durable Object`);
  process.exit(1);
}
if (!imports.some((i) => i.module === "holdfast" && i.name === "call")) {
  console.error(`holdfast: ${file} never calls its host: is it the object module?`);
  process.exit(1);
}
console.log(`holdfast: the object module asks its host for ${imports.length} functions, all of them allowed`);
