// What an object does whose clock stands still, with a clock of paper. Run by guest_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, longest } from "../worker/clock.mjs";

// told plays events at the times it is given, with one wait after the first two, during
// which the clock moves by so much, and returns how often the clock was said to stand still.
async function told(events, moves) {
	let now = 0;
	let stopped = 0;
	const clock = new Clock(() => now, async (ms) => {
		assert.equal(ms, longest);
		now += moves;
	});
	for (now of events) await clock.event(() => stopped++);
	return stopped;
}

test("a clock that stands still is noticed", async () => {
	assert.equal(await told([1000, 1000], 0), 1);
	assert.equal(await told([1000, 2000, 2000], 0), 1);
});

test("events of one moment are nothing, nor is a clock that goes", async () => {
	assert.equal(await told([1000, 1000, 1000], 1), 0);
	assert.equal(await told([1000, 1001, 1002], 0), 0);
});

test("one look at a time", async () => {
	let looks = 0;
	const clock = new Clock(() => 1, () => (looks++, new Promise(() => {})));
	for (let n = 0; n < 100; n++) clock.event(assert.fail);
	assert.equal(looks, 1);
});
