// The built Worker for edge/e2e/program_test.go: an entry before the bundle's own. A program behind
// the HTTP routes traps where it asks about whom the mark names, and statements to D1 may be held.
//
//   GET /programs   how many programs were started, how often one asked for something after it had
//                   trapped, and how many statements are held
//   GET /hold?…     those that begin so are held from now on
//   GET /release    none is

import worker from "./worker.js";

export * from "./worker.js";

const mark = "trap-here";
const programs = { started: 0, afterwards: 0, held: 0 };
let held; // how the statements begin

const decoder = new TextDecoder();
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
	if (imports.workers === undefined) return new Instance(module, imports); // another module
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

async function released(query) {
	programs.held++;
	while (held !== undefined && query.startsWith(held)) await scheduler.wait(10);
	programs.held--;
}

const holding = (db) => ({
	prepare: (query) => ({
		bind: (...args) => {
			const statement = db.prepare(query).bind(...args);
			const when = (way) => () => released(query).then(() => statement[way]());
			return { query, statement, run: when("run"), raw: when("raw") };
		},
	}),
	async batch(list) {
		for (const { query } of list) await released(query);
		return db.batch(list.map(({ statement }) => statement));
	},
});

export default {
	async fetch(request, env, ctx) {
		const { pathname, search } = new URL(request.url);
		if (pathname === "/hold") held = decodeURIComponent(search.slice(1));
		if (pathname === "/release") held = undefined;
		if (["/hold", "/release", "/programs"].includes(pathname)) return Response.json(programs);
		return worker.fetch(request, { ...env, DB: holding(env.DB) }, ctx);
	},
};
