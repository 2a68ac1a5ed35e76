//go:build !js

package e2e

import (
	"context"
	"encoding/json"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// counted is the server's D1 as a database of package d1. So the real statements run on
// the real database, and the test can read what D1 reports about them: the number of rows
// read, for which it charges.
type counted struct {
	s *server
	// read are the rows read so far, statements how many were run.
	read, statements int
}

func (s *server) counted() (*d1.DB, *counted) {
	c := &counted{s: s}
	return &d1.DB{Host: c}, c
}

// Do implements d1.Host.
func (c *counted) Do(_ context.Context, list []d1.Statement) ([]d1.Result, error) {
	results := make([]d1.Result, len(list))
	for i, one := range list {
		args, err := one.JSON()
		if err != nil {
			return nil, err
		}
		var r struct {
			Values        json.RawMessage
			Read, Changes int64
		}
		c.s.Do(map[string]string{"do": "d1", "query": one.Query, "args": string(args)}, &r)
		c.read += int(r.Read)
		c.statements++
		results[i] = d1.Result{Rows: r.Values, Changes: r.Changes}
	}
	return results, nil
}
