//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// receivedBy is one entry of a run, as the checker receives it.
type receivedBy struct {
	who, id string
	version int
}

// run is a small story of two writers and a reader, which a case below spoils in
// one place.
type run struct {
	acks     []receivedBy
	receives []receivedBy
	log      []string
}

func goodRun() *run {
	r := &run{}
	for i := 1; i <= 6; i++ {
		writer, other := "ann", "bob"
		if i%2 == 0 {
			writer, other = other, writer
		}
		id := fmt.Sprintf("%s-%d", writer, i)
		r.acks = append(r.acks, receivedBy{writer, id, i})
		r.receives = append(r.receives, receivedBy{other, id, i}, receivedBy{"eve", id, i})
		r.log = append(r.log, id)
	}
	return r
}

// verdict gives the run to the checker, version by version.
func (r *run) verdict() []string {
	k := newChecker()
	for _, a := range r.acks {
		k.sends("d", a.who, a.id)
	}
	for version := 1; version <= 8; version++ {
		for _, a := range r.acks {
			if a.version == version {
				k.acknowledged("d", a.who, a.id, a.version)
			}
		}
		for i, h := range r.receives {
			if i/2 == version-1 { // as they were received, in the order of the list
				k.receives("d", h.who, h.id, h.version)
			}
		}
	}
	for i, id := range r.log {
		k.logged("d", id, i+1)
	}
	return k.verdict()
}

// The checker finds each of the three faults, and none where there is none.
func TestTheCheckerFindsEachFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		spoil      func(*run)
	}{
		{"nothing wrong", "", func(*run) {}},
		{"a frame received again, the same", "", func(r *run) { r.receives = append(r.receives, r.receives[3]) }},
		{"an acknowledged op is not in the log", "lost", func(r *run) { r.log = r.log[:5] }},
		{"a reader never got the last op", "lost", func(r *run) { r.receives = r.receives[:11] }},
		{"an op that was sent is not answered", "lost", func(r *run) { r.acks[5].version = 9 }},
		{"an op at two versions", "twice", func(r *run) {
			r.receives = append(r.receives, receivedBy{"eve", "ann-1", 7}, receivedBy{"bob", "ann-1", 7})
		}},
		{"an op twice in the log", "twice", func(r *run) { r.log = append(r.log, "bob-2") }},
		{"an op acknowledged at two versions", "twice", func(r *run) { r.acks = append(r.acks, receivedBy{"ann", "ann-1", 2}) }},
		{"one version is two ops", "twice", func(r *run) { r.receives[5].id = "ann-5" }},
		{"a frame received again is another", "twice", func(r *run) { r.receives = append(r.receives, receivedBy{"eve", "bob-4", 2}) }},
		{"two versions in the wrong order", "out of order", func(r *run) { r.receives[3], r.receives[5] = r.receives[5], r.receives[3] }},
		{"a version left out", "out of order", func(r *run) { r.receives[5].who = "bob" }},
		{"a writer's ops overtake each other", "out of order", func(r *run) {
			for i, id := range map[int]string{0: "ann-3", 2: "ann-1"} {
				r.acks[i].id, r.receives[2*i].id, r.receives[2*i+1].id, r.log[i] = id, id, id, id
			}
			r.acks[0], r.acks[2] = r.acks[2], r.acks[0]
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := goodRun()
			c.spoil(r)
			faults := r.verdict()
			if c.want == "" && len(faults) > 0 {
				t.Fatalf("found what is not there: %q", faults)
			}
			found := false
			for _, f := range faults {
				found = found || strings.HasPrefix(f, c.want+": ")
			}
			if c.want != "" && !found {
				t.Fatalf("did not find what is %s: %q", c.want, faults)
			}
		})
	}
}

// TestTheCheckerKnowsAGap: what a client that is catching up receives early is kept back, and is
// no fault unless it stays there.
func TestTheCheckerKnowsAGap(t *testing.T) {
	t.Parallel()
	k := newChecker()
	k.catchesUp("d", "eve", true)
	k.receives("d", "eve", "c", 3)
	for version, id := range []string{"a", "b"} {
		k.receives("d", "eve", id, version+1)
	}
	k.catchesUp("d", "eve", false)
	for version, id := range []string{"a", "b", "c"} {
		k.logged("d", id, version+1)
	}
	if faults := k.verdict(); len(faults) > 0 || k.last("d", "eve") != 3 {
		t.Fatalf("a gap that was closed: %q, received %d", faults, k.last("d", "eve"))
	}
	k.catchesUp("d", "eve", true)
	k.receives("d", "eve", "e", 5)
	k.catchesUp("d", "eve", false)
	if faults := k.verdict(); len(faults) == 0 || !strings.HasPrefix(faults[0], "lost: ") {
		t.Fatalf("a gap that was not closed: %q", faults)
	}
}
