// Whether an object's clock stands still. The runtime's never goes back: where the machine's
// is set back, an object that is awake sees one moment until the machine gets there again
// (workerd, December 2026), and nothing of it would ever be due.

/** How long one moment may last, in milliseconds: it is long past any step of a clock that is kept right. */
export const longest = 5_000;

export class Clock {
	#now;
	#wait;
	#last = 0;
	#looking = false;

	/** now tells the time, wait takes that many milliseconds by a clock that cannot be set. */
	constructor(now, wait) {
		this.#now = now;
		this.#wait = wait;
	}

	/**
	 * Notes an event. Two at one moment are looked into: `stopped` is called when it is the
	 * same moment after `longest` too. Returns what is under way, or null.
	 */
	event(stopped) {
		const now = this.#now();
		const same = now === this.#last;
		this.#last = now;
		if (!same || this.#looking) return null;
		this.#looking = true;
		return this.#wait(longest).then(() => {
			this.#looking = false;
			if (this.#now() === now) stopped();
		});
	}
}
