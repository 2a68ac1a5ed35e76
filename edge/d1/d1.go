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

// Oldest selects the rowids of the rows of a table that a condition is true of, among the twenty that
// were stored first. Whoever stores a row deletes these: what has ended stands at the beginning, so no
// index is needed, twenty rows are read, and the table shrinks to what counts however often it is
// written to.
func Oldest(table, condition string) string {
	return "SELECT rowid FROM (SELECT rowid, * FROM " + table + " ORDER BY rowid LIMIT 20) WHERE " + condition
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
