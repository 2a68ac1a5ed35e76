// What a release consists of, in one folder: the packages as npm uploads them, their parts
// (CycloneDX 1.6), and the sums of all of these.
//
//	node .toolchain/release.mjs BUILD-DIR
//
// Nothing in it says when, where or by whom it was made: two folders give the same bytes.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parts } from "./parts.mjs";

const repo = fileURLToPath(new URL("..", import.meta.url));
const build = resolve(process.argv[2]);
const out = join(build, "dist");

const digest = (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex");

/** Packs a folder, and returns what the bill of materials says of the package. */
async function pack(folder) {
  const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  await promisify(execFile)("npm", ["pack", folder, "--pack-destination", out, "--ignore-scripts", "--silent"], { cwd: repo });
  const bytes = await readFile(join(out, `${about.name}-${about.version}.tgz`));
  return component({ ...about, type: "library", purl: `pkg:npm/${about.name}@${about.version}`, hashes: [{ alg: "SHA-256", content: digest("sha256", bytes) }] });
}

function component({ type = "library", name, version, purl, license, hashes, description }) {
  return { type, "bom-ref": purl, name, version, ...(description && { description }), ...(hashes && { hashes }), licenses: [{ license: { id: license } }], purl };
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { compiler } = JSON.parse(await readFile(join(build, "compiler.json"), "utf8"));
const bundled = JSON.parse(await readFile(join(build, "package.bundled.json"), "utf8"));
const made = [await pack(join(build, "package"))];
if (existsSync(join(repo, "web/create/package.json"))) made.push(await pack(join(repo, "web/create")));
const of = await parts(compiler, bundled);
const [holdfast] = made;
const bill = {
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: { component: holdfast },
  components: [...made.slice(1), ...of.map((part) => ({ ...component({ ...part, license: part.licence }), properties: part.in.map((value) => ({ name: "holdfast:in", value })) }))],
  dependencies: [
    { ref: holdfast["bom-ref"], dependsOn: of.map(({ purl }) => purl) },
    ...[...made.slice(1).map((one) => one["bom-ref"]), ...of.map(({ purl }) => purl)].map((ref) => ({ ref, dependsOn: [] })),
  ],
};
await writeFile(join(out, `holdfast-${holdfast.version}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
const files = (await readdir(out)).sort();
const sums = await Promise.all(files.map(async (name) => `${digest("sha256", await readFile(join(out, name)))}  ${name}\n`));
await writeFile(join(out, "SHA256SUMS"), sums.join(""));
console.log(sums.join("").trimEnd());
