// Builds the web files into one folder, ready to be served:
//
//	node web/build.mjs --mode dev|release --wasm holdfast.wasm --exec wasm_exec.js --out DIR [--demo DIR] [--package DIR]
//
// holdfast.js and its types, holdfast.wasm, and a page that says that the server runs: what a
// deployment serves. Into other folders it writes the same files around the demo page, which only
// a development server shows, and the browser half of the npm package.
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { packageOf } from "../.toolchain/parts.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Turns the compiler's wasm_exec.js into a function of the global object it writes to.
 * TinyGo's programs need neither the file system and process that it puts there for others,
 * nor its checks for what every browser with WebAssembly has: they are left out.
 */
export function wrapExec(source) {
  const unused = /TinyGo/.test(source) ? /\tif \(!globalThis\.(fs|process|crypto|performance|TextEncoder|TextDecoder)\) \{\n[^]*?\n\t\}\n/g : /(?!)/;
  // Go's own file refers to the file system that it has just put on the global object
  // by its bare name.
  const own = source.replace(unused, "").replace(/(?<![.\w])fs\.writeSync/g, "globalThis.fs.writeSync");
  return `export default function (globalThis) {\n${own}\nreturn globalThis.Go;\n}\n`;
}

/** An esbuild plugin that resolves "holdfast:wasm_exec". */
export function wasmExec(path) {
  return {
    name: "wasm_exec",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^holdfast:wasm_exec$/ }, () => ({ path, namespace: "wasm_exec" }));
      onLoad({ filter: /.*/, namespace: "wasm_exec" }, async () => ({ contents: wrapExec(await readFile(path, "utf8")), loader: "js", watchFiles: [path] }));
    },
  };
}

/** An esbuild plugin that resolves "holdfast:wasm": the module as gzip in base64, or "" without one. */
function wasmInside(path) {
  return {
    name: "wasm",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^holdfast:wasm$/ }, () => ({ path: path ?? "none", namespace: "wasm" }));
      onLoad({ filter: /.*/, namespace: "wasm" }, async () => {
        const packed = path ? gzipSync(await readFile(path), { level: 9 }).toString("base64") : "";
        return { contents: `export default "${packed}"`, loader: "js" };
      });
    },
  };
}

/** Leaves imports of these files as they are: the package has each file once, and the errors belong to the core. */
const apart = (names) => ({
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^\\.\\.?/(${names.join("|")})\\.ts$`) }, ({ path }) => ({ path: path.replace("errors", "core").replace(/^\.+(.*)ts$/, ".$1js"), external: true }));
  },
});

// The demo imports the package as an app does. It serves itself only the one file beside it.
const besidePackage = {
  name: "holdfast",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^holdfast$/ }, () => ({ path: "./holdfast.js", external: true }));
    onResolve({ filter: /^holdfast\/(yjs|guest)$/ }, ({ path }) => ({ path: join(here, `src/${path.slice("holdfast/".length)}.ts`) }));
    // The source that the page shows is the one that it is made of.
    onResolve({ filter: /^demo:code$/ }, () => ({ path: join(here, "demo/document.ts"), namespace: "code" }));
    onLoad({ filter: /.*/, namespace: "code" }, async ({ path }) => ({ contents: await readFile(path, "utf8"), loader: "text", watchFiles: [path] }));
  },
};

/** Writes the declarations of the entries and of what they name. */
async function types(out) {
  // The compiler's own starter, wherever the packages are.
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "--project", join(here, "tsconfig.types.json"), "--outDir", out]);
  // The compiler keeps the sources' extension in the declarations.
  for (const file of await readdir(out, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const path = join(out, file);
    await writeFile(path, (await readFile(path, "utf8")).replace(/((?:from |import\()"\.{1,2}(?:\/\w+)+)\.ts"/g, '$1.js"'));
  }
}

/**
 * Writes the browser half of what `npm publish` would upload: one file for each entry, and once
 * what they share. edge/package.mjs adds the Worker half and the pages.
 */
async function npmPackage(out, shared, exec, wasm) {
  await mkdir(out, { recursive: true });
  const plugins = [wasmExec(exec), wasmInside(wasm)];
  const bundle = async (options) => {
    const { metafile } = await build({ ...shared, ...options, metafile: true });
    return Object.keys(metafile.inputs).map(packageOf).filter(Boolean);
  };
  const entry = (name, others, more) => bundle({ ...more, entryPoints: [`src/${name}.ts`], outfile: join(out, `${name}.js`), packages: "external", plugins: [apart(others), ...plugins] });
  const files = Promise.all([
    entry("core", ["offline"]),
    entry("offline", []),
    entry("index", ["core"]),
    entry("inline", ["core"]),
    entry("react", ["core", "index"], { banner: { js: '"use client";' } }), // for a server that renders components of its own
    entry("vue", ["core", "index"]),
    entry("svelte", ["core", "index"]),
    entry("testing", ["core"]),
    entry("guest", ["errors"]),
    entry("yjs", ["core", "errors"]),
    bundle({ entryPoints: ["src/global.ts"], outfile: join(out, "holdfast.global.js"), format: "iife", globalName: "Holdfast", plugins: [apart(["offline"]), ...plugins] }),
  ]);
  await Promise.all([
    types(join(out, "types")),
    wasm && cp(wasm, join(out, "holdfast.wasm")),
    cp(join(here, "package.json"), join(out, "package.json")),
    cp(join(here, "../LICENSE"), join(out, "LICENSE")),
  ]);
  // What of npm's is in the files, for the notices and the bill of materials.
  await writeFile(`${out.replace(/\.new$/, "")}.bundled.json`, JSON.stringify([...new Set((await files).flat())].sort()));
}

async function main() {
  const { values } = parseArgs({
    options: { mode: { type: "string", default: "dev" }, wasm: { type: "string" }, exec: { type: "string" }, out: { type: "string" }, demo: { type: "string" }, package: { type: "string" } },
  });
  if (!values.exec || !values.out) throw new Error("usage: build.mjs --mode dev|release --wasm FILE --exec wasm_exec.js --out DIR [--demo DIR] [--package DIR]");
  const release = values.mode === "release";
  const [out, exec, wasm] = [resolve(values.out), resolve(values.exec), values.wasm && resolve(values.wasm)];
  const shared = {
    bundle: true, format: "esm", target: "es2022", platform: "browser", legalComments: "none", logLevel: "warning",
    minify: release, sourcemap: release ? false : "linked", absWorkingDir: here,
  };
  await mkdir(out, { recursive: true });
  await Promise.all([
    build({ ...shared, entryPoints: ["src/index.ts"], outfile: join(out, "holdfast.js"), plugins: [apart(["offline"]), wasmExec(exec)] }),
    build({ ...shared, entryPoints: ["src/offline.ts"], outfile: join(out, "offline.js") }),
    cp(join(here, "status"), out, { recursive: true }),
    cp(join(here, "../edge/admin/openapi.json"), join(out, "v1/openapi.json")), // no module has to be started for them
    cp(join(here, "../edge/permissions/openapi.json"), join(out, "v1/openapi/permissions.json")),
    wasm && cp(wasm, join(out, "holdfast.wasm")),
    types(join(out, "types")).then(() => writeFile(join(out, "holdfast.d.ts"), 'export * from "./types/index.js";\n')),
    values.package && npmPackage(resolve(values.package), shared, exec, wasm),
  ]);
  if (values.demo) await demoPage(out, resolve(values.demo), shared);
}

/** Writes the demo page, and beside it the files that it imports. */
async function demoPage(from, out, shared) {
  await cp(from, out, { recursive: true });
  await Promise.all([
    build({ ...shared, entryPoints: { demo: "demo/main.ts" }, outdir: out, plugins: [besidePackage] }),
    build({ ...shared, entryPoints: { demo: "demo/demo.css" }, outdir: out }),
    cp(join(here, "demo/index.html"), join(out, "index.html")),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
