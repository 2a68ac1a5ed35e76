// How the runtime would lose an object's alarm, with a storage of paper that is as workerd is. Run by
// alarm_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Alarm, pause, repeats } from "../worker/alarm.mjs";

// Paper has an alarm, and rings it: what is set meanwhile to the same moment is forgotten with it.
class Paper {
	at = 0;
	#rings = 0;
	async setAlarm(at) {
		if (at !== this.#rings) this.at = Math.max(at, Date.now());
	}
	async deleteAlarm() {
		this.at = 0;
	}
	ring(alarm, enter, retryCount = 0) {
		[this.#rings, this.at] = [this.at, 0];
		try {
			alarm.ring({ scheduledTime: this.#rings, retryCount }, enter);
		} catch (err) {
			this.at ||= this.#rings;
			throw err;
		} finally {
			this.#rings = 0;
		}
	}
}

const made = () => {
	const paper = new Paper();
	return { paper, alarm: new Alarm(paper, assert.fail) };
};

test("an alarm that is set to the moment at which it rings rings again", () => {
	const { paper, alarm } = made();
	const at = Date.now() + 60_000; // the object's clock is behind
	alarm.set(at);
	paper.ring(alarm, () => alarm.set(at));
	assert.equal(paper.at, at + 1);
	paper.ring(alarm, () => alarm.set(at - 1));
	assert.equal(paper.at, at + 2);
	alarm.set(0);
	assert.equal(paper.at, 0);
});

test("an alarm that fails is the runtime's to repeat, and ours once the runtime would forget it", () => {
	const { paper, alarm } = made();
	alarm.set(Date.now());
	const fails = () => {
		throw new Error("no");
	};
	for (let n = 0; n < repeats; n++) assert.throws(() => paper.ring(alarm, fails, n), /no/);
	const before = Date.now();
	paper.ring(alarm, fails, repeats);
	assert.ok(paper.at >= before + pause && paper.at <= Date.now() + pause);
});

test("a storage that refuses is reported", async () => {
	const refused = new Promise((resolve) => {
		new Alarm({ setAlarm: async () => assert.fail("full") }, resolve).set(1);
	});
	assert.match((await refused).message, /full/);
});
