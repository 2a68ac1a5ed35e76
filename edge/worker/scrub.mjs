// Overwrites what SQLite has left of rows that are gone. A row that is deleted or replaced stays
// in the file, in pages that are free and in the gaps of those that are not, until SQLite uses
// the place again; the platform permits neither VACUUM nor PRAGMA secure_delete (workerd's
// sqlite.c++, read 2026-12-02). So each table is copied to new pages, and all others are filled.
//
// Only where the platform keeps no history of its own, as workerd on a server of one's own does
// not: elsewhere what was stored is restorable for 30 days whatever is done here, and after
// that it is nowhere.

// Two rows fill a leaf page of 4,096 bytes to the last one: the longest that has no overflow, and
// an empty one behind it, each by a key of nine bytes.
const leaf = 4058;
const firstKey = "(1 << 60)";
/** Not more leaves in a table than one page refers to: that page was a leaf first, of zeros. */
const leaves = 240;
/** A log of so many pages is written back, and begun anew with the next write. */
const log = 1000;
/** One copy leaves what lay in pages that it freed itself; the second finds those free. */
const passes = 2;

/** Overwrites what is not used of an object's storage, and resolves when that is done. */
export async function scrub(storage) {
	try {
		await storage.getBookmarkForTime(Date.now() - 1);
		return;
	} catch {
		// There is no history.
	}
	const { sql } = storage;
	// Each step is on the disk before the next: of a page that is filled and freed in one
	// transaction SQLite writes nothing. A crash leaves tables of zeros, which the next time drops.
	const step = async (what) => {
		storage.transactionSync(what);
		await storage.sync();
	};
	const fills = left(sql);
	let filled = 0;
	const fill = (pages) => {
		fills.push(zeros(sql, fills.length, pages));
		filled += pages;
	};
	const drop = () => {
		fills.splice(0).forEach((name) => sql.exec(`DROP TABLE ${name}`));
		filled = 0;
	};
	await step(drop);
	const pages = log + (2 * sql.databaseSize) / 4096;
	for (let pass = 0; pass < passes; pass++) {
		await step(() => {
			overwrite(sql, fill);
			while (filled < log) fill(leaves); // so that the log begins anew
		});
		await step(drop);
	}
	// And what was in the log is written over.
	await step(() => {
		while (filled < pages) fill(leaves);
	});
	await step(drop);
}

const left = (sql) => sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'scrub_[0-9]*'").toArray().map(({ name }) => name);

// zeros makes a table of so many pages of zeros.
function zeros(sql, n, pages) {
	const name = `scrub_${n}`;
	sql.exec(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, zeros BLOB)`);
	sql.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${2 * pages - 1}) INSERT INTO ${name} SELECT ${firstKey} + i, iif(i % 2, NULL, zeroblob(${leaf})) FROM n`);
	return name;
}

function overwrite(sql, more) {
	const rows = (text, ...args) => sql.exec(text, ...args).toArray();
	// full reports whether no page is free: a table's first page is then the file's last.
	const full = () => {
		sql.exec("CREATE TABLE scrub_probe (x)");
		const [{ rootpage }] = rows("SELECT rootpage FROM sqlite_master WHERE name = 'scrub_probe'");
		const last = sql.databaseSize / 4096;
		sql.exec("DROP TABLE scrub_probe");
		return rootpage === last;
	};
	const fill = () => {
		// Twice: the numbers may be equal by chance.
		for (let sure = 0, pages = 16; sure < 2; sure = full() ? sure + 1 : 0) {
			more(sure > 0 ? 4 : pages);
			pages = Math.min(2 * pages, leaves);
		}
	};
	const tables = rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT GLOB 'scrub_*' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
	const indexes = rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
	for (const { name } of indexes) sql.exec(`DROP INDEX ${name}`);
	// No page is free now that holds anything, and none becomes so before all is copied.
	fill();
	tables.forEach(({ name }, n) => sql.exec(`ALTER TABLE ${name} RENAME TO scrub_old_${n}`));
	// The indexes are made before the rows come: of rows that are there one would be sorted in a file.
	for (const { sql: text } of [...tables, ...indexes]) sql.exec(text);
	tables.forEach(({ name }, n) => sql.exec(`INSERT INTO ${name} SELECT * FROM scrub_old_${n}`));
	tables.forEach((table, n) => sql.exec(`DROP TABLE scrub_old_${n}`));
	fill();
}
