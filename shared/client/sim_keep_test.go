package client

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// TestSimulationOfAClosedBrowser is the same with a store, and with a browser that is closed
// at any moment, all tabs at once: what was kept by then is stored, once and in order, by
// whatever page is opened next. The server remembers as few messages as it may, and the log
// is trimmed.
func TestSimulationOfAClosedBrowser(t *testing.T) {
	var all keptSim
	runs := random.Each(t, 300, 60, func(seed uint64) {
		k := newKeptSim()
		simulate(t, seed, random.Alone(), k)
		all.closed += k.closed
		all.resent += k.resent
		all.returned += k.returned
		all.erased += k.erased
	})
	if runs >= 60 && (all.closed == 0 || all.resent == 0 || all.erased == 0 || all.returned*10 > all.resent) {
		t.Errorf("the browser was closed %d times and %d times erased; %d ops went out after it, and %d came back", all.closed, all.erased, all.resent, all.returned)
	}
}

// keptSim is what a run with a store knows beside.
type keptSim struct {
	kept                             map[string]bool // message ids that are in the store, or were until they were answered
	back                             map[string]bool // that the app was given back
	stored                           map[string]bool // that the server has stored
	handed                           map[string]bool // that a tab handed over, since it did not know yet that they are kept
	newest                           map[string]int  // of each tab's sends, the newest that is stored
	closed, resent, returned, erased int
}

func newKeptSim() *keptSim {
	return &keptSim{kept: map[string]bool{}, back: map[string]bool{}, stored: map[string]bool{}, handed: map[string]bool{}, newest: map[string]int{}}
}

// keeps gives the run its store.
func (s *sim) keeps(k *keptSim) {
	s.closing = k
	s.onKept = func(id string) { k.kept[id] = true }
	s.onErased = func() {
		k.erased++
		k.kept = map[string]bool{}
	}
}

// actKept lets one of the things happen that only a run with a store has.
func (s *sim) actKept() bool {
	if s.closing == nil {
		return false
	}
	switch n := s.rnd.IntN(600); {
	case n < 6:
		s.closeBrowser()
		s.openTab()
	case n < 7:
		if t := s.some(true); t != nil && !s.final {
			s.do(t, SignOut{})
			for _, o := range s.tabs {
				if !o.gone {
					s.do(o, Close{}) // its app shows who may sign in
				}
			}
		}
	case n < 9:
		s.store.full = !s.store.full
	case n < 150:
		return s.workKept()
	default:
		return false
	}
	s.fetches()
	return true
}

// workKept has the store do something for one of the tabs.
func (s *sim) workKept() bool {
	if len(s.store.waiting) == 0 {
		return false
	}
	t := s.store.waiting[s.rnd.IntN(len(s.store.waiting))].tab
	s.work(s.store.first(t))
	s.run()
	return true
}

// closeBrowser ends all tabs at once. Of what they had asked the store for, some is done.
func (s *sim) closeBrowser() {
	s.closing.closed++
	for _, t := range s.tabs {
		if !t.gone {
			t.gone, t.frozen = true, false
			s.drop(t)
		}
	}
	for _, t := range s.tabs {
		s.abandon(t, s.rnd.IntN(4))
	}
	s.holder, s.queue, s.posted = nil, nil, nil
	s.cut()
}

// knows is a server that remembers the newest messages of the client, as many as it may have
// under way.
func (s *sim) knows(id string) (uint64, bool) {
	n := 0
	for i := len(s.log) - 1; i >= 0 && n < simUnacknowledged; i-- {
		if s.log[i].UserID == "u1" {
			if n++; s.log[i].MessageID == id {
				return s.log[i].Version, true
			}
		}
	}
	return 0, false
}

// storesKept checks what the server is about to store.
func (s *sim) storesKept(e protocol.SyncOp) {
	k := s.closing
	k.stored[e.MessageID] = true
	what := string(e.Op) + string(jsonscan.Field(e.Comment, "body"))
	tab, number, _ := strings.Cut(strings.Trim(what, `"`), "/")
	n, _ := strconv.Atoi(number)
	if !k.kept[e.MessageID] || k.handed[e.MessageID] {
		return // it may have gone another way than what was kept
	}
	if n < k.newest[tab] {
		s.fail("%s is stored after %s/%d", what, tab, k.newest[tab])
	}
	k.newest[tab] = n
	if t := s.tabs[len(s.tabs)-1]; t.name != tab && s.tab(tab) == nil {
		k.resent++
	}
}

// leaves notes what a page that is about to be frozen or left hands over.
func (s *sim) leaves(t *fakeTab) {
	for _, o := range t.c.log.outbox {
		if s.closing != nil && !o.safe {
			s.closing.handed[o.messageID] = true
		}
	}
}

func (s *sim) givenBack(t *fakeTab, e Emit) {
	id, _ := jsonscan.Str(jsonscan.Field(e.Detail, "messageId"))
	if code, _ := jsonscan.Str(jsonscan.Field(jsonscan.Field(e.Detail, "error"), "code")); code != codeMayBeStored {
		s.fail("%s is given %s back: %s", t.name, id, e.Detail)
	}
	s.closing.returned++
	s.closing.back[id] = true
}

// reopen closes the browser for the last time: what it had kept is stored in the end.
func (s *sim) reopen() {
	if s.closing == nil || s.final {
		return
	}
	s.closeBrowser()
	s.openTab()
	s.store.full = false
	end := s.now.Add(10 * time.Minute)
	for s.now.Before(end) {
		s.settle()
		who, at := s.next()
		if who == nil || at.After(end) {
			break
		}
		s.wake(who, at)
	}
	for id := range s.closing.kept {
		if !s.closing.stored[id] && !s.closing.back[id] {
			s.fail("%s was kept, and is neither stored nor given back", id)
		}
	}
	for _, r := range s.store.records {
		if !s.closing.back[r.id] {
			s.fail("%s is stored, and still kept", r.id)
		}
	}
}
