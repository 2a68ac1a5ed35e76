package object

import (
	"context"
	"errors"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/d1"
)

// statementOf is the statement that a call of the operators' store makes, as it reaches the
// database: what is tested beside an object's own statements is the product's text, and no
// copy of it.
func statementOf(t *testing.T, call func(context.Context, admin.SQLStore) error) string {
	t.Helper()
	c := &statements{}
	if err := call(t.Context(), admin.SQLStore{DB: &d1.DB{Host: c}}); !errors.Is(err, errNoDatabase) || len(c.texts) != 1 {
		t.Fatalf("it made %d statements: %v", len(c.texts), err)
	}
	return c.texts[0]
}

var errNoDatabase = errors.New("there is no database")

// statements is a database that does nothing but keep what it was asked.
type statements struct{ texts []string }

func (c *statements) Do(_ context.Context, list []d1.Statement) ([]d1.Result, error) {
	for _, one := range list {
		c.texts = append(c.texts, one.Query)
	}
	return nil, errNoDatabase
}
