// The one alarm of an object, and how the runtime would lose it (workerd, December 2026).

/** How often the runtime repeats an alarm that failed before we see to it. It would forget it after six times. */
export const repeats = 5;

/** When an alarm rings again that has failed so often, in milliseconds. */
export const pause = 600_000;

export class Alarm {
	#storage;
	#failed;
	#rings = 0; // when the newest was to ring

	/** failed is called with the error if the storage refuses the alarm. */
	constructor(storage, failed) {
		this.#storage = storage;
		this.#failed = failed;
	}

	/**
	 * Sets the alarm, or removes it if at is 0. One that is set to the moment of the one that rings is
	 * lost: to the storage nothing has changed, and the scheduler forgets what has rung.
	 */
	set(at) {
		const done = at === 0 ? this.#storage.deleteAlarm() : this.#storage.setAlarm(Math.max(at, this.#rings + 1));
		done.catch(this.#failed);
	}

	/** Has enter do what an alarm is for. about is what the runtime says of it. */
	ring(about, enter) {
		this.#rings = about?.scheduledTime ?? Date.now();
		try {
			enter();
		} catch (err) {
			if (!(about?.retryCount >= repeats)) throw err;
			this.set(Date.now() + pause);
		}
	}
}
