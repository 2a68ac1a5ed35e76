// A platform with point-in-time recovery, played: it stands before the built Worker's own module
// (worker.js). Of a document there are two moments: "keep" is when its storage is copied, and no
// moment that it knows; "kept" is that copy, which is the storage from the object's next start on.
import worker, { Document as Built } from "./worker.js";

export * from "./worker.js";
export default worker;

const next = new Set(); // the names of objects that start on their copy

const tables = (sql) => sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'played%'").toArray().map(({ name }) => name);

export class Document extends Built {
	constructor(ctx, env) {
		const { storage } = ctx;
		if (next.delete(ctx.id.name)) {
			storage.transactionSync(() => {
				for (const name of tables(storage.sql)) storage.sql.exec(`DELETE FROM ${name}; INSERT INTO ${name} SELECT * FROM played_${name}`);
			});
		}
		storage.getBookmarkForTime = async () => "0";
		storage.onNextSessionRestoreBookmark = async (bookmark) => {
			if (bookmark === "keep") {
				for (const name of tables(storage.sql)) storage.sql.exec(`DROP TABLE IF EXISTS played_${name}; CREATE TABLE played_${name} AS SELECT * FROM ${name}`);
			}
			if (bookmark !== "kept") throw new Error("Requested time is before this database existed.");
			next.add(ctx.id.name);
			return "undo";
		};
		super(ctx, env);
	}
}
