// The wrangler of the project that a command runs in: its reader of configurations, and its
// commands. Holdfast brings none of its own, so the version is the project's choice.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Stop } from "./stop.mjs";

/** Returns the project's wrangler for a configuration, which is one of the usual files if none is named. */
export function project(config, folder = process.cwd()) {
	const file = config === undefined ? ["wrangler.json", "wrangler.jsonc", "wrangler.toml"].map((name) => join(folder, name)).find(existsSync) : resolve(folder, config);
	if (file === undefined || !existsSync(file)) throw new Stop(`there is no ${config ?? "wrangler.jsonc or wrangler.toml"} in ${folder}: run this where it is, or name it with --config.`);
	const require = createRequire(join(dirname(file), "package.json"));
	const at = (what) => {
		try {
			return require.resolve(what);
		} catch {
			throw new Stop("wrangler is not installed here: npm install --save-dev wrangler.");
		}
	};
	return { file, folder: dirname(file), library: at("wrangler"), program: join(dirname(at("wrangler/package.json")), "bin/wrangler.js") };
}

/** Returns what the configuration says for an environment, after inheritance. */
export async function settings({ file, library }, env) {
	const { unstable_readConfig: readConfig } = await import(pathToFileURL(library));
	let config;
	try {
		config = readConfig({ config: file, env: env ?? "" }, { hideWarnings: true });
	} catch (err) {
		throw new Stop(`${file} cannot be used: ${err.message}`);
	}
	// wrangler only warns, and deploys what stands outside of all environments.
	if (env && !config.definedEnvironments?.includes(env)) throw new Stop(`${file} has no [env.${env}].`);
	return config;
}

/**
 * Runs a wrangler command. It resolves to the exit code and, unless the command speaks to the
 * terminal itself, to what it printed. Such a command asks nothing: nobody would see the question.
 */
export function wrangler({ folder, program }, args, { quiet = false } = {}) {
	const child = spawn(process.execPath, [program, ...args], {
		cwd: folder,
		stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
		env: quiet ? { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" } : process.env,
	});
	let out = "", errors = "";
	child.stdout?.on("data", (text) => (out += text));
	child.stderr?.on("data", (text) => (errors += text));
	return new Promise((done, fail) => {
		child.on("error", fail);
		child.on("close", (code) => done({ code: code ?? 1, out, errors }));
	});
}
