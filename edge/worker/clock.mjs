// Whether an object's clock stands still. The runtime's never goes back: where the machine's
// is set back, an object that is awake sees one moment until the machine gets there again
// (workerd, December 2026), and nothing of it would ever be due. One that nobody talks to
// is gone from memory before long, and the next one's clock goes right.

/** How many events in a row may come at one moment before that is looked into. */
export const many = 20;

/** How long one moment may last, in milliseconds: longer than any step of a clock that is kept right. */
export const longest = 5_000;

export class Clock {
	#now;
	#wait;
	#last = 0;
	#same = 0;
	#looking = false;

	/** now tells the time, wait takes that many milliseconds by a clock that cannot be set. */
	constructor(now, wait) {
		this.#now = now;
		this.#wait = wait;
	}

	/**
	 * Notes an event. Many at one moment are looked into: `stopped` is called when it is the
	 * same moment after `longest` too. Returns what is under way, or null.
	 */
	event(stopped) {
		const now = this.#now();
		this.#same = now === this.#last ? this.#same + 1 : 0;
		this.#last = now;
		if (this.#same < many || this.#looking) return null;
		this.#looking = true;
		return this.#wait(longest).then(() => {
			this.#looking = false;
			if (this.#now() === now) stopped();
		});
	}
}
