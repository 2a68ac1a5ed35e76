// An object's time. The runtime's never goes back: where the machine's clock is set back, an
// object that is awake would see one moment until the machine gets there again, and its
// timers wait for that too (workerd, December 2026). The database's clock is the machine's.

/** How many times in a row it may be the same moment before the database is asked. */
export const many = 5;

/** By how many milliseconds the runtime's clock may be ahead of the database's. */
export const ahead = 2_000;

export class Clock {
	#runtime;
	#database;
	#last = 0;
	#same = 0;

	/** runtime and database tell the time, in milliseconds; the second costs a query. */
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
			// It does not say: the runtime's word counts.
		}
		if (then < now - ahead) return then; // and so it goes on for as long as the other stands still
		this.#same = 0;
		return now;
	}
}
