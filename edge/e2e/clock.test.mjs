// What an object does whose clock stands still, with a clock of paper. Run by guest_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, longest, many } from "../worker/clock.mjs";

// told plays events at a moment that then moves by so much while it is looked into, and
// returns how often the clock was said to stand still.
async function told(events, moves) {
	let now = 1000;
	let stopped = 0;
	const clock = new Clock(() => now, async (ms) => {
		assert.equal(ms, longest);
		now += moves;
	});
	for (let n = 0; n < events; n++) await clock.event(() => stopped++);
	return stopped;
}

test("a clock that stands still is noticed", async () => {
	assert.equal(await told(many + 1, 0), 1);
});

test("some events of one moment are nothing, nor is a clock that goes", async () => {
	assert.equal(await told(many, 0), 0);
	assert.equal(await told(5 * many, 1), 0);
});

test("one look at a time, and none while the clock goes", async () => {
	let looks = 0;
	let now = 0;
	const clock = new Clock(() => Math.floor(now), () => (looks++, new Promise(() => {})));
	for (let n = 0; n < 1000; n++, now += 0.2) clock.event(assert.fail);
	assert.equal(looks, 0);
	for (let n = 0; n < 100; n++) clock.event(assert.fail);
	assert.equal(looks, 1);
});
