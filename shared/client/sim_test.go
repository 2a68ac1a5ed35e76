package client

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "run this one simulation")
	simRuns = flag.Int("sim.runs", 300, "how many simulations to run")
)

// TestSimulation runs tabs against a server that makes no mistakes, over lines,
// a channel and pages that make all of them. One seed is one whole run.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		simulate(t, *simSeed, true)
		return
	}
	for seed := uint64(1); seed <= uint64(*simRuns) && !t.Failed(); seed++ {
		simulate(t, seed, false)
	}
}

// sim is one run.
type sim struct {
	*world
	t    *testing.T
	seed uint64
	rnd  *rand.Rand

	log      []protocol.SyncOp // the document
	byID     map[string]uint64
	session  int
	lastLost time.Time // when the channel lost its connection; zero while it has one
	conn     *simConn
	up, down []*packet
	expires  time.Time

	heard   map[*fakeTab][]string
	sends   int
	settled map[string]bool // sends that were answered
	owner   map[string]*fakeTab
	final   bool              // the document is gone: every dial is refused for good
	told    map[*fakeTab]bool // who knows, and may not dial any more
	quiet   bool
	verbose bool
	spins   int
}

type simConn struct {
	tab  *fakeTab
	gen  uint64
	dead bool // the server does not know yet, or the tab does not
	open bool
}

type packet struct {
	conn *simConn
	text []byte
	dial *Dial
	code int // the end, when not 0
}

const simGrace = 30 * time.Second

func simulate(t *testing.T, seed uint64, verbose bool) {
	s := &sim{
		world: newWorld(), t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), byID: map[string]uint64{},
		heard: map[*fakeTab][]string{}, settled: map[string]bool{}, owner: map[string]*fakeTab{},
		told: map[*fakeTab]bool{}, verbose: verbose,
	}
	s.lag = true
	s.onDial, s.onWrite, s.onClose, s.onEmit, s.onSent = s.dialled, s.written, s.hungUp, s.emitted, s.answered
	s.openTab()
	for range 400 {
		s.act()
		s.check()
		if t.Failed() {
			return
		}
	}
	s.calm()
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
	s.open(name, func(c *Config) { c.Rand = s.rnd.Uint64() })
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
		s.sends++
		id := fmt.Sprintf("%s/%d", t.name, s.sends)
		s.owner[id] = t
		s.do(t, Send{id, []byte(strconv.Quote(id))})
	case n < 72:
		if who, at := s.next(); who != nil && at.Sub(s.now) < time.Minute {
			s.wake(who, at)
		}
	case n < 76:
		s.now = s.now.Add(time.Duration(s.rnd.IntN(4000)) * time.Millisecond)
	case n < 78:
		s.now = s.now.Add(time.Duration(s.rnd.IntN(200)) * time.Second)
	case n < 82:
		s.cut()
	case n < 85:
		if s.alive() < 5 {
			s.openTab()
		}
	case n < 87:
		s.do(t, Close{})
	case n < 88:
		s.crash(t)
	case n < 90: // frozen as the platform says it: with an event before
		s.do(t, Freeze{})
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
		s.do(t, []Event{Hidden{}, Visible{}, Online{}, Offline{}}[s.rnd.IntN(4)])
	case n < 98:
		s.do(t, Refresh{})
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

// wake is the timer. A few deadlines may come due one after the other; one that
// never goes away would have the page wake for ever.
func (s *sim) wake(t *fakeTab, at time.Time) {
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
			s.do(t, TokenFetched{s.token("u1", s.now, 15*time.Minute)})
		}
	}
}

// deliver lets one message on one of the lines, or on the channel, arrive.
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
		if len(s.up) > 0 {
			p := s.up[0]
			s.up = s.up[1:]
			s.serve(p)
		}
	case 2:
		if len(s.down) > 0 {
			p := s.down[0]
			s.down = s.down[1:]
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
		s.do(p.conn.tab, Received{p.conn.gen, p.text})
	}
}

// The tab's side of its socket.

func (s *sim) dialled(t *fakeTab, d Dial) {
	if s.told[t] {
		s.fail("%s dials after a final error", t.name)
	}
	if !t.c.tabs.leading {
		s.fail("%s dials without leading", t.name)
	}
	s.up = append(s.up, &packet{conn: &simConn{tab: t, gen: d.Gen, open: true}, dial: &d})
}

func (s *sim) written(t *fakeTab, w Write) {
	if c := s.current(t, w.Gen); c != nil {
		s.up = append(s.up, &packet{conn: c, text: w.Text})
	}
}

func (s *sim) hungUp(t *fakeTab, e CloseSocket) {
	for _, p := range s.up {
		if p.dial != nil && p.conn.tab == t && p.conn.gen == e.Gen {
			p.conn.open = false
		}
	}
	if c := s.current(t, e.Gen); c != nil {
		s.up = append(s.up, &packet{conn: c, code: e.Code})
	}
}

func (s *sim) current(t *fakeTab, gen uint64) *simConn {
	if c := s.conn; c != nil && c.tab == t && c.gen == gen {
		return c
	}
	return nil
}

// cut breaks the line: both sides hear of it, neither gets what was under way.
func (s *sim) cut() {
	if s.conn != nil {
		s.lose(s.conn)
	}
}

func (s *sim) lose(c *simConn) {
	if s.conn == c {
		s.conn, s.lastLost = nil, s.now
	}
	s.up = without(s.up, c)
	s.down = append(without(s.down, c), &packet{conn: c, code: 1006})
}

func without(list []*packet, c *simConn) []*packet {
	var out []*packet
	for _, p := range list {
		if p.conn != c {
			out = append(out, p)
		}
	}
	return out
}

// The server.

func (s *sim) send(c *simConn, f protocol.Frame) {
	s.down = append(s.down, &packet{conn: c, text: f.Append(nil)})
}

func (s *sim) serve(p *packet) {
	c := p.conn
	if p.dial != nil {
		if c.open && !c.tab.gone {
			s.admit(c, p.dial)
		}
		return
	}
	if s.conn != c {
		return
	}
	if p.code != 0 {
		s.conn, s.lastLost = nil, s.now
		return
	}
	f, e := protocol.Decode(p.text, protocol.DefaultLimits)
	if e != nil {
		s.fail("the server cannot read %s: %v", p.text, e)
	}
	s.frame(c, f)
}

func (s *sim) admit(c *simConn, d *Dial) {
	u, err := url.Parse(d.URL)
	if err != nil || len(d.Protocols) != 2 || d.Protocols[0] != protocol.Version {
		s.fail("bad dial %v %v", d, err)
	}
	token, _ := strings.CutPrefix(d.Protocols[1], protocol.BearerPrefix)
	claims, f := readToken(token)
	if f != nil {
		s.fail("dial with a token that is none: %v", f)
	}
	if !s.now.Before(time.Unix(claims.Exp, 0)) {
		e := protocol.Error{Code: protocol.TokenExpired}
		s.send(c, e.Frame())
		s.down = append(s.down, &packet{conn: c, code: e.CloseCode()})
		return
	}
	if s.final {
		s.refuse(c)
		return
	}
	s.expires = time.Unix(claims.Exp, 0)
	if old := s.conn; old != nil {
		// The same client takes over: closed without a word.
		s.up = without(s.up, old)
		s.down = append(s.down, &packet{conn: old, code: 4409})
	}
	q := u.Query()
	resumed := q.Get("session_id") == s.sessionID() && s.session > 0 && (s.lastLost.IsZero() || s.now.Sub(s.lastLost) < simGrace)
	if !resumed {
		s.session++
	}
	s.conn, s.lastLost = c, time.Time{}
	a := protocol.ConnectionAck{
		ClientID: q.Get("client_id"), UserID: "u1", Permissions: []string{"read", "write"},
		DocumentVersion: uint64(len(s.log)), SessionID: s.sessionID(), Resumed: resumed,
		ServerTime: s.now, ExpiresAt: s.expires, HeartbeatInterval: 10 * time.Second,
		Limits: protocol.AckLimits{Unacknowledged: 4},
	}
	from, _ := strconv.ParseUint(q.Get("last_seq"), 10, 64)
	if q.Has("last_seq") && from < uint64(len(s.log)) {
		a.Replay = &protocol.Range{From: from + 1, To: uint64(len(s.log))}
	}
	s.send(c, protocol.Frame{Type: "system", Event: "connection_ack", Data: a.Append(nil)})
	if a.Replay != nil {
		for _, e := range s.log[from:] {
			f := protocol.Frame{Type: "operation", Event: "op", Seq: e.Version, Data: protocol.Op{Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)}
			if e.UserID == "u1" {
				f.Event, f.MessageID = "operation_ack", e.MessageID
				f.Data = protocol.OperationAck{DocumentVersion: e.Version, Op: e.Op, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)
			}
			s.send(c, f)
		}
	}
}

func (s *sim) refuse(c *simConn) {
	e := protocol.Error{Code: protocol.DocumentNotFound}
	s.send(c, e.Frame())
	s.down = append(s.down, &packet{conn: c, code: e.CloseCode()})
}

func (s *sim) sessionID() string { return "s" + strconv.Itoa(s.session) }

func (s *sim) frame(c *simConn, f protocol.Frame) {
	switch f.Event {
	case "ping":
		s.send(c, protocol.Frame{Type: "system", Event: "pong"})
	case "op":
		p, _ := protocol.ParseOp(f.Data)
		v, known := s.byID[f.MessageID]
		if !known && s.rnd.IntN(20) == 0 && !s.quiet {
			e := protocol.Error{Code: protocol.RateLimitExceeded, RetryAfter: time.Second, MessageID: f.MessageID}
			s.send(c, e.Frame())
			return
		}
		if !known {
			v = s.append(protocol.SyncOp{MessageID: f.MessageID, UserID: "u1", ClientID: "c1", Op: append([]byte(nil), p.Op...)})
		}
		s.send(c, protocol.Frame{Type: "operation", Event: "operation_ack", MessageID: f.MessageID, Seq: v, Data: protocol.OperationAck{DocumentVersion: v}.Append(nil)})
	case "sync_request":
		p, _ := protocol.ParseSyncRequest(f.Data)
		from, to := min(p.From, uint64(len(s.log))), uint64(len(s.log))
		for first := true; first || from < to; first = false {
			last := min(from+3, to)
			s.send(c, protocol.Frame{Type: "operation", Event: "document_sync", Data: protocol.DocumentSync{From: from + 1, To: last, DocumentVersion: to, Ops: s.log[from:last]}.Append(nil)})
			from = last
		}
	case "token_refresh":
		p, _ := protocol.ParseTokenRefresh(f.Data)
		claims, _ := readToken(p.Token)
		s.expires = time.Unix(claims.Exp, 0)
		s.send(c, protocol.Frame{Type: "system", Event: "token_refreshed", Data: protocol.TokenRefreshed{ExpiresAt: s.expires, ExpiresIn: s.expires.Sub(s.now), ServerTime: s.now}.Append(nil)})
	case "disconnect":
		s.conn, s.lastLost = nil, s.now.Add(-simGrace)
	case "ack":
		p, _ := protocol.ParseAck(f.Data)
		if p.Seq > uint64(len(s.log)) {
			s.fail("acknowledges %d of %d", p.Seq, len(s.log))
		}
	}
}

// append stores an op; the writer hears of it by its acknowledgement.
func (s *sim) append(e protocol.SyncOp) uint64 {
	e.Version = uint64(len(s.log)) + 1
	s.log = append(s.log, e)
	s.byID[e.MessageID] = e.Version
	if s.conn != nil && e.UserID != "u1" {
		s.send(s.conn, protocol.Frame{Type: "operation", Event: "op", Seq: e.Version, Data: protocol.Op{Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)})
	}
	return e.Version
}

// What the apps hear.

func (s *sim) emitted(t *fakeTab, e Emit) {
	switch e.Type {
	case "operation":
		v, _ := jsontext.Uint(jsontext.Field(e.Detail, "version"))
		op := string(jsontext.Field(e.Detail, "op"))
		if want := uint64(len(s.heard[t])) + 1; v != want {
			s.fail("%s hears version %d, not %d", t.name, v, want)
		}
		if v > uint64(len(s.log)) || op != string(s.log[v-1].Op) {
			s.fail("%s hears %s as version %d", t.name, op, v)
		}
		s.heard[t] = append(s.heard[t], op)
	case "gap":
		s.fail("%s hears of a gap: %s", t.name, e.Detail)
	case "error":
		switch code, _ := jsontext.Str(jsontext.Field(e.Detail, "code")); protocol.Code(code) {
		case protocol.ConnectionReplaced:
			s.fail("%s gives in to a tab of its own profile", t.name)
		case protocol.DocumentNotFound:
			s.told[t] = true
		}
	}
}

func (s *sim) answered(t *fakeTab, e Effect) {
	switch e := e.(type) {
	case Sent:
		if s.settled[e.ID] {
			s.fail("send %s is answered twice", e.ID)
		}
		s.settled[e.ID] = true
		if string(s.log[e.Version-1].Op) != strconv.Quote(e.ID) {
			s.fail("send %s is answered with version %d, which is %s", e.ID, e.Version, s.log[e.Version-1].Op)
		}
	case Unsent:
		if !t.c.stopped {
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
// one leader, everybody has heard everything, and every send is answered.
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
		for len(s.posted)+len(s.up)+len(s.down) > 0 {
			s.deliver()
			s.fetches()
			s.check()
		}
		s.fetches()
		for _, t := range s.tabs {
			if !t.gone && t.c.token.spent {
				s.do(t, Refresh{}) // a person tries again
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
		if len(s.heard[t]) != len(s.log) {
			s.fail("%s has heard %d of %d", t.name, len(s.heard[t]), len(s.log))
		}
		if len(t.c.log.outbox) > 0 {
			s.fail("%s still waits for %d answers", t.name, len(t.c.log.outbox))
		}
	}
	for id, t := range s.owner {
		if !t.gone && !s.settled[id] {
			s.fail("send %s was never answered", id)
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
