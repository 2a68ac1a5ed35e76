// Which secrets a deployment has. Nobody can read their values back, so only names are compared.
import { embedded } from "./check_meaning.mjs";
import { json, read } from "./secret_file.mjs";
import { parsed, publicHalf } from "./signing_key.mjs";
import { Stop } from "./stop.mjs";
import { wrangler } from "./wrangler.mjs";

const bring = "holdfast secrets --json secrets.json makes it, and --secrets secrets.json brings it along";

/** The fewest characters of a secret: 32 random bytes are 43 in base64. */
const shortest = 32;

/**
 * Reports on the secrets that are there already or come from a file with the deployment. Only
 * an account can say which are there: without one that is a note, for nothing was checked.
 */
export async function checkSecrets(config, project, { env, secrets: file }, stops, notes) {
	const names = new Set();
	if (file !== undefined) for (const name of fromFile(file, stops)) names.add(name);
	const listed = await deployed(config, project, env);
	if (listed.names === undefined) notes(`which secrets the deployment has could not be asked (${listed.why}).`);
	else for (const name of listed.names) names.add(name);
	const known = file !== undefined || listed.names !== undefined;
	if (known) {
		if (embedded(config) && !names.has("SIGNING_KEY")) stops(`the secret SIGNING_KEY is missing, so nobody can sign in: ${bring}.`);
		if (!names.has("ADMIN_TOKEN")) stops(`the secret ADMIN_TOKEN is missing, so nobody can revoke a user or make an account: ${bring}.`);
		if (!names.has("APP_SESSION_SECRET")) notes("there is no APP_SESSION_SECRET: apps are refused.");
		if (!names.has("GUEST_SECRET")) notes("there is no GUEST_SECRET: there are no links for guests.");
		if ((config.vars.PERMISSIONS_URL ?? "") !== "" && !names.has("PERMISSIONS_TOKEN")) notes("there is no PERMISSIONS_TOKEN: your permission service cannot tell who asks.");
		if ((config.vars.EVENTS_URL ?? "") !== "" && !names.has("EVENTS_SECRET")) stops(`EVENTS_URL is set and the secret EVENTS_SECRET is missing, so nothing would be sent: ${bring}.`);
		if ((config.vars.PERMISSIONS_URL ?? "") !== "" && !names.has("WEBHOOK_SECRET")) notes("there is no WEBHOOK_SECRET: your permission service cannot report changes, which count only when the cached answer is old.");
	}
	const count = Object.keys(config.vars).length + names.size;
	if (count > 128) stops(`there are ${count} variables and secrets: a Worker may have 128. Leave out those that are as by default.`);
	else if (count > 64) notes(`there are ${count} variables and secrets: on the free plan a Worker may have 64.`);
}

function fromFile(file, stops) {
	const text = read(file);
	if (text === undefined) throw new Stop(`there is no ${file}: holdfast secrets --json ${file} makes it.`);
	const values = json.values(text);
	if ("SIGNING_KEY" in values && publicHalf(parsed(values.SIGNING_KEY)) === undefined) stops(`SIGNING_KEY in ${file} is no RSA key that can be used: holdfast secrets makes one.`);
	for (const name of ["ADMIN_TOKEN", "APP_SESSION_SECRET", "WEBHOOK_SECRET", "GUEST_SECRET", "EVENTS_SECRET"]) {
		// Several of one kind are separated by spaces or commas, and an operator's name may stand before a token.
		const weak = String(values[name] ?? "").split(/[\s,]+/).some((word) => word !== "" && word.slice(word.lastIndexOf(":") + 1).length < shortest);
		if (weak) stops(`${name} in ${file} can be guessed: it has fewer than ${shortest} characters. holdfast secrets makes one.`);
	}
	return Object.keys(values).filter((name) => values[name] !== null && values[name] !== "");
}

/** Returns the names of the secrets that the deployed Worker has; none if there is no Worker yet. */
async function deployed(config, project, env) {
	const { code, out, errors } = await wrangler(project, ["secret", "list", "--format", "json", "--config", project.file, ...(config.definedEnvironments?.length > 0 ? [`--env=${env ?? ""}`] : [])], { quiet: true });
	const list = code === 0 ? parsed(out.slice(out.indexOf("["))) : undefined;
	if (Array.isArray(list)) return { names: list.map(({ name }) => name) };
	const said = `${errors}\n${out}`;
	if (/not found|does not exist|10007/i.test(said)) return { names: [] };
	if (/CLOUDFLARE_API_TOKEN|not logged in|not authenticated|wrangler login/i.test(said)) return { why: "wrangler is not signed in to an account" };
	return { why: said.split("\n").map((line) => line.replace(/^\W+/, "").trim()).find((line) => line !== "")?.slice(0, 200) ?? "wrangler failed" };
}
