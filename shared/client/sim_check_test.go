package client

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What the apps receive.

func (s *sim) emitted(t *fakeTab, e Emit) {
	switch e.Type {
	case "snapshot":
		s.restored(t, e)
	case "operation", "comment":
		v, _ := jsonscan.Uint(jsonscan.Field(e.Detail, "version"))
		op := string(jsonscan.Field(e.Detail, "op")) + string(jsonscan.Field(e.Detail, "body"))
		if missing := s.missing[t]; len(missing) > 0 {
			if v != missing[0] || op != s.said(v) {
				s.fail("%s receives %s as version %d, missing are the comments %v", t.name, op, v, missing)
			}
			s.missing[t] = missing[1:]
			return
		}
		if want := uint64(len(s.received[t])) + 1; v != want {
			s.fail("%s receives version %d, not %d", t.name, v, want)
		}
		if v > uint64(len(s.log)) || op != s.said(v) {
			s.fail("%s receives %s as version %d", t.name, op, v)
		}
		s.received[t] = append(s.received[t], op)
	case "history":
		s.replayedAgain(t, e)
	case "unsaved":
		s.givenBack(t, e)
	case "gap":
		s.fail("%s learns of a gap: %s", t.name, e.Detail)
	case "error":
		switch code, _ := jsonscan.Str(jsonscan.Field(e.Detail, "code")); protocol.Code(code) {
		case protocol.ConnectionReplaced:
			if id, _ := jsonscan.Str(jsonscan.Field(e.Detail, "clientId")); id == "phone" {
				return
			}
			s.fail("%s gives in to a tab of its own profile", t.name)
		case protocol.DocumentNotFound:
			s.notified[t] = true
		}
	}
}

// said is what a version says, whether an op or a comment.
func (s *sim) said(v uint64) string {
	e := s.log[v-1]
	return string(e.Op) + string(jsonscan.Field(e.Comment, "body"))
}

// stored reports whether a send is in the log.
func (s *sim) stored(id string) bool {
	for v := range s.log {
		if s.said(uint64(v)+1) == strconv.Quote(id) {
			return true
		}
	}
	return false
}

// restored is an app that is given a snapshot: it has received all up to there, but for the
// comments.
func (s *sim) restored(t *fakeTab, e Emit) {
	v, _ := jsonscan.Uint(jsonscan.Field(e.Detail, "version"))
	if string(jsonscan.Field(e.Detail, "data")) != "[1,2]" || v <= uint64(len(s.received[t])) || v > uint64(len(s.log)) {
		s.fail("%s has received %d and gets the snapshot %s", t.name, len(s.received[t]), e.Detail)
	}
	s.received[t], s.missing[t] = nil, nil
	if a := s.again[t]; a != nil && !t.c.log.again.next {
		a.received, a.missing = v, nil
	}
	for n := uint64(1); n <= v; n++ {
		s.received[t] = append(s.received[t], s.said(n))
		if s.log[n-1].Comment != nil {
			s.missing[t] = append(s.missing[t], n)
		}
	}
	restores++
}

func (s *sim) answered(t *fakeTab, e Effect) {
	switch e := e.(type) {
	case Sent:
		if a := s.again[t]; a != nil && e.ID == a.id {
			a.done(s, t, e.Version)
			return
		}
		if s.settled[e.ID] {
			s.fail("send %s is answered twice", e.ID)
		}
		s.settled[e.ID] = true
		if s.said(e.Version) != strconv.Quote(e.ID) {
			s.fail("send %s is answered with version %d, which is %s", e.ID, e.Version, s.said(e.Version))
		}
	case Unsent:
		if strings.HasPrefix(e.ID, "again") {
			delete(s.again, t)
			return
		}
		if s.closing != nil && strings.Contains(string(e.Error), codeMayBeStored) {
			s.closing.back[t.name+"-"+e.ID], s.closing.back[t.name+"-c"+e.ID] = true, true
		} else if !t.c.stopped {
			s.fail("send %s is refused: %s", e.ID, e.Error)
		}
		s.settled[e.ID] = true
	}
}

// check holds at every moment.
func (s *sim) check() {
	fetching, leading := 0, 0
	for _, t := range s.tabs {
		if t.gone || t.frozen {
			continue
		}
		if t.c.tabs.leading {
			leading++
			if t.fetching {
				fetching++
			}
		}
		if at, ok := t.c.Deadline(); ok && at.Before(s.now.Add(-24*time.Hour)) {
			s.fail("%s has a deadline in another age", t.name)
		}
	}
	if fetching > 1 || leading > 1 {
		s.fail("%d tabs lead and %d of them fetch a token", leading, fetching)
	}
}

// calm stops the mishaps and waits until nothing happens any more: then there is
// one leader, everybody has received everything, and every send is answered.
func (s *sim) calm() {
	s.quiet = true
	for _, t := range s.tabs {
		if t.frozen && !t.gone {
			s.thaw(t)
		}
	}
	if s.some(true) == nil {
		s.openTab()
	}
	end := s.now.Add(10 * time.Minute)
	for s.now.Before(end) {
		s.settle()
		for _, t := range s.tabs {
			if !t.gone && t.c.conn.Token.Spent {
				s.do(t, Refresh{}) // a person tries again
			}
			if !t.gone && t.c.replaced.state != "" {
				s.do(t, TakeOver{})
			}
		}
		who, at := s.next()
		if who == nil || at.After(end) {
			break
		}
		s.wake(who, at)
	}
	var leader *fakeTab
	for _, t := range s.tabs {
		switch {
		case t.gone:
		case s.final:
			if !t.c.stopped {
				s.fail("%s goes on after a final error", t.name)
			}
		case t.c.tabs.leading && leader != nil:
			s.fail("%s and %s lead", leader.name, t.name)
		case t.c.tabs.leading:
			leader = t
		}
	}
	if s.final {
		return
	}
	if leader == nil {
		s.fail("nobody leads")
	}
	for _, t := range s.tabs {
		if t.gone {
			continue
		}
		if t.c.tabs.leader != leader.name {
			s.fail("%s follows %q, not %s", t.name, t.c.tabs.leader, leader.name)
		}
		if t.c.status.state != stateConnected {
			s.fail("%s is %s", t.name, t.c.status.state)
		}
		if len(s.missing[t]) > 0 {
			s.fail("%s lacks the comments %v", t.name, s.missing[t])
		}
		if len(s.received[t]) != len(s.log) {
			s.fail("%s has received %d of %d", t.name, len(s.received[t]), len(s.log))
		}
		if s.again[t] != nil {
			s.fail("%s still waits for the log to be replayed", t.name)
		}
		if len(t.c.log.outbox) > 0 {
			s.fail("%s still waits for %d answers", t.name, len(t.c.log.outbox))
		}
	}
	if here := len(leader.c.tabs.others) + 1; here != s.alive() {
		s.fail("%d tabs are in the list, %d are there", here, s.alive())
	}
	for id, heirs := range s.heirs {
		for _, t := range heirs {
			if !t.gone && !s.stored(id) && s.closing == nil {
				s.fail("send %s was left to %s and never stored", id, t.name)
			}
		}
	}
	for id, t := range s.owner {
		if !t.gone && !s.settled[id] {
			s.fail("send %s was never answered", id)
		}
	}
}

// settle has everything arrive that is under way.
func (s *sim) settle() {
	for len(s.posted)+s.up.Len()+s.down.Len()+len(s.store.waiting) > 0 {
		s.deliver()
		s.workKept()
		s.fetches()
		s.check()
	}
	s.fetches()
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
