// The Go program behind the HTTP routes, in an isolate that runs several of them.

import "../../.build/current/wasm_exec.js";
import module from "../../.build/current/http.wasm";

/** How many programs wait for a request, and with how much memory in bytes each. */
const most = { idle: 4, bytes: 16 << 20 };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const idle = [];

/**
 * Has a program answer a request, which has a method, a URL, headers and a body of bytes or null. A
 * program has one request at a time, because it waits: what it waits for belongs to that request, and
 * so does whatever runs when that comes. When it has answered, and waits for nothing more, it is kept
 * for another request; after a trap, or without an answer, it is dropped. `env` is what the program
 * has of variables and bindings, `host` what it may ask for.
 */
export async function serve(env, request, host) {
	const program = idle.pop() ?? new Program();
	return program.serve(env, request, host);
}

// Program is wasm_exec.js's Go, TinyGo's or Go's own, with its own `context` in its view of the
// globals, where syumai/workers looks for the variables and leaves its functions. It is started only
// inside an event, because Go needs random numbers.
class Program extends Go {
	#context = { env: {}, binding: {} };
	#exports;
	#come; // the text of the answer that has come
	#turn; // the request under way
	#asked = 0;

	constructor() {
		super();
		const holdfast = {
			ask: (what, n, text, length) => this.#ask(JSON.parse(this.#read(what, n)), this.#read(text, length)),
			take: (to) => this.#memory.set(this.#come, to >>> 0),
			log: (line, n) => this.#turn.host.log(this.#read(line, n)),
		};
		const instance = new WebAssembly.Instance(module, { ...this.importObject, workers: { ready() {} }, holdfast });
		this.#exports = instance.exports;
		this.run(instance).catch(() => {}); // after a trap at the start nobody answers
	}

	// The base class assigns the table of values that Go starts with just before it
	// starts. The globals are at 5.
	set _values(table) {
		const context = this.#context;
		table[5] = new Proxy(globalThis, { get: (global, name) => (name === "context" ? context : global[name]) });
		Object.defineProperty(this, "_values", { value: table, writable: true });
	}

	get #memory() {
		return new Uint8Array((this.#exports.memory ?? this.#exports.mem).buffer); // TinyGo's name, Go's name
	}

	async serve(env, request, host) {
		const turn = (this.#turn = { host, waits: 0, answered: false, over: false, trapped: Promise.withResolvers() });
		this.#context.env = env;
		try {
			const response = await Promise.race([this.#context.binding.handleRequest(request), turn.trapped.promise]);
			turn.answered = true;
			this.#rest(turn);
			return response;
		} catch (err) {
			turn.over = true;
			throw err;
		}
	}

	// rest puts the program back once nothing of the request is left.
	#rest(turn) {
		if (turn.over || !turn.answered || turn.waits > 0) return;
		turn.over = true;
		if (idle.length < most.idle && this.#memory.length <= most.bytes) idle.push(this);
	}

	#read(at, n) {
		return decoder.decode(this.#memory.subarray(at >>> 0, (at >>> 0) + n));
	}

	#ask({ do: name, ...what }, text) {
		const turn = this.#turn;
		const number = ++this.#asked;
		turn.waits++;
		const back = (answer) => {
			turn.waits--;
			this.#answer(turn, number, answer);
		};
		// What failed may say anything: the program learns only that it did.
		turn.host.until(Promise.resolve().then(() => turn.host[name](what, text)).then((answer) => back(encoder.encode(answer)), () => back(null)));
		return number;
	}

	// answer enters the program with what it asked for. After a trap its request has no other answer.
	#answer(turn, number, text) {
		if (turn.over) return;
		this.#come = text;
		try {
			this.#context.binding.answered(number, text === null ? -1 : text.length);
		} catch (err) {
			turn.over = true;
			turn.trapped.reject(err);
		}
		this.#come = undefined;
		this.#rest(turn);
	}
}
