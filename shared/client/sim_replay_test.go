package client

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// replayed is what a tab that asked for the log once more has learnt of it.
type replayed struct {
	id       string
	to       uint64 // what the tab had received when it asked, at least
	received uint64
	missing  []uint64 // comments from before a snapshot
}

// replays is how often a log was replayed to the end, in all runs.
var replays int

func (s *sim) replay(t *fakeTab) {
	s.sends++
	a := &replayed{id: "again" + strconv.Itoa(s.sends), to: uint64(len(s.received[t]))}
	if s.again[t] != nil {
		return // one after the other is enough here; TestReplay has both at once
	}
	s.again[t] = a
	s.do(t, Replay{ID: a.id})
}

// replayedAgain is one entry: each version from the start, and none beyond what was received.
func (s *sim) replayedAgain(t *fakeTab, e Emit) {
	a := s.again[t]
	if a == nil {
		s.fail("%s is replayed what nobody asked for: %s", t.name, e.Detail)
	}
	kind, _ := jsonscan.Str(jsonscan.Field(e.Detail, "type"))
	detail := jsonscan.Field(e.Detail, "detail")
	v, _ := jsonscan.Uint(jsonscan.Field(detail, "version"))
	if has := len(s.received[t]); e.Set != nil || v > uint64(has) {
		s.fail("%s has received %d, and its history goes on: %s", t.name, has, e.Detail)
	}
	if kind == "snapshot" {
		if v <= a.received {
			s.fail("%s was replayed %d and gets the snapshot %d", t.name, a.received, v)
		}
		a.received, a.missing = v, nil
		for n := uint64(1); n <= v; n++ {
			if s.log[n-1].Comment != nil {
				a.missing = append(a.missing, n)
			}
		}
		return
	}
	op := string(jsonscan.Field(detail, "op")) + string(jsonscan.Field(detail, "body"))
	if len(a.missing) > 0 {
		if v != a.missing[0] || op != s.said(v) {
			s.fail("%s is replayed %s as version %d, missing are the comments %v", t.name, op, v, a.missing)
		}
		a.missing = a.missing[1:]
		return
	}
	if v != a.received+1 || op != s.said(v) {
		s.fail("%s is replayed version %d after %d: %s", t.name, v, a.received, op)
	}
	a.received = v
}

// done is the answer: all that had been received was replayed, or a newer snapshot has
// taken its place.
func (a *replayed) done(s *sim, t *fakeTab, version uint64) {
	if version < a.to || a.received < a.to || len(a.missing) > 0 {
		s.fail("%s had received %d and was replayed %d, which is called %d", t.name, a.to, a.received, version)
	}
	delete(s.again, t)
	replays++
}
