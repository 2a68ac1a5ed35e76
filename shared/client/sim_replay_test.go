package client

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// retold is what a tab that asked for the log once more has heard of it.
type retold struct {
	id    string
	to    uint64 // what the tab had heard when it asked, at least
	heard uint64
	owed  []uint64 // comments from before a snapshot
}

// retellings is how often a log was told again to the end, in all runs.
var retellings int

func (s *sim) replay(t *fakeTab) {
	s.sends++
	a := &retold{id: "again" + strconv.Itoa(s.sends), to: uint64(len(s.heard[t]))}
	if s.again[t] != nil {
		return // one after the other is enough here; TestReplay has both at once
	}
	s.again[t] = a
	s.do(t, Replay{ID: a.id})
}

// toldAgain is one entry: each version from the start, and none beyond what was heard.
func (s *sim) toldAgain(t *fakeTab, e Emit) {
	a := s.again[t]
	if a == nil {
		s.fail("%s is told again what nobody asked for: %s", t.name, e.Detail)
	}
	kind, _ := jsonscan.Str(jsonscan.Field(e.Detail, "type"))
	detail := jsonscan.Field(e.Detail, "detail")
	v, _ := jsonscan.Uint(jsonscan.Field(detail, "version"))
	if has := len(s.heard[t]); e.Set != nil || v > uint64(has) {
		s.fail("%s has heard %d, and its history goes on: %s", t.name, has, e.Detail)
	}
	if kind == "snapshot" {
		if v <= a.heard {
			s.fail("%s was told %d again and gets the snapshot %d", t.name, a.heard, v)
		}
		a.heard, a.owed = v, nil
		for n := uint64(1); n <= v; n++ {
			if s.log[n-1].Comment != nil {
				a.owed = append(a.owed, n)
			}
		}
		return
	}
	op := string(jsonscan.Field(detail, "op")) + string(jsonscan.Field(detail, "body"))
	if len(a.owed) > 0 {
		if v != a.owed[0] || op != s.said(v) {
			s.fail("%s is told %s again as version %d, owed are the comments %v", t.name, op, v, a.owed)
		}
		a.owed = a.owed[1:]
		return
	}
	if v != a.heard+1 || op != s.said(v) {
		s.fail("%s is told version %d again after %d: %s", t.name, v, a.heard, op)
	}
	a.heard = v
}

// done is the answer: all that had been heard was told again, or a newer snapshot has
// taken its place.
func (a *retold) done(s *sim, t *fakeTab, version uint64) {
	if version < a.to || a.heard < a.to || len(a.owed) > 0 {
		s.fail("%s had heard %d and was told %d again, which is called %d", t.name, a.to, a.heard, version)
	}
	delete(s.again, t)
	retellings++
}
