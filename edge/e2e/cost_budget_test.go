//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
	"text/tabwriter"
)

// budget is what a scenario of cost_test.go may cost at most, counted in the built Worker: exact,
// so more fails the build. It only goes down. goal is where it is to go, and why what is left is left.
type budget struct {
	what      string
	most      float64
	goal, why string
}

// Rows are SQLite's own count of what is written, indexes and deletions included; an alarm is one row
// more each time it is set (Cloudflare, Durable Objects: Pricing, 2026-12). A wake-up is an object that is made
// in memory. A minute is six heartbeats.
var budgets = []budget{
	{"op: rows", 1.04, "1.05", "the entry, written over one that is gone; a listed client in 1,024 ops, and the snapshots"},
	{"op: alarms set, of 1,000", 1, "0", ""},
	{"connect and leave: rows", 10, "4", "six lines of the audit log in four rows; six of the channel and the session, in two objects, and one who was there before"},
	{"connect and leave: alarms set", 2, "1", "the notice of the token, and the end of the channel as the user's object knows it"},
	{"connect and leave: requests to objects", 3, "3", "admission, upgrade, and the notice that the channel is gone"},
	{"connect and leave: D1 rows read", 0, "0", "permissions are cached"},
	{"resume in grace: rows", 4, "4", "the channel twice, and the audit"},
	{"resume in grace: alarms set", 2, "1", "grace, and who falls silent"},
	{"op to readers of a crowd: rows", 1.02, "1", "the entry; their acknowledgements cost none"},
	{"reader of a crowd, connect and leave: rows", 11, "4", "as a member's: what it may do outlives a hibernation and reaches a revocation"},
	{"idle document of 2, a minute: wake-ups", 0, "0", ""},
	{"idle document of 2, a minute: rows", 0, "0", ""},
	{"idle document of 2, a minute: rows read", 0, "0", ""},
	{"idle document of 100, a minute: wake-ups", 0, "0", ""},
	{"idle document of 100, a minute: rows", 0, "0", ""},
	{"idle document of 100, a minute: rows read", 0, "0", ""},
	{"idle document of 100: KiB of Go's memory", 1536, "1536", "doubles as it grows: 768 where they only come, 1,536 once twenty of them have each written 256 ops"},
	{"idle session: KiB of Go's memory", 192, "192", "64 of stack, 87 of constants, 41 of heap: the least that the module begins with"},
	{"idle device that is pinged, a minute: alarms", 7, "6", "one a ping (seed S1: the server pings); the seventh is the clock's"},
	{"idle device that is pinged, a minute: rows", 7, "6", "the alarms"},
	{"idle device that pings, a minute: wake-ups and alarms", 0, "0", ""},
	{"idle device that pings, a minute: rows", 0, "0", ""},
	{"login: D1 rows written", 15, "15", "the sign-in, its token, and the counts of failures, with their indexes"},
	{"login: D1 rows read", 54, "14", "14, and up to 40 of the oldest sign-ins, and of some from anywhere on: whether they have ended"},
	{"refresh: D1 rows written", 6, "6", "the old token and the new one, with their indexes"},
	{"refresh: D1 rows read", 14, "14", ""},
}

// measured are the scenarios of this run, by the budget's name.
var measured struct {
	sync.Mutex
	costs map[string]float64
}

// costs compares what a scenario came to with its budget.
func costs(t *testing.T, what string, n float64) {
	t.Helper()
	measured.Lock()
	defer measured.Unlock()
	if measured.costs == nil {
		measured.costs = map[string]float64{}
	}
	measured.costs[what] = n
	for _, b := range budgets {
		if b.what == what {
			if n > b.most {
				t.Errorf("%s: %.2f, and the budget is %.2f", what, n, b.most)
			}
			return
		}
	}
	t.Errorf("%s has no budget: %.2f", what, n)
}

// TestCost runs the scenarios, and prints what each came to.
func TestCost(t *testing.T) {
	t.Run("scenarios", func(t *testing.T) {
		for name, run := range scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(t)
			})
		}
	})
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmeasured\tbudget\tgoal")
	for _, b := range budgets {
		n, ok := measured.costs[b.what]
		if !ok && !t.Failed() {
			t.Errorf("%s was not measured", b.what)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%s\n", b.what, n, b.most, b.goal)
	}
	w.Flush()
}

// count is what an object has cost since its Worker started (harness/counted.mjs), or all of them.
type count struct {
	Made, Calls, Upgrades, Messages, Closes, Alarms, Set, Written, Read int
	Requests, Queries, Memory                                           int
}

func (c count) plus(o count, sign int) count {
	for _, p := range [...]struct {
		to *int
		by int
	}{
		{&c.Made, o.Made}, {&c.Calls, o.Calls}, {&c.Upgrades, o.Upgrades}, {&c.Messages, o.Messages}, {&c.Closes, o.Closes}, {&c.Alarms, o.Alarms},
		{&c.Set, o.Set}, {&c.Written, o.Written}, {&c.Read, o.Read}, {&c.Requests, o.Requests}, {&c.Queries, o.Queries},
	} {
		*p.to += sign * p.by
	}
	return c
}

// startCounted is start with a count of what everything costs.
func startCounted(t testing.TB, vars map[string]string) *server {
	t.Helper()
	counted := map[string]string{"COUNTED": "1"}
	maps.Copy(counted, vars)
	return start(t, counted)
}

// memory is how many KiB the Go instance of an object has.
func (s *server) memory(object string) float64 {
	s.T.Helper()
	_, body, _ := s.Request("GET", "/counts", "", nil)
	var said struct{ Objects map[string]count }
	check(json.Unmarshal(body, &said))
	return float64(said.Objects[object].Memory) / 1024
}

// counts are what all objects have cost so far, and what the database has.
func (s *server) counts() (objects, d1 count) {
	s.T.Helper()
	_, body, _ := s.Request("GET", "/counts", "", nil)
	var said struct {
		Front   count
		Objects map[string]count
	}
	check(json.Unmarshal(body, &said))
	for _, c := range said.Objects {
		objects = objects.plus(c, 1)
	}
	return objects, said.Front
}

// cost is what f costs all objects, and the database.
func (s *server) cost(f func()) (objects, d1 count) {
	s.T.Helper()
	o, d := s.counts()
	f()
	objects, d1 = s.counts()
	return objects.plus(o, -1), d1.plus(d, -1)
}
