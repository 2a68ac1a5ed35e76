package client

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	storage "github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/network"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// TestSimulationOfALogThatGoesBack has the tabs of a profile on a document's own core, whose
// storage is copied and put back, restored by operators, erased and made again, between
// crashes and lost connections. In the end every tab has exactly what the log holds; and what a
// tab that is still there has sent is in the log, or was given back.
func TestSimulationOfALogThatGoesBack(t *testing.T) {
	var all rewindCounts
	runs := random.Each(t, 400, 80, func(seed uint64) {
		s := newRewindSim(t, seed)
		s.play()
		all.putBack += s.counts.putBack
		all.told += s.counts.told
		all.back += s.counts.back
		all.compared += s.counts.compared
	})
	if runs >= 80 && (all.putBack == 0 || all.told == 0 || all.back == 0) {
		t.Errorf("storage was put back %d times, tabs were told %d times, and got %d ops back; %d times another tab's log was compared", all.putBack, all.told, all.back, all.compared)
	}
}

type rewindCounts struct{ putBack, restored, erased, told, back, compared int }

// rewindSim is one run. The tabs are user u1's; u2 writes by itself.
type rewindSim struct {
	*world
	t      *testing.T
	seed   uint64
	rnd    random.Random
	cfg    document.Config
	core   *document.Document
	store  *storage.DocumentStorage
	states [][]string // what the document is, by version
	copies []copiedLog
	socks  map[document.ConnID]*rewindSock
	of     map[*fakeTab]*rewindSock // the newest of each tab
	up     network.Pipe[func()]
	down   network.Pipe[func()]
	made   int
	u2     document.ConnID
	access uint64
	counts rewindCounts

	shown   map[*fakeTab][]string
	sent    map[string]*fakeTab
	settled map[string]bool
	back    map[string]bool
	trims   bool
}

type copiedLog struct {
	store  *storage.DocumentStorage
	states [][]string
}

type rewindSock struct {
	tab  *fakeTab
	gen  uint64
	open bool
}

func newRewindSim(t *testing.T, seed uint64) *rewindSim {
	s := &rewindSim{
		world: newWorld(), t: t, seed: seed, rnd: random.Of(seed, 11), store: storage.NewDocumentStorage("welcome"), states: [][]string{nil},
		socks: map[document.ConnID]*rewindSock{}, of: map[*fakeTab]*rewindSock{}, shown: map[*fakeTab][]string{},
		sent: map[string]*fakeTab{}, settled: map[string]bool{}, back: map[string]bool{},
	}
	s.trims = s.rnd.Chance(0.4)
	if s.trims {
		s.cfg.KeepOps, s.cfg.SnapshotConfirm = 2, time.Millisecond
		s.cfg.ReplacedBytes = []int{0, 1}[s.rnd.IntN(2)]
	}
	if s.rnd.Chance(0.3) {
		s.cfg.MaxReplay = 4
	}
	s.cfg.PerUser = 3
	s.cfg = s.cfg.WithDefaults()
	s.lag = true
	s.onDial, s.onWrite, s.onClose, s.onEmit, s.onSent = s.dialled, s.written, s.hungUp, s.emitted, s.answered
	s.boot(nil)
	s.openTab()
	return s
}

func (s *rewindSim) fail(format string, args ...any) {
	s.t.Helper()
	if random.Alone() {
		s.t.Log(strings.Join(s.lines, "\n"))
	}
	s.t.Fatalf("seed %d (run with -sim.seed=%d): %s", s.seed, s.seed, fmt.Sprintf(format, args...))
}

func (s *rewindSim) note(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *rewindSim) openTab() {
	s.open("t"+strconv.Itoa(len(s.tabs)+1), func(c *Config) { c.Rand = s.rnd.Uint64() })
}

// What happens.

func (s *rewindSim) play() {
	for range 500 {
		s.act()
	}
	s.calm()
}

func (s *rewindSim) act() {
	var awake []*fakeTab
	for _, t := range s.tabs {
		if !t.gone {
			awake = append(awake, t)
		}
	}
	if len(awake) == 0 {
		s.openTab()
		return
	}
	t := awake[s.rnd.IntN(len(awake))]
	switch n := s.rnd.IntN(1000); {
	case n < 480:
		s.deliver()
	case n < 600:
		id := fmt.Sprintf("%s/%d", t.name, len(s.sent)+1)
		s.sent[id] = t
		s.do(t, Send{id, []byte(strconv.Quote(id))})
	case n < 700:
		s.others()
	case n < 800:
		if who, at := s.next(); who != nil && at.Sub(s.now) < time.Minute {
			s.now = maxTime(s.now, at)
			s.do(who, Woken{})
		}
	case n < 830:
		s.now = s.now.Add(time.Duration(s.rnd.IntN(3000)) * time.Millisecond)
		if at, ok := s.core.Deadline(); ok && !at.After(s.now) {
			s.step(document.Woken{})
		}
	case n < 850:
		for conn, l := range s.socks { // any: there is one, but for a moment
			delete(s.socks, conn)
			s.lost(l)
			s.step(document.Disconnected{Conn: conn, Code: 1006})
			break
		}
	case n < 865:
		s.note("server: crash")
		s.stop()
	case n < 890:
		if len(awake) < 4 {
			s.openTab()
		}
	case n < 900:
		s.crash(t)
		delete(s.shown, t)
		if l := s.of[t]; l != nil {
			l.open = false
		}
	case n < 915 && s.trims:
		s.snapshot()
	case n < 945:
		s.copies = append(s.copies, copiedLog{s.store.Copy(), slices.Clone(s.states)})
	case n < 965 && len(s.copies) > 0:
		c := s.copies[s.rnd.IntN(len(s.copies))]
		s.note("server: put back from %d to %d", s.store.Version(), c.store.Version())
		s.counts.putBack++
		access := s.store.State
		s.store, s.states = c.store.Copy(), slices.Clone(c.states)
		s.store.State.Access, s.store.State.AccessAt, s.store.State.Erased = access.Access, access.AccessAt, access.Erased
		s.stop()
	case n < 970 && s.store.Version() > 0:
		s.note("server: operator's restore")
		s.counts.restored++
		s.step(s.store.RestoreTo(1+uint64(s.rnd.IntN(int(s.store.Version()))), storage.NewestSnapshot, "olive"))
	case n < 985 && len(s.socks) == 0: // else they learn that it is deleted, and end
		s.note("server: erase")
		s.counts.erased++
		s.step(document.Erase{Generation: s.store.Generation()})
	}
	s.fetches()
}

func (s *rewindSim) fetches() {
	for _, t := range s.tabs {
		if t.fetching && !t.gone {
			t.fetching = false
			s.do(t, TokenFetched{Token: s.token("u1", s.now, 15*time.Minute)})
		}
	}
}

// others is u2 writing.
func (s *rewindSim) others() {
	if s.u2 == "" {
		conn := s.conn()
		s.u2 = conn
		if !s.connect(document.Connect{Conn: conn, Grant: s.grant("u2"), ClientID: "c2"}) {
			s.u2 = ""
			return
		}
	}
	s.made++
	s.frameOfU2(protocol.Frame{Type: "operation", Event: "op", MessageID: fmt.Sprint("x", s.made), Data: protocol.Op{Op: fmt.Appendf(nil, `"x%d"`, s.made)}.Append(nil)})
}

func (s *rewindSim) frameOfU2(f protocol.Frame) {
	s.step(s.store.Received(s.u2, "u2", f, len(f.Append(nil))))
}

// snapshot is u2 storing what the document is.
func (s *rewindSim) snapshot() {
	v := s.store.Version()
	if s.u2 == "" || v == 0 || v <= s.store.State.Snapshot {
		return
	}
	s.now = s.now.Add(time.Second)
	data := strconv.Quote("[" + strings.Join(s.states[v], ",") + "]")
	s.made++
	s.frameOfU2(protocol.Frame{Type: "operation", Event: "snapshot", MessageID: fmt.Sprint("s", s.made), Data: protocol.Snapshot{DocumentVersion: v, Parts: 1, Data: []byte(data)}.Append(nil)})
}

func (s *rewindSim) deliver() bool {
	var can []func()
	if len(s.posted) > 0 {
		can = append(can, func() {
			l := s.posted[0]
			s.posted = s.posted[1:]
			s.do(l.to, Broadcast{l.text})
		})
	}
	for _, p := range []*network.Pipe[func()]{&s.up, &s.down} {
		if p.Len() > 0 {
			can = append(can, func() {
				f, _ := p.Take()
				f()
			})
		}
	}
	if len(can) == 0 {
		return false
	}
	can[s.rnd.IntN(len(can))]()
	return true
}

func (s *rewindSim) calm() {
	s.note("server: calm, version %d", s.store.Version())
	alive := slices.DeleteFunc(slices.Clone(s.tabs), func(t *fakeTab) bool { return t.gone })
	if len(alive) == 0 {
		s.openTab()
	}
	for end, spins := s.now.Add(5*time.Minute), 0; s.now.Before(end) && spins < 20000; spins++ {
		if s.deliver() {
			s.fetches()
			continue
		}
		s.fetches()
		who, at := s.next()
		if due, ok := s.core.Deadline(); ok && (who == nil || due.Before(at)) && due.Before(end) {
			s.now = maxTime(s.now.Add(time.Millisecond), due)
			var seen []document.Seen
			for conn := range s.socks {
				seen = append(seen, document.Seen{Conn: conn, At: s.now})
			}
			if s.u2 != "" {
				seen = append(seen, document.Seen{Conn: s.u2, At: s.now})
			}
			s.step(document.Woken{Seen: seen})
			continue
		}
		if who == nil || at.After(end) {
			break
		}
		s.now = maxTime(s.now, at)
		s.do(who, Woken{})
	}
	now := s.states[len(s.states)-1]
	for _, t := range s.tabs {
		switch {
		case t.gone, t.c.stopped:
		case t.c.status.state != stateConnected:
			s.fail("%s is %+v", t.name, t.c.status)
		case !slices.Equal(s.shown[t], now):
			s.fail("%s calls itself connected at version %d of %d, and has\n%s\nthe log holds\n%s", t.name, t.c.log.version, len(s.states)-1, s.shown[t], now)
		}
	}
	for id, t := range s.sent {
		stored := slices.Contains(now, strconv.Quote(id))
		switch {
		case t.gone, t.c.stopped:
		case !s.settled[id]:
			s.fail("%s was never answered", id)
		case !stored && !s.back[id] && !s.trims:
			s.fail("%s was stored, is not in the log, and was not given back", id)
		case stored && s.back[id] && s.counts.restored == 0 && s.counts.putBack < 2:
			s.fail("%s is in the log, and was given back", id)
		}
	}
}
