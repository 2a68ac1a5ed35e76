// Point-in-time recovery where the platform has it, with a storage that is played. Run by
// recovery_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { recover, restart } from "../worker/recovery.mjs";

const storage = (more = {}) => {
	const asked = [];
	return {
		asked,
		getBookmarkForTime: async (at) => {
			asked.push(["time", at]);
			return `bookmark-of-${at}`;
		},
		onNextSessionRestoreBookmark: async (bookmark) => {
			asked.push(["restore", bookmark]);
			return "bookmark-of-now";
		},
		...more,
	};
};

test("a moment becomes a bookmark, and what undoes it is returned", async () => {
	const s = storage();
	assert.deepEqual(await recover(s, 1764633600000, ""), { bookmark: "bookmark-of-1764633600000", undo: "bookmark-of-now" });
	assert.deepEqual(s.asked, [["time", 1764633600000], ["restore", "bookmark-of-1764633600000"]]);
});

test("a bookmark is used as it is", async () => {
	const s = storage();
	assert.deepEqual(await recover(s, 0, "0000007b-0000b26e"), { bookmark: "0000007b-0000b26e", undo: "bookmark-of-now" });
	assert.deepEqual(s.asked, [["restore", "0000007b-0000b26e"]]);
});

test("a platform without it says so", async () => {
	const none = async () => {
		throw new Error("This Durable Object's storage back-end does not implement point-in-time recovery.");
	};
	assert.deepEqual(await recover(storage({ getBookmarkForTime: none }), 1, ""), { reason: "unsupported" });
	assert.deepEqual(await recover(storage({ onNextSessionRestoreBookmark: none }), 0, "b"), { reason: "unsupported" });
	assert.deepEqual(await recover({}, 1, ""), { reason: "unsupported" });
});

test("a moment that the platform does not have is refused, and nothing is scheduled", async () => {
	for (const message of ["Requested time is before this database existed.", "This database has no history.", "something new"]) {
		const s = storage({
			getBookmarkForTime: async () => {
				throw new Error(message);
			},
		});
		assert.deepEqual(await recover(s, 1, ""), { reason: "no_such_point" });
		assert.deepEqual(s.asked, []);
	}
});

test("before the object ends every socket is closed, so that the next start finds none", async () => {
	const order = [];
	const socket = (name, fails) => ({
		close(code) {
			order.push(`${name} ${code}`);
			if (fails) throw new TypeError("closed already");
		},
	});
	let ended;
	globalThis.scheduler ??= { wait: () => Promise.resolve() };
	restart({
		getWebSockets: () => [socket("one", false), socket("two", true), socket("three", false)],
		waitUntil: (promise) => (ended = promise),
		abort: () => order.push("abort"),
	});
	assert.deepEqual(order, ["one 1011", "two 1011", "three 1011"]);
	await ended;
	assert.equal(order.at(-1), "abort");
});
