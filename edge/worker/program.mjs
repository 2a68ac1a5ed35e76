// A Go program in an isolate that runs several of them.

import "../../.build/current/wasm_exec.js";
import module from "../../.build/current/http.wasm";

// Program is wasm_exec.js's Go, TinyGo's or Go's own, with two changes. Each program has its
// own `context` in its view of the globals, where syumai/workers looks for the request that
// it serves. And Program reports a trap, which would otherwise be thrown out of a callback
// that nobody catches, and leave the request without an answer.
export class Program extends Go {
	#view;

	constructor(context) {
		super();
		this.trapped = new Promise((_, reject) => (this.fail = reject));
		this.trapped.catch(() => {});
		this.#view = new Proxy(globalThis, {
			get(global, name) {
				if (name === "context") return context;
				const value = global[name];
				// Plain functions need the real global as `this`. Classes have a prototype.
				return typeof value === "function" && !("prototype" in value) ? value.bind(global) : value;
			},
		});
	}

	// The base class assigns the table of values that Go starts with just before it
	// starts. The globals are at 5.
	set _values(table) {
		table[5] = this.#view;
		Object.defineProperty(this, "_values", { value: table, writable: true });
	}

	_resume() {
		try {
			super._resume();
		} catch (err) {
			this.fail(err);
			throw err;
		}
	}

	/** Boots an instance, only inside an event. `ready` resolves when its main reports so. */
	start() {
		const { promise, resolve } = Promise.withResolvers();
		const instance = new WebAssembly.Instance(module, { ...this.importObject, workers: { ready: resolve } });
		this.run(instance).catch(this.fail);
		const { exports } = instance;
		return { exports, memory: exports.memory ?? exports.mem, ready: promise }; // TinyGo's name, Go's name
	}
}
