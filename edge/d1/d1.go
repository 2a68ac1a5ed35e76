// Package d1 has what every store over the tables of edge/migrations does alike: it runs
// statements, reads their rows, counts those they changed, and reads and writes times, which the
// tables keep as milliseconds since 1970, with 0 for none. It decides nothing and keeps no state.
package d1

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// ErrNoRows is the error of Row.Scan where there is no row.
var ErrNoRows = errors.New("d1: no rows")

// errValue is the error of a value that is none of Statement's, or not of the type that a caller
// reads it into.
var errValue = errors.New("d1: a value of another type")

// DB is a database. Its host is the platform, or what a test has in its place.
type DB struct{ Host Host }

// Host runs statements, one after the other. All of them happen, or none: then it returns an error.
type Host interface {
	Do(ctx context.Context, list []Statement) ([]Result, error)
}

// Statement is one statement, with the values that are bound to it: text, int or int64.
type Statement struct {
	Query string
	Args  []any
	// Reads says that its rows are wanted, and not how many it changes.
	Reads bool
}

// Result is what a statement that reads returns, a JSON array of rows, which are arrays of texts,
// numbers and null; or how many rows another changed.
type Result struct {
	Rows    []byte
	Changes int64
}

// JSON returns the values as a JSON array.
func (s Statement) JSON() ([]byte, error) {
	w := jsonscan.NewArray(nil)
	for _, arg := range s.Args {
		w.Item()
		switch v := arg.(type) {
		case string:
			w.Buf = jsonscan.AppendString(w.Buf, v)
		case int:
			w.Buf = strconv.AppendInt(w.Buf, int64(v), 10)
		case int64:
			w.Buf = strconv.AppendInt(w.Buf, v, 10)
		default:
			return nil, errValue
		}
	}
	w.CloseArray()
	return w.Buf, nil
}

// Query runs a statement and returns its rows.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	results, err := db.Host.Do(ctx, []Statement{{Query: query, Args: args, Reads: true}})
	if err != nil {
		return nil, err
	}
	return &Rows{list: jsonscan.Elements(results[0].Rows)}, nil
}

// Row runs a statement and returns its first row.
func (db *DB) Row(ctx context.Context, query string, args ...any) *Row {
	rows, err := db.Query(ctx, query, args...)
	return &Row{rows, err}
}

// Changed runs statements, all or none of them, and returns how many rows each changed.
func (db *DB) Changed(ctx context.Context, list ...Statement) ([]int64, error) {
	results, err := db.Host.Do(ctx, list)
	if err != nil {
		return nil, err
	}
	counts := make([]int64, len(results))
	for i, r := range results {
		counts[i] = r.Changes
	}
	return counts, nil
}

// Rows walks the rows of a statement.
type Rows struct {
	list jsonscan.Array
	err  error
}

// Next goes on to the next row, and reports whether there is one.
func (r *Rows) Next() bool { return r.err == nil && r.list.Next() }

// Err returns why the last Scan failed.
func (r *Rows) Err() error { return r.err }

// Scan reads the row into variables of the types text, int and int64. A text takes a whole number too.
func (r *Rows) Scan(to ...any) error {
	values := jsonscan.Elements(r.list.Value())
	for _, v := range to {
		if !values.Next() || !read(values.Value(), v) {
			r.err = errValue
		}
	}
	return r.err
}

func read(raw []byte, to any) (ok bool) {
	var n int64
	switch to := to.(type) {
	case *string:
		if *to, ok = jsonscan.Str(raw); !ok {
			_, ok = jsonscan.Int(raw)
			*to = string(raw)
		}
	case *int64:
		*to, ok = jsonscan.Int(raw)
	case *int:
		n, ok = jsonscan.Int(raw)
		*to = int(n)
	}
	return ok
}

// Row is a statement's first row.
type Row struct {
	rows *Rows
	err  error
}

// Scan reads it as Rows.Scan does, or returns ErrNoRows.
func (r *Row) Scan(to ...any) error {
	switch {
	case r.err != nil:
		return r.err
	case !r.rows.Next():
		return ErrNoRows
	}
	return r.rows.Scan(to...)
}

// Run runs a statement and returns how many rows it changed.
func Run(ctx context.Context, db *DB, query string, args ...any) (int64, error) {
	changed, err := db.Changed(ctx, Statement{Query: query, Args: args})
	if err != nil {
		return 0, err
	}
	return changed[0], nil
}

// Exec runs a statement. How many rows it changes does not matter.
func Exec(ctx context.Context, db *DB, query string, args ...any) error {
	_, err := Run(ctx, db, query, args...)
	return err
}

// Changes runs a statement and reports whether it changed a row.
func Changes(ctx context.Context, db *DB, query string, args ...any) (bool, error) {
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
func Texts(rows *Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
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
