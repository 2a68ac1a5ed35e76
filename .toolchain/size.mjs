// Prints the sizes of the release build, and fails if one is over budget:
//
//	node .toolchain/size.mjs DIR
//
// A kB is 1000 bytes. A budget names files under DIR, or a folder. Each file is compressed by
// itself, as it is uploaded and served, and the sizes are added up.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dir = process.argv[2];
const budgets = JSON.parse(readFileSync(new URL("budgets.json", import.meta.url), "utf8"));

/** Returns the files that an entry of a budget names, without those that are never uploaded. */
function files(entry) {
  if (!entry.endsWith("/")) return [entry];
  return readdirSync(join(dir, entry), { recursive: true })
    .map((name) => join(entry, name))
    .filter((name) => statSync(join(dir, name)).isFile() && !/(\.map|README\.md|\.built)$/.test(name));
}

function weigh(name) {
  const raw = readFileSync(join(dir, name));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  return { raw: raw.length, gzip: gzipSync(raw, { level: 9 }).length, brotli: brotliCompressSync(raw, { params }).length };
}

const kB = (bytes) => (bytes / 1000).toFixed(1).padStart(9);
let failed = 0;
console.log(`${"".padEnd(38)}      raw     gzip   brotli   budget`);
for (const [title, budget] of Object.entries(budgets)) {
  let sum = { raw: 0, gzip: 0, brotli: 0 };
  try {
    const names = budget.files.flatMap(files);
    if (names.length === 0) throw new Error("nothing there");
    for (const name of names) {
      const one = weigh(name);
      for (const key of Object.keys(sum)) sum[key] += one[key];
    }
  } catch (error) {
    console.log(`${title.padEnd(38)}  not built: ${error.message}`);
    failed++;
    continue;
  }
  const over = sum[budget.as] > budget.kB * 1000;
  if (over) failed++;
  console.log(`${title.padEnd(38)}${kB(sum.raw)}${kB(sum.gzip)}${kB(sum.brotli)}${String(budget.kB).padStart(9)} ${over ? "OVER" : "ok"}`);
}
if (failed > 0) {
  console.error(`holdfast: ${failed} of ${Object.keys(budgets).length} size budgets are not met`);
  process.exitCode = 1;
}
