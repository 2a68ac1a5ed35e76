//go:build !js

package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
