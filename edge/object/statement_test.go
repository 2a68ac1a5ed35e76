package object

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/admin"
)

// statementOf is the statement that a call of the operators' store makes, as it reaches the
// database: what is tested beside an object's own statements is the product's text, and no
// copy of it.
func statementOf(t *testing.T, call func(context.Context, admin.SQLStore) error) string {
	t.Helper()
	c := &statements{}
	if err := call(t.Context(), admin.SQLStore{DB: sql.OpenDB(c)}); !errors.Is(err, errNoDatabase) || len(c.texts) != 1 {
		t.Fatalf("it made %d statements: %v", len(c.texts), err)
	}
	return c.texts[0]
}

var errNoDatabase = errors.New("there is no database")

// statements is a database that does nothing but keep what it was asked.
type statements struct{ texts []string }

func (c *statements) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c *statements) Driver() driver.Driver                        { return nil }
func (c *statements) Prepare(string) (driver.Stmt, error)          { return nil, driver.ErrSkip }
func (c *statements) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (c *statements) Close() error                                 { return nil }

func (c *statements) QueryContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Rows, error) {
	c.texts = append(c.texts, text)
	return nil, errNoDatabase
}

func (c *statements) ExecContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Result, error) {
	c.texts = append(c.texts, text)
	return nil, errNoDatabase
}
