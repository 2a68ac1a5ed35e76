//go:build !js

package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// idle is what sockets without traffic cost, in KiB for each.
type idle struct {
	name              string
	hibernated, awake float64
}

// idleMemory is by how much workerd's resident memory grows for each of a thousand
// sessions, in ten documents with a hundred users each. A process of its own for
// each contestant, because what one has freed the next would use.
//
// The first five hundred are evicted as soon as a hundred stand, the sockets kept,
// as the platform does with idle objects; the others stay in memory. An allocator
// gives little back to the system: only what has to grow although a hundred were
// dropped before is in use. So of either half the first hundred is not counted, which
// leaves compiling out as well.
func idleMemory(b *testing.B, which int) idle {
	const crowd, half = 100, benchUsers / 2
	r := startRig(b)
	c := r.all[which]
	grow := func(from, to int, then func(document string)) float64 {
		var before int
		for first := from; first < to; first += crowd {
			document := r.document()
			r.crowd(place{contestant: c, document: document}, first, first+crowd)
			then(document)
			time.Sleep(time.Second)
			if first == from {
				before = r.resident()
			}
		}
		return float64(r.resident()-before) / float64(to-from-crowd) / 1024
	}
	user := 0
	result := idle{name: c.name}
	result.hibernated = grow(0, half, func(document string) {
		r.evictObject(c, document)
		for next := user + crowd; user < next; user++ {
			if c.sessions {
				r.Do(map[string]string{"do": "evict", "worker": c.worker, "class": "UserSession", "name": fmt.Sprintf("bench-%d", user)}, nil)
			}
		}
	})
	result.awake = grow(half, benchUsers, func(string) {})
	r.hangUp()
	return result
}

// crowd connects users to a document, a few at a time.
func (r *rig) crowd(p place, from, to int) []*peerLine {
	lines := make([]*peerLine, to-from)
	for user := from; user < to; user++ {
		r.token(user)
	}
	var all sync.WaitGroup
	for first := range 4 {
		all.Go(func() {
			p := p
			for p.user = from + first; p.user < to; p.user += 4 {
				lines[p.user-from] = r.dial(p)
			}
		})
	}
	all.Wait()
	return lines
}

// report is apart from the measuring, which need not be done again for more rounds.
func (m idle) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(m.awake, "awake-KiB/session")
	b.ReportMetric(m.hibernated, "hibernated-KiB/session")
}
