// holdfast check: says what is missing or wrong before a deployment, all of it at once.
//
//   holdfast check [--env NAME] [--config FILE] [--secrets FILE]
//
// What would make the deployment unsafe or useless stops it; the rest are notes. --secrets
// names the file of secrets that the deployment is to bring along.
import { parseArgs } from "node:util";
import { checkBindings, checkDatabase, checkFiles } from "./check_bindings.mjs";
import { checkMeaning } from "./check_meaning.mjs";
import { checkSecrets } from "./check_secrets.mjs";
import { checkVariables } from "./check_variables.mjs";
import { Stop } from "./stop.mjs";
import { project, settings } from "./wrangler.mjs";

export const options = { env: { type: "string", short: "e" }, config: { type: "string", short: "c" }, secrets: { type: "string" } };

export async function run(args) {
	let given;
	try {
		given = parseArgs({ args, options }).values;
	} catch (err) {
		throw new Stop(`${err.message}. Usage: holdfast check [--env NAME] [--config FILE] [--secrets FILE]`);
	}
	report(await check(given));
	console.log("holdfast: nothing stops a deployment");
}

/** Returns what stops a deployment, what is only worth a note, and the project and configuration that were read. */
export async function check(given) {
	const found = { stops: [], notes: [], project: project(given.config) };
	const stops = (text) => void found.stops.push(text);
	const notes = (text) => void found.notes.push(text);
	const { folder } = found.project;
	const config = (found.config = await settings(found.project, given.env));
	checkBindings(config, stops);
	checkDatabase(config, folder, await otherDatabases(found.project, config), stops);
	checkFiles(config, folder, stops);
	checkVariables(config, stops);
	checkMeaning(config, stops, notes);
	await checkSecrets(config, found.project, given, stops, notes);
	return found;
}

/** Returns the databases of the other environments: whose they are, by their ids. */
async function otherDatabases(at, config) {
	const ids = new Map();
	for (const env of [undefined, ...(config.definedEnvironments ?? [])]) {
		if ((env ?? "") === (config.targetEnvironment ?? "")) continue;
		const other = await settings(at, env);
		for (const { binding, database_id: id } of other.d1_databases) if (binding === "DB") ids.set(id, env === undefined ? "the configuration without an environment" : `[env.${env}]`);
	}
	return ids;
}

/** Prints what was found. It ends the command if anything stops the deployment. */
export function report({ stops, notes }) {
	for (const text of notes) console.error(`note: ${text}`);
	if (stops.length === 0) return;
	for (const text of stops) console.error(`wrong: ${text}`);
	throw new Stop(stops.length === 1 ? "this stops the deployment." : `these ${stops.length} things stop the deployment.`);
}
