// What of other people's is in the package: Go modules, both compilers' own libraries, and npm
// packages that a bundle takes in. Each with its version, its licence and the licence's text.
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repo = fileURLToPath(new URL("..", import.meta.url));
const run = async (command, args, env = {}) => (await promisify(execFile)(command, args, { cwd: repo, env: { ...process.env, ...env }, maxBuffer: 1 << 24 })).stdout.trim();

/** The WebAssembly modules: for which system each is compiled, and of which package. */
export const modules = {
  "front.wasm": ["wasip1", "./edge/frontwasm"],
  "http.wasm": ["js", "./edge/httpwasm"],
  "object.wasm": ["wasip1", "./edge/objectwasm"],
  "holdfast.wasm": ["js", "./wasm"],
};

// A licence by words that only its text has.
const licences = {
  "Apache-2.0": /Apache License\s+Version 2\.0/,
  MIT: /Permission is hereby granted, free of charge, to any person obtaining a copy/,
  ISC: /Permission to use, copy, modify, and(\/or)? distribute this software for any\s+purpose with or without fee is hereby granted/,
  "BSD-3-Clause": /Redistribution and use in source and binary forms[^]*Neither the name/,
};

async function licence(dir, name) {
  const file = (await readdir(dir)).find((file) => /^licen[cs]e/i.test(file));
  const text = file && (await readFile(join(dir, file), "utf8")).trim();
  const id = text && Object.keys(licences).find((id) => licences[id].test(text));
  if (!id) throw new Error(`${name} has no licence that is known here: look at it, and add it to .toolchain/parts.mjs`);
  return { licence: id, text };
}

/** Returns the parts. `compiler` is tinygo or go, `bundled` the folders of npm packages that are in a bundle. */
export async function parts(compiler, bundled = []) {
  const all = new Map();
  const add = (part, file) => {
    const one = all.get(part.purl) ?? { ...part, in: [] };
    one.in.push(file);
    all.set(part.purl, one);
  };
  const goVersion = (await run("go", ["env", "GOVERSION"])).slice(2);
  const std = { name: "Go standard library", version: goVersion, purl: `pkg:golang/std@${goVersion}`, dir: await run("go", ["env", "GOROOT"]) };
  const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}";
  for (const [file, [system, source]] of Object.entries(modules)) {
    const list = await run("go", ["list", `-tags=${compiler === "go" ? "" : "tinygo"}`, "-deps", "-f", format, source], { GOOS: system, GOARCH: "wasm" });
    for (const line of new Set(list.split("\n").filter(Boolean))) {
      const [name, version, dir] = line.split("\t");
      add({ name, version, purl: `pkg:golang/${name}@${version}`, dir }, file);
    }
    add(std, file);
    if (compiler !== "go") add(await tinygo(), file);
  }
  for (const dir of bundled) {
    const { name, version } = JSON.parse(await readFile(join(repo, dir, "package.json"), "utf8"));
    add({ name, version, purl: `pkg:npm/${name.replace("@", "%40")}@${version}`, dir: join(repo, dir) }, "index.js");
  }
  const found = await Promise.all([...all.values()].map(async ({ dir, ...part }) => ({ ...part, ...(await licence(dir, part.name)) })));
  return found.sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

async function tinygo() {
  const [, version] = (await run("tinygo", ["version"])).match(/version (\S+)/);
  return { name: "TinyGo", version, purl: `pkg:golang/github.com/tinygo-org/tinygo@v${version}`, dir: join(repo, ".build/toolchain/root") };
}

/** The folder of the npm package that a file is of, undefined for a file of this repository's own. */
export function packageOf(input) {
  const [inside] = input.match(/^(?:\.\.\/)*node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/) ?? [];
  return inside?.replace(/^(\.\.\/)+/, "");
}

/** The page that the package carries, for licences that ask for it. */
export function notice(parts) {
  const one = ({ name, version, licence, in: files, text }) => `${"=".repeat(80)}\n${name} ${version} (${licence}), in ${files.join(", ")}\n\n${text}\n`;
  return `This package contains code of others, in the form in which it was compiled. Each part's licence follows.\n\n${parts.map(one).join("\n")}`;
}
