// holdfast deploy: checks, builds what Vite builds, brings the database up to date, and deploys by wrangler.
//
//   holdfast deploy [--env NAME] [--config FILE] [--secrets FILE] [--dry-run] [-- what else wrangler deploy takes]
//
// --secrets brings the secrets in the file along, in the same deployment. --dry-run changes nothing:
// it checks, and lets wrangler build what it would upload.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { check, options, report } from "./check.mjs";
import { Stop } from "./stop.mjs";
import { wrangler } from "./wrangler.mjs";

export async function run(args) {
	const end = args.indexOf("--");
	const more = end < 0 ? [] : args.slice(end + 1);
	let given;
	try {
		given = parseArgs({ args: end < 0 ? args : args.slice(0, end), options: { ...options, "dry-run": { type: "boolean" } } }).values;
	} catch (err) {
		throw new Stop(`${err.message}. Usage: holdfast deploy [--env NAME] [--config FILE] [--secrets FILE] [--dry-run] [-- options of wrangler deploy]`);
	}
	const found = await check(given);
	report(found);
	const { config, project } = found;
	// Whoever writes it behind the --, for wrangler, means no less by it.
	const dry = given["dry-run"] || more.some((word) => word === "--dry-run" || word === "--dry-run=true");
	const rest = more.filter((word) => !dry || !word.startsWith("--dry-run"));
	const where = ["--config", project.file, ...(config.definedEnvironments?.length > 0 ? [`--env=${given.env ?? ""}`] : [])];
	const built = await build(project, given.env);
	// The environment is in what was built, and wrangler wants no other word for it.
	if (built) delete process.env.CLOUDFLARE_ENV;
	// Migrations only add, so the Worker that still runs works with them, and the new one does not without.
	if (!dry) await step(project, ["d1", "migrations", "apply", "DB", "--remote", ...where]);
	const brought = given.secrets === undefined ? [] : ["--secrets-file", resolve(given.secrets)];
	await step(project, ["deploy", ...(built ? [] : where), ...brought, ...(dry ? ["--dry-run"] : []), ...rest]);
}

async function step(project, args) {
	console.log(`holdfast: wrangler ${args.slice(0, 3).join(" ")}`);
	const { code } = await wrangler(project, args);
	if (code !== 0) throw new Stop(`wrangler ended with ${code}: what it printed above says why.`);
}
