// Reads the command line, asks for what it lacks if there is somebody to ask, makes the app
// and installs its packages.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Stop, make, nameProblem, readyFolder, templates } from "./make.mjs";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

const usage = `npm create holdfast@latest FOLDER [-- options]

  --template NAME   ${templates.join(" or ")}; ${templates[0]} if there is nobody to ask
  --no-install      make the folder, and install nothing
  --holdfast SPEC   another version of the package holdfast, or file:… of a packed one
  --help, --version

Without FOLDER it asks, on a terminal.`;

const options = {
	template: { type: "string" },
	"no-install": { type: "boolean" },
	holdfast: { type: "string", default: version },
	help: { type: "boolean" },
	version: { type: "boolean" },
};

/** Runs the command. What a user can put right ends it with one sentence. */
export async function main(args) {
	try {
		await run(args);
	} catch (err) {
		if (!(err instanceof Stop)) throw err;
		console.error(`create-holdfast: ${err.message}`);
		process.exitCode = 1;
	}
}

async function run(args) {
	const { values, positionals } = read(args);
	if (values.help) return console.log(usage);
	if (values.version) return console.log(version);
	if (values.template !== undefined && !templates.includes(values.template)) throw new Stop(`there is no template "${values.template}": there are ${templates.join(" and ")}.`);
	const { folder, template } = await whatIsMissing(positionals[0], values.template);
	const target = resolve(folder);
	const name = basename(target);
	const problem = nameProblem(name, template);
	if (problem) throw new Stop(problem);
	readyFolder(target);
	const manager = packageManager(process.env.npm_config_user_agent);
	make(target, { name, template, manager, holdfast: spec(values.holdfast) });

	const where = relative("", target);
	const installed = values["no-install"] || (await install(manager, target));
	const next = [
		[command(manager, "dev"), "serves it on this machine, with two accounts to try"],
		[command(manager, "test"), "runs its tests"],
		[command(manager, "deploy"), "puts it on Cloudflare: README.md says what that needs"],
	];
	if (values["no-install"] || !installed) next.unshift([`${manager} install`, ""]);
	if (where) next.unshift([`cd ${/\s/.test(where) ? `"${where}"` : where}`, ""]);
	console.log(`\n${installed ? "Made" : "Made, without its packages,"} ${name} (${template}). Next:\n`);
	for (const [line, why] of next) console.log(`  ${line.padEnd(why && 14)}${why && `  ${why}`}`);
	console.log();
	if (!installed) process.exitCode = 1;
}

function read(args) {
	let parsed;
	try {
		parsed = parseArgs({ args, options, allowPositionals: true });
	} catch (err) {
		throw new Stop(`${err.message.split(". ")[0]}.\n\n${usage}`);
	}
	if (parsed.positionals.length > 1) throw new Stop(`one folder at a time: "${parsed.positionals.join('", "')}" are ${parsed.positionals.length}.`);
	return parsed;
}

async function whatIsMissing(folder, template) {
	if (!process.stdin.isTTY || !process.stdout.isTTY) {
		if (!folder) throw new Stop(`which folder?\n\n${usage}`);
		return { folder, template: template ?? templates[0] };
	}
	if (folder && template) return { folder, template };
	const asking = createInterface({ input: process.stdin, output: process.stdout });
	asking.once("SIGINT", () => process.exit(130));
	try {
		folder ||= (await asking.question("Folder (my-app): ")).trim() || "my-app";
		while (!templates.includes(template)) {
			const answer = (await asking.question(`Template, ${templates.join(" or ")} (${templates[0]}): `)).trim().toLowerCase();
			template = answer ? templates.find((name) => name.startsWith(answer)) : templates[0];
		}
	} finally {
		asking.close();
	}
	return { folder, template };
}

/** A path in `file:…` is seen from here, and not from the new folder. */
function spec(text) {
	return text.startsWith("file:") ? `file:${resolve(text.slice(5))}` : text;
}

/** Returns who runs this: npm says so of itself, and so do the others. */
function packageManager(agent = "") {
	const name = agent.split("/")[0];
	return ["pnpm", "yarn", "bun"].includes(name) ? name : "npm";
}

/** Returns how this package manager runs a script. pnpm has a deploy of its own. */
function command(manager, script) {
	if (manager === "bun" || script === "deploy") return `${manager} run ${script}`;
	return manager === "npm" && script !== "test" ? `npm run ${script}` : `${manager} ${script}`;
}

/** Installs the app's packages. Resolves to whether it could. */
async function install(manager, target) {
	console.log(`Installing the packages with ${manager} …`);
	// Windows starts npm.cmd by a shell only.
	const child = spawn(manager, ["install"], { cwd: target, stdio: "inherit", shell: process.platform === "win32" });
	try {
		const [code] = await once(child, "exit");
		if (code === 0) return true;
		console.error(`create-holdfast: ${manager} install ended with ${code}. The folder is there: run it again in it.`);
	} catch (err) {
		console.error(`create-holdfast: ${manager} could not be started (${err.code}): install it, then run ${manager} install in the folder.`);
	}
	return false;
}
