// The built Worker for edge/e2e/program_test.go: an entry before the bundle's own. The program behind
// the HTTP routes traps where it asks about whom the mark names, and what is swept after a sign-in waits
// until it may begin.
//
//   GET /programs   how many were started, and how often one asked for something after it had trapped
//   GET /sweep      what is swept may begin

import worker from "./worker.js";

export * from "./worker.js";

const mark = "trap-here";
const programs = { started: 0, afterwards: 0 };
let open = false;

const decoder = new TextDecoder();
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
	if (imports.holdfast === undefined) return new Instance(module, imports);
	programs.started++;
	let trapped = false;
	const { ask } = imports.holdfast;
	imports.holdfast.ask = (what, n, text, length) => {
		if (trapped) programs.afterwards++;
		const { memory, mem } = instance.exports;
		if (decoder.decode(new Uint8Array((memory ?? mem).buffer, what, n)).includes(mark)) {
			trapped = true;
			throw new WebAssembly.RuntimeError("unreachable");
		}
		return ask(what, n, text, length);
	};
	const instance = new Instance(module, imports);
	return instance;
};

async function opened() {
	while (!open) await scheduler.wait(10);
}

// later makes statements that sweep wait. They come one by one, and no other deletes a refresh token.
const later = (db) => ({
	batch: (list) => db.batch(list),
	prepare: (query) => ({
		bind: (...args) => {
			const statement = db.prepare(query).bind(...args);
			if (!query.startsWith("DELETE FROM refresh_tokens")) return statement;
			return { run: () => opened().then(() => statement.run()) };
		},
	}),
});

export default {
	async fetch(request, env, ctx) {
		const { pathname } = new URL(request.url);
		if (pathname === "/sweep") open = true;
		if (pathname === "/sweep" || pathname === "/programs") return Response.json(programs);
		return worker.fetch(request, { ...env, DB: later(env.DB) }, ctx);
	},
};
