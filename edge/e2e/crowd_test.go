//go:build !js

package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestReadersAndWritersChangePlaces: readers and writers have places of their own while rights change under
// open connections. One for whom there is no place of the other kind is closed, and comes back when there is one.
// A reader that nobody was shown is shown once it may write, with what it showed last.
//
// Holds: "readers take no writer's place".
func TestReadersAndWritersChangePlaces(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"MAX_MEMBERS": "2", "MAX_READERS": "2", "SHOWN_READERS": "1"})
	all := s.populate(1, 5)
	s.database("UPDATE members SET role = 'viewer' WHERE user_id IN ('usr_0_2', 'usr_0_3', 'usr_0_4')")
	becomes := func(user int, role string) {
		s.must("PUT", fmt.Sprintf("/v1/admin/documents/%s/members/usr_0_%d", all[0].document, user), `{"role":"`+role+`"}`)
	}
	owner, other := s.connect(all[0]), s.connect(all[1])
	shown, counted := s.connect(all[2]), s.connect(all[3])
	if f := s.refused(all[4], "SERVICE_UNAVAILABLE"); at(f.Data, "details", "reason") != "document_full" {
		t.Errorf("a third reader: %v", f.Data)
	}
	counted.expectFrame("presence", "state")
	counted.send(`{"type":"presence","event":"update","data":{"data":"here"}}`)
	if f := owner.expectFrame("presence", "readers"); f.number("readers") != 1 {
		t.Errorf("the others are told: %v", f.Data)
	}

	becomes(2, "comment") // who comments adds to the log: a writer's place, and there is none
	if f := shown.expectFrame("system", "error"); f.text("error_code") != "SERVICE_UNAVAILABLE" || at(f.Data, "details", "reason") != "document_full" {
		t.Errorf("a third writer: %v", f.Data)
	}
	shown.expectClose()
	becomes(1, "view") // goes to the place that is free now, and its line stays
	if f := other.expectFrame("system", "permission_change"); fmt.Sprint(f.Data["permissions"]) != "[read]" {
		t.Errorf("received %v", f.Data)
	}
	s.connect(all[2]) // and so is a place for one that comments
	s.refused(all[4], "SERVICE_UNAVAILABLE")
	becomes(2, "view") // both places of readers are taken: it has to go
	becomes(3, "edit")
	counted.expectFrame("system", "permission_change")
	if f := owner.expectFrame("presence", "update"); f.text("user_id") != "usr_0_3" || f.text("data") != "here" {
		t.Errorf("shows %v", f.Data)
	}
	counted.expectFrame("system", "token_refresh_required")
	if v := counted.op("m1", "mine"); v != 1 {
		t.Errorf("version %d", v)
	}
	if f := other.expectFrame("operation", "op"); f.text("user_id") != "usr_0_3" {
		t.Errorf("the op is of %v", f.Data)
	}
	s.connect(all[4])
}

// TestSoakAThousandReaders: a thousand who may only read are on a document with one who writes. Each receives
// each op, in order, before and after the object is evicted; nobody is told of more readers than are shown.
func TestSoakAThousandReaders(t *testing.T) {
	const readers, shown, ops = 1000, 100, 40
	s := start(t, map[string]string{"CONNECTS_PER_IP_PER_MIN": "unlimited"})
	crowd := s.populate(1, readers+2)
	s.database("UPDATE members SET role = 'viewer' WHERE user_id LIKE 'usr_0_%' AND user_id != 'usr_0_0'")
	writer := s.connect(crowd[0])
	began := time.Now()
	members := make([]*conn, readers)
	var all sync.WaitGroup
	for first := range 8 {
		all.Go(func() {
			for i := first; i < readers; i += 8 {
				members[i] = s.connect(crowd[1+i])
			}
		})
	}
	all.Wait()
	t.Logf("%d connects in %v", readers, time.Since(began))

	late := crowd[1+readers]
	late.origin = s.URL
	c, _, err := late.dial(s)
	if err != nil {
		t.Fatal(err)
	}
	c.expectError("SERVICE_UNAVAILABLE")

	var joins, counts atomic.Int64
	for n, evicted := range []bool{false, true} {
		if evicted {
			s.Do(map[string]string{"do": "evict", "worker": "holdfast", "class": "Document", "name": crowd[0].document}, nil)
		}
		began := time.Now()
		for _, m := range members {
			all.Go(func() {
				for next := n*ops + 1; next <= (n+1)*ops; {
					f, err := m.read()
					switch {
					case err != nil:
						t.Errorf("%s: %v", m.ack.text("client_id"), err)
						return
					case f.Event == "ping":
						m.pong(f)
					case f.Event == "join":
						joins.Add(1)
					case f.Event == "readers":
						counts.Add(1)
					case f.Event == "op" && int(f.Seq) != next:
						t.Errorf("%s received %v, not %d", m.ack.text("client_id"), f.Seq, next)
						return
					case f.Event == "op":
						next++
					}
				}
			})
		}
		for i := n*ops + 1; i <= (n+1)*ops; i++ {
			if v := writer.op(fmt.Sprint("m", i), i); v != i {
				t.Fatalf("version %d, not %d", v, i)
			}
		}
		all.Wait()
		t.Logf("%d ops to %d readers in %v, evicted before: %v", ops, readers, time.Since(began), evicted)
	}
	if most := int64(shown * shown / 2); joins.Load() > most || counts.Load() == 0 {
		t.Errorf("readers were told %d times that one has come, at most %d; and %d times how many there are", joins.Load(), most, counts.Load())
	}
}
