// The time of an object. The runtime's clock never goes back: if the machine's clock is set back,
// an object that is awake sees one moment until the machine gets there again, and its timers
// wait for that too (workerd, December 2026). The database's clock is that of the machine.

/** How many times in a row the runtime may report the same moment before we ask the database. */
export const many = 5;

/** By how many milliseconds the runtime's clock may be ahead of the database's. */
export const ahead = 2_000;

export class Clock {
	#runtime;
	#database;
	#last = 0;
	#same = 0;

	/** runtime and database return the time in milliseconds; the second costs a query. */
	constructor(runtime, database) {
		this.#runtime = runtime;
		this.#database = database;
	}

	now() {
		const now = this.#runtime();
		this.#same = now === this.#last ? this.#same + 1 : 0;
		this.#last = now;
		if (this.#same < many) return now;
		let then = Infinity;
		try {
			then = this.#database();
		} catch {
			// The database does not answer: use the runtime's clock.
		}
		if (then < now - ahead) return then; // and so on for as long as the runtime's clock stands still
		this.#same = 0;
		return now;
	}
}
