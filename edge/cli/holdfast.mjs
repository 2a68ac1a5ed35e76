#!/usr/bin/env node
// The commands of the package `holdfast`. A clone runs the same ones by make.
//
//   holdfast COMMAND [options]
//
// Each command is a file beside this one that exports `run(args)`. A command that cannot go
// on throws a Stop: one sentence that says what is wrong and what to do about it.
import { Stop } from "./stop.mjs";

// What there is, and the sentence that `holdfast help` prints about it.
const commands = {
	dev: "serve an app on this machine, with two accounts to try",
	secrets: "make the secrets of a development server or of a deployment, and rotate them",
	check: "say what is missing or wrong before a deployment",
	deploy: "check, bring the database up to date, and deploy by wrangler",
	account: "make, invite and manage the embedded issuer's accounts",
};

const [name = "help", ...args] = process.argv.slice(2);

function help() {
	console.log("holdfast COMMAND [options]\n");
	for (const [command, text] of Object.entries(commands)) console.log(`  ${command.padEnd(10)} ${text}`);
}

try {
	if (name === "help" || name === "--help") help();
	else if (!Object.hasOwn(commands, name)) throw new Stop(`there is no command "${name}": holdfast help lists them.`);
	else await (await import(`./${name}.mjs`)).run(args);
} catch (err) {
	if (!(err instanceof Stop)) throw err;
	console.error(`holdfast: ${err.message}`);
	process.exitCode = 1;
}
