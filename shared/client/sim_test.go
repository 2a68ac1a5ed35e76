package client

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/network"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// TestSimulation runs tabs against a server that makes no mistakes, over connections,
// a channel and pages that make all of them. One seed is one whole run.
func TestSimulation(t *testing.T) {
	runs := random.Each(t, 300, 60, func(seed uint64) { simulate(t, seed, random.Alone(), nil) })
	if runs >= 60 && (restores == 0 || replays == 0) {
		t.Errorf("a snapshot was given %d times, and the log replayed %d times", restores, replays)
	}
}

// restores is how often a tab was, in all runs.
var restores int

// sim is one run.
type sim struct {
	*world
	t    *testing.T
	seed uint64
	rnd  random.Random

	log      []protocol.SyncOp // the document
	byID     map[string]uint64
	session  int
	lastLost time.Time // when the channel lost its connection; zero while it has one
	kept     string    // the client id in storage
	conn     *simConn
	up, down network.Pipe[*packet]
	expires  time.Time

	// floor is how far the log is trimmed; the snapshot is of this version.
	floor, snapshot uint64

	received map[*fakeTab][]string
	missing  map[*fakeTab][]uint64  // comments from before a snapshot that are still to come
	again    map[*fakeTab]*replayed // the last replay each tab asked for
	sends    int
	settled  map[string]bool // sends that were answered
	owner    map[string]*fakeTab
	heirs    map[string][]*fakeTab // of the ops of pages that were left: who was there
	final    bool                  // the document is gone: every dial is refused for good
	notified map[*fakeTab]bool     // who knows, and may not dial any more
	quiet    bool
	verbose  bool
	spins    int
	refused  string   // for now, by its message id: what comes behind it has to wait
	closing  *keptSim // of a run with a store
	phone    phone
}

type simConn struct {
	tab *fakeTab
	gen uint64
	// client is under which client id it was dialled.
	client string
	dead   bool // the server does not know yet, or the tab does not
	open   bool
}

type packet struct {
	conn *simConn
	text []byte
	dial *Dial
	code int // the end, when not 0
}

const (
	simGrace          = 30 * time.Second
	simUnacknowledged = 4
)

func simulate(t *testing.T, seed uint64, verbose bool, kept *keptSim) {
	s := &sim{
		world: newWorld(), t: t, seed: seed, rnd: random.Of(seed, 7), byID: map[string]uint64{},
		received: map[*fakeTab][]string{}, missing: map[*fakeTab][]uint64{}, again: map[*fakeTab]*replayed{}, settled: map[string]bool{}, owner: map[string]*fakeTab{}, heirs: map[string][]*fakeTab{},
		notified: map[*fakeTab]bool{}, verbose: verbose,
	}
	s.lag = true
	s.onDial, s.onWrite, s.onClose, s.onEmit, s.onSent = s.dialled, s.written, s.hungUp, s.emitted, s.answered
	if kept != nil {
		s.keeps(kept)
	}
	s.openTab()
	for range 400 {
		s.act()
		s.check()
		if t.Failed() {
			return
		}
	}
	s.calm()
	s.reopen()
	if verbose {
		t.Log(strings.Join(s.lines, "\n"))
	}
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	if s.verbose {
		s.t.Log(strings.Join(s.lines, "\n"))
	}
	s.t.Fatalf("seed %d (run with -sim.seed=%d): %s", s.seed, s.seed, fmt.Sprintf(format, args...))
}

func (s *sim) openTab() {
	name := "t" + strconv.Itoa(len(s.tabs)+1)
	t := s.open(name, func(c *Config) {
		c.Rand, c.ClientID = s.rnd.Uint64(), s.clientID()
		if s.closing != nil {
			c.Offline, c.User = true, "u1"
		}
	})
	if s.seed%3 == 0 { // a leader that soon has no room
		t.c.room = room{ops: 3, bytes: 40, offered: 25}
	}
}

// cleared reports whether this run's profile has a storage that an app clears, or that is
// full: then tabs begin with different client ids. Its log is never trimmed, for a snapshot
// does not say whose ops are in it.
func (s *sim) cleared() bool { return s.seed%2 == 0 && s.closing == nil }

// clientID is what a tab begins with.
func (s *sim) clientID() string {
	if s.cleared() && (s.kept == "" || s.rnd.IntN(3) == 0) {
		made := "c" + strconv.Itoa(len(s.tabs)+1)
		if s.rnd.IntN(3) == 0 {
			return made
		}
		s.kept = made
	}
	return cmp.Or(s.kept, "c1")
}

// some picks a tab that is there; awake or not.
func (s *sim) some(awake bool) *fakeTab {
	var can []*fakeTab
	for _, t := range s.tabs {
		if !t.gone && (!awake || !t.frozen) {
			can = append(can, t)
		}
	}
	if len(can) == 0 {
		return nil
	}
	return can[s.rnd.IntN(len(can))]
}

// act lets one thing happen.
func (s *sim) act() {
	if s.actKept() {
		return
	}
	t := s.some(true)
	switch n := s.rnd.IntN(100); {
	case t == nil:
		if t = s.some(false); t != nil && s.rnd.IntN(2) == 0 {
			s.thaw(t)
		} else {
			s.openTab()
		}
	case n < 40:
		s.deliver()
	case n < 55:
		s.write(t)
	case n < 72:
		if who, at := s.next(); who != nil && at.Sub(s.now) < time.Minute {
			s.wake(who, at)
		}
	case n < 76:
		s.now = s.now.Add(time.Duration(s.rnd.IntN(4000)) * time.Millisecond)
	case n < 78:
		s.now = s.now.Add(time.Duration(s.rnd.IntN(200)) * time.Second)
	case n < 79:
		s.compact()
	case n < 82:
		s.cut()
	case n < 85:
		if s.alive() < 5 {
			s.openTab()
		}
	case n < 86:
		s.do(t, Close{})
	case n < 87:
		s.goAway(t)
	case n < 88:
		s.crash(t)
		if s.closing != nil {
			s.abandon(t, s.rnd.IntN(4))
		}
	case n < 90: // frozen as the platform says it: with an event before
		s.leaves(t)
		s.do(t, []Event{Freeze{}, PageHide{}}[s.rnd.IntN(2)])
		t.frozen = true
	case n < 91: // and as it happens
		t.frozen = true
	case n < 95:
		for _, f := range s.tabs {
			if f.frozen && !f.gone {
				s.thaw(f)
				break
			}
		}
	case n < 97:
		s.do(t, []Event{Hidden{}, Visible{}, Online{}, Offline{}, Reconnect{}}[s.rnd.IntN(5)])
	case n < 98 && s.rnd.IntN(2) == 0:
		s.replay(t)
	case n < 98:
		s.do(t, Refresh{})
	case n < 99 && s.seed%5 == 0 && s.rnd.IntN(4) > 0:
		s.pocket(t)
	case n < 99 || s.seed%4 > 0 || s.rnd.IntN(3) > 0:
		s.others()
	default: // the document is deleted
		s.final = true
		if c := s.conn; c != nil {
			s.conn = nil
			s.refuse(c)
		}
	}
	s.fetches()
}

// write is a tab's app sending something.
func (s *sim) write(t *fakeTab) {
	s.sends++
	id := fmt.Sprintf("%s/%d", t.name, s.sends)
	s.owner[id] = t
	if s.sends%3 == 0 {
		s.do(t, Comment{ID: id, Event: "create", Body: []byte(strconv.Quote(id))})
		return
	}
	s.do(t, Send{id, []byte(strconv.Quote(id))})
}

// goAway is a page that is left for good: it learns of it, and is gone.
func (s *sim) goAway(t *fakeTab) {
	var heirs []*fakeTab
	for _, o := range s.tabs {
		if o != t && !o.gone && !o.c.suspended {
			heirs = append(heirs, o)
		}
	}
	s.do(t, PageHide{})
	s.write(t) // in a listener of the app's that comes late
	for _, o := range t.c.log.outbox {
		s.heirs[o.id] = heirs
	}
	s.leaves(t)
	s.crash(t)
	if s.closing != nil {
		s.abandon(t, s.rnd.IntN(4))
	}
}

// wake is the timer. A few deadlines may come due one after the other; one that
// never goes away would have the page wake for ever.
func (s *sim) wake(t *fakeTab, at time.Time) {
	for s.closing != nil && s.store.first(t) >= 0 { // a store that takes longer than keepTimeout is none
		s.work(s.store.first(t))
		s.run()
	}
	s.now = maxTime(s.now, at)
	s.do(t, Woken{})
	s.spins++
	if next, ok := t.c.Deadline(); !ok || next.After(s.now) {
		s.spins = 0
	}
	if s.spins > 20 {
		s.fail("%s wakes and wakes", t.name)
	}
}

func (s *sim) alive() (n int) {
	for _, t := range s.tabs {
		if !t.gone {
			n++
		}
	}
	return n
}

// others is another member of the document writing something.
func (s *sim) others() {
	s.append(protocol.SyncOp{MessageID: fmt.Sprintf("x-%d", len(s.log)), UserID: "u2", ClientID: "c2", Op: []byte(fmt.Sprintf(`"x%d"`, len(s.log)))})
}

// fetches answers the tabs that asked the app for a token, sometimes.
func (s *sim) fetches() {
	for _, t := range s.tabs {
		if !t.fetching || t.gone || t.frozen || !s.quiet && s.rnd.IntN(3) > 0 {
			continue
		}
		t.fetching = false
		if !s.quiet && s.rnd.IntN(6) == 0 {
			s.do(t, TokenFailed{Message: "no"})
		} else {
			s.do(t, TokenFetched{Token: s.token("u1", s.now, 15*time.Minute)})
		}
	}
}

// deliver lets one message on one of the connections, or on the channel, arrive.
func (s *sim) deliver() {
	switch s.rnd.IntN(3) {
	case 0:
		if len(s.posted) > 0 {
			// In order for each pair of tabs, which is all a browser promises;
			// here in order altogether.
			l := s.posted[0]
			s.posted = s.posted[1:]
			s.do(l.to, Broadcast{l.text})
		}
	case 1:
		if s.up.Len() > 0 {
			p, _ := s.up.Take()
			s.serve(p)
		}
	case 2:
		if s.down.Len() > 0 {
			p, _ := s.down.Take()
			s.arrive(p)
		}
	}
}

func (s *sim) arrive(p *packet) {
	switch {
	case p.conn.tab.gone:
	case p.code != 0:
		s.do(p.conn.tab, Closed{Gen: p.conn.gen, Code: p.code})
	case p.conn.tab.frozen:
		// Measured: what a frozen page is sent is lost, and its socket closed.
		s.lose(p.conn)
	default:
		s.do(p.conn.tab, Received{Gen: p.conn.gen, Text: p.text})
	}
}
