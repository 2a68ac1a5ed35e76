// Builds the web files into one folder, ready to be served:
//
//	node web/build.mjs --mode dev|release --wasm holdfast.wasm --exec wasm_exec.js --out DIR
//
// holdfast.js and its types, holdfast.wasm, and the demo page around them.
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** Turns the compiler's wasm_exec.js into a function of the global object it writes to. */
export function wrapExec(source) {
  // Go's own file names the file system it has just put on the global object
  // without saying where it is.
  const own = source.replace(/(?<![.\w])fs\.writeSync/g, "globalThis.fs.writeSync");
  return `export default function (globalThis) {\n${own}\nreturn globalThis.Go;\n}\n`;
}

/** An esbuild plugin that answers "holdfast:wasm_exec". */
export function wasmExec(path) {
  return {
    name: "wasm_exec",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^holdfast:wasm_exec$/ }, () => ({ path, namespace: "wasm_exec" }));
      onLoad({ filter: /.*/, namespace: "wasm_exec" }, async () => ({ contents: wrapExec(await readFile(path, "utf8")), loader: "js", watchFiles: [path] }));
    },
  };
}

// The demo imports the package as an app does, and gets the file beside it.
const besidePackage = {
  name: "holdfast",
  setup({ onResolve }) {
    onResolve({ filter: /^holdfast$/ }, () => ({ path: "./holdfast.js", external: true }));
  },
};

async function types(out) {
  // The compiler's own starter, found wherever the packages are.
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "--project", join(here, "tsconfig.types.json"), "--outDir", join(out, "types")]);
  // The compiler leaves the sources' own extension in the declarations.
  for (const file of await readdir(join(out, "types"))) {
    const path = join(out, "types", file);
    await writeFile(path, (await readFile(path, "utf8")).replace(/(from "\.\/\w+)\.ts"/g, '$1.js"'));
  }
  await writeFile(join(out, "holdfast.d.ts"), 'export * from "./types/index.js";\n');
}

async function main() {
  const { values } = parseArgs({
    options: { mode: { type: "string", default: "dev" }, wasm: { type: "string" }, exec: { type: "string" }, out: { type: "string" } },
  });
  if (!values.exec || !values.out) throw new Error("usage: build.mjs --mode dev|release --wasm FILE --exec wasm_exec.js --out DIR");
  const release = values.mode === "release";
  const out = resolve(values.out);
  const shared = {
    bundle: true, format: "esm", target: "es2022", platform: "browser", legalComments: "none", logLevel: "warning",
    minify: release, sourcemap: release ? false : "linked", absWorkingDir: here,
  };
  await mkdir(out, { recursive: true });
  await Promise.all([
    build({ ...shared, entryPoints: ["src/index.ts"], outfile: join(out, "holdfast.js"), plugins: [wasmExec(resolve(values.exec))] }),
    build({ ...shared, entryPoints: { demo: "demo/main.ts" }, outdir: out, plugins: [besidePackage] }),
    build({ ...shared, entryPoints: { demo: "demo/demo.css" }, outdir: out }),
    cp(join(here, "demo/index.html"), join(out, "index.html")),
    values.wasm && cp(resolve(values.wasm), join(out, "holdfast.wasm")),
    types(out),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
