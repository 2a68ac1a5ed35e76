//go:build !js

package e2e

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"io"
)

// counted is the server's D1 as a database of Go's database/sql. So the real statements run on
// the real database, and the test can read what D1 reports about them: the number of rows
// read, for which it charges.
type counted struct {
	s *server
	// read are the rows read so far, statements how many were run.
	read, statements int
}

func (s *server) counted() (*sql.DB, *counted) {
	c := &counted{s: s}
	return sql.OpenDB(c), c
}

func (c *counted) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c *counted) Driver() driver.Driver                        { return nil }
func (c *counted) Prepare(string) (driver.Stmt, error)          { return nil, driver.ErrSkip }
func (c *counted) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (c *counted) Close() error                                 { return nil }

type ran struct {
	Names         []string `json:"columns"`
	Values        [][]any
	Read, Changes int64
	next          int
}

func (c *counted) run(query string, args []driver.NamedValue) *ran {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a.Value
	}
	text, err := json.Marshal(values)
	check(err)
	var r ran
	c.s.Do(map[string]string{"do": "d1", "query": query, "args": string(text)}, &r)
	c.read += int(r.Read)
	c.statements++
	return &r
}

func (c *counted) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.run(query, args), nil
}

func (c *counted) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(c.run(query, args).Changes), nil
}

func (r *ran) Columns() []string { return r.Names }
func (r *ran) Close() error      { return nil }

func (r *ran) Next(to []driver.Value) error {
	if r.next == len(r.Values) {
		return io.EOF
	}
	for i, v := range r.Values[r.next] {
		if n, isNumber := v.(float64); isNumber {
			v = int64(n)
		}
		to[i] = v
	}
	r.next++
	return nil
}
