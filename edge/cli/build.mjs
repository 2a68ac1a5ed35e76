// What is built before a deployment: an app whose Vite has Cloudflare's plugin. The plugin reads
// the environment from CLOUDFLARE_ENV, and writes the configuration that `wrangler deploy` then
// takes, with the built Worker and page in it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { parsed } from "./signing_key.mjs";
import { Stop } from "./stop.mjs";

/** Builds an app for an environment. It returns false if Vite does not build this project. */
export async function build({ folder }, env) {
	if (!["js", "mjs", "ts", "mts", "cjs", "cts"].some((kind) => existsSync(join(folder, `vite.config.${kind}`)))) return false;
	const script = parsed(readFileSync(join(folder, "package.json"), "utf8"))?.scripts?.build;
	if (script === undefined) throw new Stop(`${join(folder, "package.json")} has no script "build", and Vite builds this app: add "build": "vite build".`);
	const written = join(folder, ".wrangler/deploy/config.json");
	rmSync(written, { force: true }); // of another environment, it may be
	const [command, ...before] = runner(process.env.npm_execpath);
	console.log(`holdfast: ${script}`);
	const child = spawn(command, [...before, "run", "build"], { cwd: folder, stdio: "inherit", env: { ...process.env, CLOUDFLARE_ENV: env ?? "" }, shell: command === "npm" && process.platform === "win32" });
	const code = await once(child, "exit").then(([code]) => code ?? 1, (err) => err.code);
	if (code !== 0) throw new Stop(`the build ended with ${code}: what it printed above says why.`);
	return existsSync(written);
}

/** Who runs a script: the package manager that runs this one, npm if nobody says so. */
function runner(path = "npm") {
	return /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];
}
