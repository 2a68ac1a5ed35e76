// Checks what a module without a scheduler imports from its host. If a call is named last, the
// module has to make that call:
//
//	node .toolchain/imports.mjs object.wasm call
//	node .toolchain/imports.mjs front.wasm
//
// Each Durable Object has one Go instance, each isolate of the front has another, and
// JavaScript enters them by synchronous calls only. A module that imports JavaScript
// values, timers or files would break that rule at run time, and only on some paths. So
// this script refuses it.
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runtime } from "../edge/worker/runtime.mjs";

const [file, own] = process.argv.slice(2);
const name = basename(file, ".wasm");
const allowed = {
  holdfast: own === undefined ? [] : [own],
  // The runtime links these into every program. Output goes to the log; there is nothing
  // to seek or close, so the host only has to answer "no". encoding/json and fmt bring os
  // with them (arguments and a clock): the host has answers, and no program asks.
  wasi_snapshot_preview1: [
    ...["fd_write", "fd_close", "fd_seek", "random_get"],
    ...(own === undefined ? ["clock_time_get", "args_sizes_get", "args_get"] : []),
  ],
};

const { compiler } = JSON.parse(readFileSync(join(dirname(file), "compiler.json"), "utf8"));
// The runtime of standard Go imports a whole WASI host. What matters is that it imports no
// JavaScript, and that the host has an answer.
if (compiler === "go") allowed.wasi_snapshot_preview1 = Object.keys(runtime(() => {}).wasi_snapshot_preview1);
const allows = ({ module, name }) => allowed[module]?.includes(name);
const module = new WebAssembly.Module(readFileSync(file));
const imports = WebAssembly.Module.imports(module);
const strangers = imports.filter((i) => !allows(i));
if (strangers.length > 0) {
  console.error(`holdfast: ${file} asks its host for ${strangers.map((i) => `${i.module}.${i.name}`).join(", ")}: not allowed`);
  process.exit(1);
}
if (own !== undefined && !imports.some((i) => i.module === "holdfast" && i.name === own)) {
  console.error(`holdfast: ${file} never calls its host: is it the ${name} module?`);
  process.exit(1);
}
console.log(`holdfast: the ${name} module asks its host for ${imports.length} functions, all of them allowed`);
