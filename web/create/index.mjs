#!/usr/bin/env node
// npm create holdfast@latest my-app
//
// This file is readable for any Node, so that an old one can be told that it is too old.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
	console.error("create-holdfast: this is Node " + process.versions.node + ", and the app's tools need Node 22.12 or newer: see https://nodejs.org");
	process.exitCode = 1;
} else {
	import("./create.mjs").then(function (create) {
		return create.main(process.argv.slice(2));
	});
}
