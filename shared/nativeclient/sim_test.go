package nativeclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/network"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// TestSimulation runs a client against a model of the server that makes no mistakes but
// to say things twice, over connections that break at any point. One seed is one whole run.
func TestSimulation(t *testing.T) {
	total := tally{}
	runs := random.Each(t, 600, 100, func(seed uint64) {
		s := newSim(t, seed, random.Alone())
		s.run()
		total.add(s.tally)
	})
	if runs < 600 || t.Failed() {
		return
	}
	// A simulation in which these do not happen has shown nothing.
	for what, n := range map[string]int{
		"received": total.received, "gaps": total.gaps, "answered": total.answered, "unanswered": total.unanswered,
		"repeats": total.repeats, "drops": total.drops, "sessions": total.sessions, "full windows": total.full, "expired": total.expired,
	} {
		if n < 20 {
			t.Errorf("%s: only %d", what, n)
		}
	}
	t.Logf("%+v", total)
}

// tally is what happened in a run, or in all of them.
type tally struct{ received, gaps, answered, unanswered, repeats, drops, sessions, full, expired int }

func (t *tally) add(o tally) {
	t.received += o.received
	t.gaps += o.gaps
	t.answered += o.answered
	t.unanswered += o.unanswered
	t.repeats += o.repeats
	t.drops += o.drops
	t.sessions += o.sessions
	t.full += o.full
	t.expired += o.expired
}

// sim is one run: the program, the connection and the server.
type sim struct {
	t       *testing.T
	seed    uint64
	verbose bool
	rnd     random.Random
	now     time.Time
	e       *Client
	role    Role
	server  simServer
	tally   tally
	lines   []string

	gen      uint64 // the client's connection, 0 for none
	opening  bool   // dialled, not open yet
	cut      bool   // it is dead, and the client does not know
	up, down network.Pipe[[]byte]
	pending  []Event // what the shell owes the client

	last     uint64 // the newest number that the program received
	begun    bool
	asks     uint64
	open     map[uint64]string // requests without an answer
	ever     map[string]bool   // texts that were on the wire
	inFlight map[string]bool   // on this connection
	order    []uint64          // the asks as answered, in one session
	retried  bool
	quiet    bool // nothing goes wrong any more
}

func newSim(t *testing.T, seed uint64, verbose bool) *sim {
	s := &sim{
		t: t, seed: seed, verbose: verbose, rnd: random.Of(seed, 11), now: epoch, role: Role(seed % 2),
		open: map[uint64]string{}, ever: map[string]bool{}, inFlight: map[string]bool{},
	}
	s.server = simServer{sim: s, window: 1 + s.rnd.IntN(4), most: 3 + s.rnd.IntN(12), stored: map[string]uint64{}}
	s.e = New(Config{Role: s.role, Name: "m", SessionID: map[Role]string{App: "s1"}[s.role], Package: "com.example.a", Rand: seed})
	return s
}

func (s *sim) note(format string, args ...any) {
	s.lines = append(s.lines, s.now.Sub(epoch).String()+" "+fmt.Sprintf(format, args...))
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	if s.verbose {
		s.t.Log("\n" + strings.Join(s.lines, "\n"))
	}
	s.t.Fatalf("seed %d (run with -sim.seed=%d): %s", s.seed, s.seed, fmt.Sprintf(format, args...))
}

func (s *sim) run() {
	s.step(Start{})
	for range 300 {
		s.act()
	}
	s.calm()
	if s.verbose {
		s.t.Log("\n" + strings.Join(s.lines, "\n"))
	}
}

// act lets one thing happen.
func (s *sim) act() {
	switch n := s.rnd.IntN(100); {
	case n < 20:
		s.server.post()
	case n < 35:
		s.submit()
	case n < 55:
		s.deliverUp()
	case n < 78:
		s.deliverDown()
	case n < 84:
		s.breakLine(s.rnd.IntN(2) == 0)
	case n < 86:
		s.note("the server starts anew")
		s.server.conn = 0
		s.breakLine(true)
	case n < 88 && s.role == Device:
		s.server.endSession()
	case n < 90:
		s.step(Hold{})
	case n < 93:
		s.step(Release{})
	case n < 95:
		s.step(Wake{})
	default:
		s.pass(time.Duration(s.rnd.Int64N(int64(4 * time.Second))))
	}
	s.check()
}

// pass lets time pass; the client is woken when it asked for it, or late.
func (s *sim) pass(by time.Duration) {
	if !clock.Pass(&s.now, s.now.Add(by), 0, s.e.Deadline, func() { s.step(Woken{}) }) {
		s.fail("woken, it is due again at once")
	}
}

// calm has everything work, until nothing is left to do.
func (s *sim) calm() {
	s.note("all is calm")
	s.quiet = true
	s.step(Release{})
	for i := 0; ; i++ {
		if s.cut {
			s.breakLine(true)
		}
		for s.up.Len()+s.down.Len() > 0 || s.opening {
			s.deliverUp()
			s.deliverDown()
			s.check()
		}
		if s.e.conn.Live() && len(s.open) == 0 && len(s.server.kept) == 0 {
			break
		}
		if i > 200 {
			s.fail("not calm: phase %d, %d requests open, %d frames kept, last %d of %d", s.e.conn.Phase(), len(s.open), len(s.server.kept), s.last, s.server.sent)
		}
		s.pass(time.Second)
	}
	if s.begun && s.last != s.server.sent || s.server.acked != s.server.sent {
		s.fail("received up to %d of %d", s.last, s.server.sent)
	}
}

func (s *sim) submit() {
	s.asks++
	text := fmt.Sprintf("%d", s.asks)
	s.open[s.asks] = text
	to := map[Role]string{Device: "com.example.a"}[s.role]
	s.step(Submit{Ask: s.asks, Event: protocol.EventAppMessage, Package: to, Data: []byte(text)})
}

// breakLine loses what is on its way. The client learns of it, or finds out.
func (s *sim) breakLine(known bool) {
	if s.gen == 0 {
		return
	}
	s.tally.drops++
	s.note("the connection %d breaks, known %v", s.gen, known)
	s.up.Cut()
	s.down.Cut()
	if s.server.conn == s.gen && s.rnd.IntN(2) == 0 {
		s.server.conn = 0
	}
	if !known {
		s.cut = true
		return
	}
	gen := s.gen
	s.gen, s.opening, s.cut = 0, false, false
	s.step(Closed{Gen: gen, Code: []int{1000, 1001, 1006, 4001}[s.rnd.IntN(4)]})
}

func (s *sim) deliverUp() {
	switch {
	case s.gen == 0 || s.cut:
	case s.opening:
		s.opening = false
		s.step(Opened{Gen: s.gen})
	case s.up.Len() > 0:
		text, _ := s.up.Take()
		s.server.take(s.gen, text)
	}
}

func (s *sim) deliverDown() {
	if s.gen == 0 || s.cut || s.down.Len() == 0 {
		return
	}
	text, _ := s.down.Take()
	if f, _ := protocol.Decode(text, protocol.Limits{}); f.Event == protocol.EventAck || f.Event == protocol.EventError {
		delete(s.inFlight, f.MessageID)
	}
	s.note("receives %s", text)
	s.step(Received{Gen: s.gen, Text: text})
}

// step is one event and what the shell does about it.
func (s *sim) step(ev Event) {
	s.pending = append(s.pending, ev)
	for len(s.pending) > 0 {
		ev := s.pending[0]
		s.pending = s.pending[1:]
		for _, effect := range s.e.Step(s.now, ev) {
			s.carryOut(effect)
		}
	}
}

func (s *sim) carryOut(effect Effect) {
	s.note("%s", show(effect))
	switch e := effect.(type) {
	case Dial:
		if s.gen != 0 {
			s.fail("a dial beside a connection")
		}
		s.gen, s.opening, s.cut = e.Gen, true, false
		s.up.Cut()
		s.down.Cut()
		clear(s.inFlight)
	case Write:
		s.wrote(e)
	case CloseSocket:
		if e.Gen != s.gen {
			return
		}
		// What was written before leaves before the close, or is lost.
		for s.up.Len() > 0 && !s.cut && s.rnd.IntN(4) > 0 {
			s.deliverUp()
		}
		if s.server.conn == s.gen {
			s.server.conn = 0
		}
		s.gen, s.opening = 0, false
		s.up.Cut()
		s.down.Cut()
	case FetchToken:
		s.pending = append(s.pending, TokenFetched{Token: token("ann", s.now, 15*time.Minute)})
	case Message:
		s.message(e)
	case Gap:
		s.gap(e)
	case Answered:
		s.answered(e)
	case Refused:
		s.refused(e)
	}
}
