// Package d1 has what every store over the tables of edge/migrations does alike: it runs
// statements, counts the rows they changed, and reads and writes times, which the tables keep as
// milliseconds since 1970, with 0 for none. It decides nothing and keeps no state.
package d1

import (
	"context"
	"database/sql"
	"time"
)

// Run runs a statement and returns how many rows it changed.
func Run(ctx context.Context, db *sql.DB, query string, args ...any) (int64, error) {
	result, err := db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Exec runs a statement. How many rows it changes does not matter.
func Exec(ctx context.Context, db *sql.DB, query string, args ...any) error {
	_, err := db.ExecContext(ctx, query, args...)
	return err
}

// Changes runs a statement and reports whether it changed a row.
func Changes(ctx context.Context, db *sql.DB, query string, args ...any) (bool, error) {
	n, err := Run(ctx, db, query, args...)
	return n > 0, err
}

// Over selects the rowids of some rows of a table that a condition is true of: of the twenty that were
// stored first, where most of what has ended stands, and of twenty from anywhere on, for something that
// lasts may stand before it. Whoever stores a row deletes these. So no index is needed, forty rows are
// read, and a table that is written to shrinks to what counts.
func Over(table, condition string) string {
	rows := "SELECT * FROM (SELECT rowid, * FROM " + table
	const few = " ORDER BY rowid LIMIT 20)"
	return "SELECT rowid FROM (" + rows + few +
		" UNION ALL " + rows + " WHERE rowid >= (SELECT (random() & 2147483647) % (MAX(rowid) + 1) FROM " + table + ")" + few + ") WHERE " + condition
}

// Texts reads an answer of one column.
func Texts(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// Milliseconds returns a time as the tables keep it.
func Milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Moment returns the time that the tables keep as ms.
func Moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
