// Checks what a module without a scheduler asks of its host, which has to make the
// call named last, if one is:
//
//	node .toolchain/imports.mjs object.wasm call
//	node .toolchain/imports.mjs front.wasm
//
// One Go instance lives in each Durable Object, another in each isolate of the
// front, and they are entered by synchronous calls only. A module that asks for
// JavaScript values, timers or files would break that rule at run time and on some
// paths only, so it is refused here.
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runtime } from "../edge/worker/runtime.mjs";

const [file, own] = process.argv.slice(2);
const name = basename(file, ".wasm");
const allowed = {
  holdfast: own === undefined ? [] : [own],
  // What the runtime links in whatever a program does. Output goes to the log;
  // there is nothing to seek or close, and the host need only answer "no".
  // What encoding/json and fmt bring along (os: arguments and a clock) is answered, and never asked for.
  wasi_snapshot_preview1: [
    ...["fd_write", "fd_close", "fd_seek", "random_get"],
    ...(own === undefined ? ["clock_time_get", "args_sizes_get", "args_get"] : []),
  ],
};

const { compiler } = JSON.parse(readFileSync(join(dirname(file), "compiler.json"), "utf8"));
// Standard Go's runtime is made for a whole WASI host; what counts is that no JavaScript
// comes in, and that the host has an answer.
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
