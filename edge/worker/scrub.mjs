// Overwrites what SQLite has left of rows that are gone. A row that is deleted or replaced stays
// in the file, in pages that are free and in the gaps of those that are not, until SQLite uses
// the place again; the platform permits neither VACUUM nor PRAGMA secure_delete (workerd's
// sqlite.c++, read 2026-12-02). So each table is copied to new pages, and all others are filled.
//
// Only where the platform keeps no history of its own, as workerd on a server of one's own does
// not: elsewhere what was stored is restorable for 30 days whatever is done here, and after
// that it is nowhere.

/** A row of so many zeros takes a leaf page of its own, of 4,096 bytes, but for some 20. */
const leaf = 4052;
/** Not more rows in a table than one page refers to: that page holds zeros too, it was a leaf first. */
const leaves = 250;

/** Overwrites what is not used of an object's storage, and resolves when that is done. */
export async function scrub(storage) {
	try {
		await storage.getBookmarkForTime(Date.now() - 1);
	} catch {
		storage.transactionSync(() => overwrite(storage.sql));
	}
}

function overwrite(sql) {
	const rows = (text, ...args) => sql.exec(text, ...args).toArray();
	const fills = [];
	// full reports whether no page is free: a table's first page is then the file's last.
	const full = () => {
		sql.exec("CREATE TABLE scrub_probe (x)");
		const [{ rootpage }] = rows("SELECT rootpage FROM sqlite_master WHERE name = 'scrub_probe'");
		const last = sql.databaseSize / 4096;
		sql.exec("DROP TABLE scrub_probe");
		return rootpage === last;
	};
	const fill = () => {
		for (let sure = 0; sure < 2; sure = full() ? sure + 1 : 0) {
			const name = `scrub_${fills.length}`;
			sql.exec(`CREATE TABLE ${name} (zeros BLOB)`);
			sql.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${leaves}) INSERT INTO ${name} SELECT zeroblob(${leaf}) FROM n`);
			fills.push(name);
		}
	};
	const tables = rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
	fill();
	for (const { name, sql: text } of tables) {
		const indexes = rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", name);
		for (const index of indexes) sql.exec(`DROP INDEX ${index.name}`);
		sql.exec(`ALTER TABLE ${name} RENAME TO scrub_old`);
		sql.exec(text);
		// Made before the rows come: an index of rows that are there would be sorted in a file.
		for (const index of indexes) sql.exec(index.sql);
		sql.exec(`INSERT INTO ${name} SELECT * FROM scrub_old`);
		sql.exec("DROP TABLE scrub_old");
	}
	fill();
	for (const name of fills) sql.exec(`DROP TABLE ${name}`);
}
