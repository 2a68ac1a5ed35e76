// A pending socket, with sockets made of paper: what the built Worker, whose database
// answers at once, does not get to do. Run by pending_test.go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

globalThis.WebSocket = { CLOSED: 3 };
class Paper extends EventTarget {
	sent = [];
	closed = null;
	readyState = 1;
	accept() {}
	send(data) {
		if (this.closed !== null) throw new Error("closed");
		this.sent.push(data);
	}
	close(code, reason) {
		if (code < 1000 || code > 4999 || [1004, 1005, 1006, 1015].includes(code)) throw new Error("no such code");
		this.closed ??= `${code} ${reason}`;
	}
	receives(data) {
		this.dispatchEvent(Object.assign(new Event("message"), { data }));
	}
	closes(code, reason = "") {
		this.readyState = 3;
		this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
	}
}

let ws; // this Worker's end of the newest pair
globalThis.WebSocketPair = class {
	constructor() {
		ws = new Paper();
		return [new Paper(), ws];
	}
};
globalThis.Response = class {
	constructor(body, init) {
		Object.assign(this, init);
	}
};
const { PendingSocket } = await import("../worker/pending.mjs");

const step = { protocol: "", timeout_ms: 20, max_bytes: 10, kept_frames: 3, kept_bytes: 12, share: "" };
let ctx; // of the newest request
const overflow = () => ({ frame: "full", code: 4201, reason: "FULL" });
const pending = (more) => {
	ctx = { aborted: 0, abort() { this.aborted++; } };
	return new PendingSocket({ ...step, ...more }, ctx, overflow);
};
const known = async (more) => {
	const g = pending(more);
	ws.receives("first");
	assert.deepEqual(await g.first, { text: "first" });
	return g;
};

test("the first message is handed over, and of one that is too long its length alone", async () => {
	let g = pending();
	ws.receives("x".repeat(1000));
	assert.deepEqual(await g.first, { length: 1000 });
	g.refuse({ frame: "no", code: 1009, reason: "NO" });
	assert.deepEqual([ws.sent, ws.closed, PendingSocket.waiting()], [["no"], "1009 NO", 0]);
	assert.equal(g.response.headers["sec-websocket-extensions"], "identity");
	g = pending();
	ws.receives(new ArrayBuffer(3));
	assert.deepEqual(await g.first, { binary: true });
	g.refuse({});
	assert.deepEqual([ws.sent, ws.closed, PendingSocket.waiting()], [[], "1011 ", 0]);
});

test("a silent one is reported once, and what it sends then is kept", async () => {
	const g = pending();
	assert.equal(PendingSocket.waiting(), 1);
	assert.deepEqual(await g.first, { error: "TimeoutError" });
	ws.receives("late");
	g.refuse({ frame: "late", code: 4001, reason: "TIMEOUT" });
	assert.deepEqual([ws.closed, PendingSocket.waiting()], ["4001 TIMEOUT", 0]);
});

test("no timer outlives the first message or the socket", async () => {
	const timers = () => process.getActiveResourcesInfo().filter((what) => what === "Timeout").length;
	const before = timers();
	await known({ timeout_ms: 60_000 });
	ws.closes(1000);
	const g = pending({ timeout_ms: 60_000 });
	assert.equal(timers(), before + 1);
	ws.closes(1006);
	assert.equal(await g.first, undefined);
	assert.deepEqual([g.gone, timers(), PendingSocket.waiting()], [true, before, 0]);
});

test("what came meanwhile follows the first frame, in order", async () => {
	const g = await known();
	for (const text of ["a", "b", "c"]) ws.receives(text);
	const object = new Paper();
	g.join(object, "hello");
	ws.receives("d");
	object.receives("e");
	assert.deepEqual([object.sent, ws.sent, PendingSocket.waiting()], [["hello", "a", "b", "c", "d"], ["e"], 0]);
});

test("more than is kept ends it", async () => {
	for (const texts of [["a", "b", "c", "d", "e"], ["x".repeat(12), "y", "z"], [new ArrayBuffer(13)]]) {
		const g = await known();
		for (const text of texts) ws.receives(text);
		assert.deepEqual([ws.sent, ws.closed, g.gone, PendingSocket.waiting()], [["full"], "4201 FULL", true, 0]);
		// The object's socket that was under way is not left open.
		const object = new Paper();
		g.join(object, "hello");
		assert.deepEqual([object.sent, object.closed], [[], "4201 "]);
		g.refuse({ frame: "again", code: 4400, reason: "" });
		assert.deepEqual(ws.sent, ["full"]);
	}
});

test("each side closes with the other, by a code that may be sent", async () => {
	for (const [code, carried] of [[1000, 1000], [1001, 1001], [1005, 1000], [1006, 1011], [1015, 1011], [4409, 4409]]) {
		for (const side of ["app", "object"]) {
			const g = await known();
			const object = new Paper();
			g.join(object, "hello");
			(side === "app" ? ws : object).closes(code, "why");
			assert.deepEqual([ws.closed, object.closed], [`${carried} why`, `${carried} why`]);
			ws.receives("late");
			object.receives("late");
			assert.deepEqual([ws.sent, object.sent], [[], ["hello"]]);
		}
	}
	const g = await known();
	const object = new Paper();
	g.join(object, "hello");
	object.dispatchEvent(new Event("error"));
	assert.deepEqual([ws.closed, object.closed], ["1011 ", "1011 "]);
	await wait(30);
	assert.equal(PendingSocket.waiting(), 0);
});

// The peer is slow to answer a close, or never does: it is gone all the same, and with it
// what it could still say.
test("a socket that was closed here is ended with its request when the peer does not answer", async () => {
	for (const answers of [true, false]) {
		const g = await known();
		g.refuse({ code: 4400, reason: "NO" });
		if (answers) ws.closes(4400);
		await wait(1_200);
		assert.equal(ctx.aborted, answers ? 0 : 1);
	}
	await known();
	ws.closes(1000); // the peer closed: there is nobody to wait for
	await wait(1_200);
	assert.equal(ctx.aborted, 0);
});

test("the places are limited, and those of one share to fewer", async () => {
	const room = (share) => PendingSocket.room({ places: 3, share, share_places: 2 });
	const here = [pending({ share: "a" })];
	const first = ws;
	assert.deepEqual([room("a"), room("b")], [true, true]);
	here.push(pending({ share: "a" }));
	assert.deepEqual([room("a"), room("b"), room("")], [false, true, true]);
	here.push(pending());
	assert.deepEqual([room("a"), room("b"), room("")], [false, false, false]);
	first.closes(1006);
	assert.deepEqual([room("a"), room("b"), PendingSocket.waiting("a"), PendingSocket.waiting()], [true, true, 1, 2]);
	for (const g of here) g.refuse({});
	assert.deepEqual([PendingSocket.waiting("a"), PendingSocket.waiting()], [0, 0]);
	assert.equal(PendingSocket.room({ places: 0, share: "", share_places: 1 }), false);
});

test("what is passed on is what the core makes of it, and what waits comes again when the core says so", async () => {
	const asked = [];
	const answers = [];
	const translate = (event) => {
		asked.push(event);
		return { up: [], down: [], state: asked.length, ...answers.shift() };
	};
	const g = await known();
	const object = new Paper();
	ws.receives("kept");
	answers.push({ up: ["KEPT"] });
	g.join(object, "hello", { state: 0, translate });
	assert.deepEqual([object.sent, asked], [["hello", "KEPT"], [{ from: "app", text: "kept", state: 0 }]]);
	answers.push({ wait: 1 }, { wait: 2 }, { forget: 1, flush: true, down: ["b"] }, { down: ["c"], again_ms: 1 }, { up: ["tick"], code: 1000, reason: "over" });
	for (const text of ["one", "two"]) object.receives(text);
	ws.receives("more");
	assert.deepEqual(asked.slice(1), [
		{ from: "core", text: "one", state: 1 },
		{ from: "core", text: "two", state: 2 },
		{ from: "app", text: "more", state: 3 },
		{ from: "waited", text: "two", state: 4 },
	]);
	assert.deepEqual([ws.sent, ws.closed], [["b", "c"], null]);
	await wait(20);
	assert.deepEqual([object.sent.at(-1), ws.closed, object.closed, g.gone], ["tick", "1000 over", "1000 over", true]);
	ws.receives("late");
	assert.equal(asked.length, 6);
});

test("the core says by which code an object's end ends it, and what is no text passes unread", async () => {
	let g = await known();
	let object = new Paper();
	g.join(object, "hello", { state: {}, translate: ({ from, code }) => ({ up: [], down: [], state: {}, ...(from === "end" && { code: code + 1 }) }) });
	const bytes = new ArrayBuffer(3);
	ws.receives(bytes);
	assert.equal(object.sent.at(-1), bytes);
	object.closes(4400, "REVOKED");
	assert.deepEqual([ws.closed, g.gone], ["4401 REVOKED", true]);
	g = await known();
	object = new Paper();
	g.join(object, "hello", { state: {}, translate: () => { throw new Error("trapped"); } });
	ws.receives("x");
	assert.deepEqual([ws.closed, object.closed], ["1011 ", "1011 "]);
});
