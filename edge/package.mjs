// Puts the Worker half into the npm package's folder, beside the browser half:
//
//	node edge/package.mjs --build DIR --package DIR
//
// The Worker is one file of JavaScript and three WebAssembly modules, which every bundler for
// Workers takes along. Commands and migrations are copied: they find each other there as they
// do here. A page's links lead to the pages that come along; a link to anything else is its text.
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { notice, packageOf, parts } from "../.toolchain/parts.mjs";

const here = dirname(fileURLToPath(import.meta.url));

// The package's pages, by what they are here.
const pages = {
	"web/README.md": "README.md",
	"web/EDITORS.md": "EDITORS.md",
	"web/ORIGINS.md": "ORIGINS.md",
	"edge/PACKAGE.md": "WORKER.md",
	"edge/OPERATING.md": "OPERATING.md",
	"edge/VARIABLES.md": "VARIABLES.md",
	"edge/IDENTITY.md": "IDENTITY.md",
	"edge/BACKEND.md": "BACKEND.md",
	"edge/APPS.md": "APPS.md",
	"edge/STORAGE.md": "STORAGE.md",
	"shared/PROTOCOL.md": "PROTOCOL.md",
};

// What a page tells its reader to copy.
const examples = { "edge/events/receiver.mjs": "events/receiver.mjs", "edge/events/receiver.go": "events/receiver.go" };

async function page(name) {
	const text = await readFile(join(here, "..", name), "utf8");
	return text.replace(/\[([^\]\n]*)\]\(([^)\s]+)\)/g, (link, words, target) => {
		if (/^(#|[a-z]+:)/.test(target)) return link;
		const [path, anchor] = target.split(/(?=#)/);
		const from = posix.join(posix.dirname(name), path);
		const there = pages[from] ?? examples[from];
		return there === undefined ? words : `[${words}](${there}${anchor ?? ""})`;
	});
}

/** An esbuild plugin: what was compiled is in the folder `dir`, and the modules are beside the bundle. */
const compiled = (dir) => ({
	name: "compiled",
	setup({ onResolve }) {
		onResolve({ filter: /\/\.build\/current\/\w+\.(wasm|js)$/ }, ({ path }) => {
			const name = path.slice(path.lastIndexOf("/") + 1);
			return name.endsWith(".wasm") ? { path: `./${name}`, external: true } : { path: join(dir, name) };
		});
	},
});

async function workerHalf(dir, out) {
	for (const part of ["worker", "cli", "migrations", "events"]) {
		await rm(join(out, part), { recursive: true, force: true });
		await mkdir(join(out, part), { recursive: true });
	}
	const copied = async (folder) => {
		const names = (await readdir(join(here, folder))).filter((name) => /^\w+\.(mjs|json|sql)$/.test(name));
		return names.map((name) => [join(here, folder, name), `${folder}/${name}`]);
	};
	const copies = [
		...["front.wasm", "http.wasm", "object.wasm"].map((name) => [join(dir, name), `worker/${name}`]),
		...(await copied("cli")),
		...(await copied("migrations")),
		[join(here, "worker/worker.d.ts"), "types/worker.d.ts"],
		[join(here, "admin/openapi.json"), "openapi.json"],
		[join(here, "permissions/openapi.json"), "permissions.openapi.json"],
		...Object.entries(examples).map(([name, to]) => [join(here, "..", name), to]),
	];
	const [{ metafile }] = await Promise.all([
		build({
			metafile: true, absWorkingDir: join(here, ".."), entryPoints: [join(here, "worker/index.mjs")], outfile: join(out, "worker/index.js"), plugins: [compiled(dir)],
			bundle: true, format: "esm", target: "es2022", platform: "neutral", external: ["cloudflare:workers"], legalComments: "none", logLevel: "warning",
		}),
		...copies.map(([from, to]) => cp(from, join(out, to))),
		...Object.entries(pages).map(async ([name, to]) => writeFile(join(out, to), await page(name))),
	]);
	const list = `${out}.bundled.json`; // with what web/build.mjs has found
	const bundled = [...new Set([...JSON.parse(await readFile(list, "utf8")), ...Object.keys(metafile.inputs).map(packageOf).filter(Boolean)])].sort();
	await writeFile(list, JSON.stringify(bundled));
	const { compiler } = JSON.parse(await readFile(join(dir, "compiler.json"), "utf8"));
	await writeFile(join(out, "NOTICE"), notice(await parts(compiler, bundled)));
}

const { values } = parseArgs({ options: { build: { type: "string" }, package: { type: "string" } } });
await workerHalf(resolve(values.build), resolve(values.package));
