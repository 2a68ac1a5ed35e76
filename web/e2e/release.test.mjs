// What make release leaves: packages, what is in them, and sums. Made twice it is the same, and it
// says nothing of the machine. (make reproduce compiles everything again, in another folder.)
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { built } from "./apps.mjs";

const run = promisify(execFile);
const repo = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(dirname(built), "dist");
let unpacked, sums;

const make = async () => {
  await run(process.execPath, [".toolchain/release.mjs", dirname(built)], { cwd: repo });
  return readFile(join(dist, "SHA256SUMS"), "utf8");
};

before(async () => {
  sums = await make();
  unpacked = await mkdtemp(join(tmpdir(), "holdfast-release-"));
  await run("tar", ["xzf", join(dist, "holdfast-0.3.0.tgz"), "-C", unpacked]);
});
after(() => rm(unpacked, { recursive: true, force: true }));

test("it has both packages, their parts and true sums, and is the same again", { timeout: 60_000 }, async () => {
  const names = (await readdir(dist)).sort();
  assert.deepEqual(names, ["SHA256SUMS", "create-holdfast-0.3.0.tgz", "holdfast-0.3.0.cdx.json", "holdfast-0.3.0.tgz"]);
  for (const name of names.slice(1)) {
    const sum = createHash("sha256").update(await readFile(join(dist, name))).digest("hex");
    assert.ok(sums.includes(`${sum}  ${name}\n`), name);
  }
  assert.equal(await make(), sums);
});

test("each part of others is in the bill of materials, and its licence in the package", async () => {
  const { components, metadata, dependencies } = JSON.parse(await readFile(join(dist, "holdfast-0.3.0.cdx.json"), "utf8"));
  const notice = await readFile(join(unpacked, "package/NOTICE"), "utf8");
  const go = await readFile(join(repo, "go.mod"), "utf8");
  const inside = (name) => components.find(({ purl }) => purl.startsWith(name));
  for (const module of ["github.com/golang-jwt/jwt/v5", "github.com/syumai/workers", "github.com/coder/websocket", "github.com/hack-pad/safejs"]) {
    const [, version] = go.match(new RegExp(`${module} (\\S+)`));
    assert.equal(inside(`pkg:golang/${module}@`)?.version, version, module);
    assert.ok(notice.includes(`${module} ${version}`), module);
  }
  assert.ok(inside("pkg:golang/std@"));
  assert.ok(!inside("pkg:golang/github.com/santhosh-tekuri"), "what only tests use is in no package");
  const [root] = dependencies;
  assert.equal(root.ref, metadata.component["bom-ref"]);
  for (const ref of root.dependsOn) assert.ok(components.some((one) => one["bom-ref"] === ref), ref);
});

test("no file of the package names a folder of this machine", async () => {
  for (const entry of await readdir(unpacked, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "latin1");
    for (const folder of [repo.slice(0, -1), homedir(), tmpdir()]) assert.ok(folder.length < 4 || !text.includes(`${folder}/`), `${entry.name} has ${folder}`);
  }
});
