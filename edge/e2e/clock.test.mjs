// What time it is for an object while the runtime's clock stands still, with clocks of
// paper. Run by pending_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, ahead, many } from "../worker/clock.mjs";

test("a machine's clock that was set back is followed", () => {
	let machine = 10_000_000;
	let runtime = machine;
	let asked = 0;
	const clock = new Clock(() => (runtime = Math.max(runtime, machine)), () => (asked++, machine));
	assert.equal(clock.now(), 10_000_000);
	machine -= 3_600_000;
	const seen = [];
	for (let n = 0; n < 100; n++, machine += 400) seen.push(clock.now());
	assert.ok(seen.slice(0, many - 1).every((at) => at === 10_000_000));
	assert.deepEqual(seen.slice(many), seen.slice(many).map((_, n) => 6_400_000 + 400 * (many + n)));
	machine = 10_000_500; // it has got there
	const before = asked;
	assert.equal(clock.now(), 10_000_500);
	assert.equal(asked, before);
});

test("many events of one moment are of that moment, and cost little", () => {
	let asked = 0;
	const clock = new Clock(() => 1_000_000, () => (asked++, 1_000_000 - ahead));
	for (let n = 0; n < 100; n++) assert.equal(clock.now(), 1_000_000);
	assert.ok(asked <= 100 / many);
});

test("a clock that goes is not compared with anything", () => {
	let now = 1_000;
	const clock = new Clock(() => now++, assert.fail);
	for (let n = 0; n < 100; n++) assert.equal(clock.now(), 1_000 + n);
});
