// Point-in-time recovery of an object's storage: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#pitr-point-in-time-recovery-api
// (2026-12-02: the last 30 days, of objects with SQLite). workerd on a laptop has the methods and
// refuses two of the three, so only asking tells whether the platform can.

import { closeSocket } from "./socket.mjs";

/** The reasons for which there is no recovery: the platform has none, or not to there. */
export const reasons = { unsupported: "unsupported", refused: "no_such_point" };

/** How long an answer has to leave, in milliseconds, before the object ends. */
const restartAfter = 200;

/**
 * Has the storage be what it was at a moment, or at a bookmark, from the object's next start on.
 * Returns the bookmark, and the one that undoes it. Without a moment or bookmark that the platform
 * knows, nothing has happened, and the reason is returned.
 */
export async function recover(storage, at, bookmark) {
	try {
		const target = bookmark !== "" ? bookmark : await storage.getBookmarkForTime(at);
		return { bookmark: target, undo: await storage.onNextSessionRestoreBookmark(target) };
	} catch (err) {
		const missing = typeof storage.onNextSessionRestoreBookmark !== "function" || /not implement/i.test(err?.message);
		return { reason: missing ? reasons.unsupported : reasons.refused };
	}
}

/**
 * Ends the object, once its answers have left. Its sockets are closed first: the log that the next
 * start finds is another one, and it says so to who comes back only if it finds no socket of before.
 */
export function restart(ctx) {
	for (const ws of ctx.getWebSockets()) closeSocket(ws, 1011, "");
	ctx.waitUntil(scheduler.wait(restartAfter).then(() => ctx.abort("the storage is put back")));
}
