package nativeclient

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// wrote is the client's frame on its way.
func (s *sim) wrote(e Write) {
	if e.Gen != s.gen {
		s.fail("a write on %d, not %d", e.Gen, s.gen)
	}
	f, bad := protocol.Decode(e.Text, protocol.Limits{})
	if bad != nil {
		s.fail("no server can read %s", e.Text)
	}
	if f.Event == protocol.EventAppMessage {
		p, _ := protocol.ParseAppMessage(f.Data)
		s.ever[string(p.Data)] = true
		s.inFlight[f.MessageID] = true
		switch n := len(s.inFlight); {
		case n > s.server.window:
			s.fail("%d unanswered at once, %d are allowed", n, s.server.window)
		case n == s.server.window:
			s.tally.full++
		}
	}
	if !s.cut {
		s.up.Put(e.Text)
	}
}

// message checks a message for the program: once, in order, and what the server sent.
func (s *sim) message(m Message) {
	if s.begun && m.Seq != s.last+1 {
		s.fail("received %d after %d", m.Seq, s.last)
	}
	if want := s.server.text(m.Seq); string(m.Data) != want {
		s.fail("received %d as %s, it was %s", m.Seq, m.Data, want)
	}
	s.begun, s.last = true, m.Seq
	s.tally.received++
}

// gap is what was lost: all of it, and nothing that the program received.
func (s *sim) gap(g Gap) {
	if g.Reason == ReasonSkipped || s.begun && g.From != s.last+1 || g.To < g.From || g.To > s.server.sent {
		s.fail("a gap %d-%d (%s) after %d, of %d", g.From, g.To, g.Reason, s.last, s.server.sent)
	}
	if g.To > s.server.gone {
		s.fail("a gap up to %d, but only %d are gone", g.To, s.server.gone)
	}
	s.begun, s.last = true, g.To
	s.tally.gaps++
}

func (s *sim) answered(a Answered) {
	text, ok := s.open[a.Ask]
	if !ok {
		s.fail("answered %d, which nobody waits for", a.Ask)
	}
	delete(s.open, a.Ask)
	if got := s.server.byText[text]; len(got) != 1 || got[0] != a.Seq {
		s.fail("%s is answered with %d, stored as %v", text, a.Seq, got)
	}
	if n := len(s.order); n > 0 && !s.retried && s.order[n-1] > a.Seq {
		s.fail("%d was stored before %d, which was asked for first", a.Seq, s.order[n-1])
	}
	s.order = append(s.order, a.Seq)
	s.tally.answered++
}

func (s *sim) refused(r Refused) {
	text, ok := s.open[r.Ask]
	if !ok {
		s.fail("refused %d, which nobody waits for", r.Ask)
	}
	delete(s.open, r.Ask)
	if r.Err.Reason != ReasonUnanswered || !s.ever[text] {
		s.fail("%s is refused: %v", text, r.Err)
	}
	s.tally.unanswered++
}

// check holds at any time.
func (s *sim) check() {
	for text, at := range s.server.byText {
		if len(at) > 1 {
			s.fail("%s is stored as %v", text, at)
		}
	}
	if h := s.e.inbound; s.begun && h.last != s.last {
		s.fail("it believes in %d, received was %d", h.last, s.last)
	}
}

// simServer is the other end: an outbox down, and up a memory of message ids. Both end
// with the session, whose numbers go on.
type simServer struct {
	*sim
	conn    uint64 // the connection that counts
	session int
	sent    uint64
	acked   uint64
	gone    uint64 // up to here nothing is kept
	kept    []uint64
	texts   []string
	known   bool // it was admitted before
	expired bool // the token: nothing is taken until it is renewed

	window, most int
	stored       map[string]uint64 // by message id
	count        uint64
	byText       map[string][]uint64
}

func (v *simServer) text(seq uint64) string { return v.texts[seq-1] }

// post keeps a message, and sends it to whoever is there.
func (v *simServer) post() {
	if v.session == 0 {
		return
	}
	v.sent++
	v.texts = append(v.texts, strconv.Quote("t"+strconv.FormatUint(v.sent, 10)))
	v.kept = append(v.kept, v.sent)
	for len(v.kept) > v.most {
		v.gone, v.kept = v.kept[0], v.kept[1:]
	}
	v.send(v.message(v.sent))
	if v.rnd.IntN(10) == 0 {
		v.send(v.message(v.sent)) // twice
	}
}

func (v *simServer) message(seq uint64) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppMessage, Seq: seq, Data: protocol.AppMessage{From: "operator", Data: []byte(v.text(seq))}.Append(nil)}
}

func (v *simServer) send(f protocol.Frame) {
	if v.conn != 0 && v.conn == v.gen && !v.cut {
		v.down.Put(f.Append(nil))
	}
}

func (v *simServer) endSession() {
	if v.conn != 0 || v.session == 0 {
		return
	}
	v.note("the session ends")
	v.tally.sessions++
	v.kept, v.gone, v.acked = nil, v.sent, v.sent
	v.session++
	clear(v.stored)
	v.order = nil
}

// take is a frame of the client's.
func (v *simServer) take(conn uint64, text []byte) {
	f, _ := protocol.Decode(text, protocol.Limits{})
	switch f.Event {
	case protocol.EventConnectionInit:
		p, _ := protocol.ParseConnectionInit(f.Data)
		v.admit(conn, p.SessionID, p.LastSeq, p.HasLastSeq)
		return
	case protocol.EventAppConnectionInit:
		p, _ := protocol.ParseAppConnectionInit(f.Data)
		v.admit(conn, p.SessionID, p.LastSeq, p.HasLastSeq)
		return
	}
	if conn != v.conn {
		return
	}
	switch f.Event {
	case protocol.EventPing:
		v.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPong})
	case protocol.EventAck:
		p, _ := protocol.ParseAck(f.Data)
		v.ack(p.Seq)
	case protocol.EventTokenRefresh:
		v.expired = false
		v.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshed, Data: protocol.TokenRefreshed{
			ExpiresAt: v.now.Add(15 * time.Minute), ServerTime: v.now,
		}.Append(nil)})
	case protocol.EventAppMessage:
		v.store(f)
	}
}

func (v *simServer) ack(seq uint64) {
	if seq > v.sent {
		v.fail("acknowledged %d of %d", seq, v.sent)
	}
	v.acked = max(v.acked, seq)
	for len(v.kept) > 0 && v.kept[0] <= v.acked {
		v.gone, v.kept = v.kept[0], v.kept[1:]
	}
}

func (v *simServer) store(f protocol.Frame) {
	p, _ := protocol.ParseAppMessage(f.Data)
	at, known := v.stored[f.MessageID]
	switch {
	case known:
		v.tally.repeats++
	case v.expired && v.role == Device, !v.quiet && v.role == Device && v.rnd.IntN(40) == 0:
		v.retried, v.expired = true, true
		v.tally.expired++
		v.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventError, MessageID: f.MessageID, Data: (&protocol.Error{Code: protocol.TokenExpired}).Frame().Data})
		return
	case !v.quiet && v.rnd.IntN(12) == 0:
		v.retried = true
		e := protocol.Error{Code: protocol.RateLimitExceeded, RetryAfter: 300 * time.Millisecond, MessageID: f.MessageID}
		refusal := e.Frame()
		refusal.MessageID = f.MessageID
		v.send(refusal)
		return
	default:
		v.count++
		at = v.count
		v.stored[f.MessageID] = at
		if v.byText == nil {
			v.byText = map[string][]uint64{}
		}
		v.byText[string(p.Data)] = append(v.byText[string(p.Data)], at)
	}
	if v.quiet || v.rnd.IntN(6) > 0 { // or it stores, and is restarted before it answers
		v.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, MessageID: f.MessageID, Data: protocol.Ack{Seq: at}.Append(nil)})
	} else {
		v.note("stored %s, and ends", f.MessageID)
		v.conn = 0
		v.breakLine(true)
	}
}

// admit acknowledges a connection, which takes over from any other, and replays.
func (v *simServer) admit(conn uint64, session string, last uint64, says bool) {
	v.conn, v.expired = conn, false
	if v.session == 0 {
		v.session = 1
		for range v.rnd.IntN(5) {
			v.sent++ // numbers from another life
			v.texts = append(v.texts, "")
			v.gone, v.acked = v.sent, v.sent
		}
	}
	resumed := v.role == App && v.known || session == "s"+strconv.Itoa(v.session)
	v.known = true
	received := v.acked
	if says {
		received = last
	}
	var gap *protocol.Gap
	var replay *protocol.Range
	if received < v.gone {
		gap = &protocol.Gap{From: received + 1, To: v.gone, Count: v.gone - received, Reason: "too_many"}
	}
	if says {
		v.ack(last)
	}
	if len(v.kept) > 0 {
		replay = &protocol.Range{From: v.kept[0], To: v.sent}
	}
	limits := protocol.AckLimits{Unacknowledged: v.window}
	if v.role == App {
		v.send(protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppConnectionAck, Data: protocol.AppConnectionAck{
			Package: "com.example.a", UserID: "ann", SessionID: "s1", Resumed: resumed, Replay: replay, Gap: gap, HeartbeatInterval: 10 * time.Second, Limits: limits,
		}.Append(nil)})
	} else {
		v.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
			ClientID: "c", UserID: "ann", Permissions: []string{}, SessionID: "s" + strconv.Itoa(v.session), Resumed: resumed, Replay: replay, Gap: gap,
			ServerTime: v.now, ExpiresAt: v.now.Add(15 * time.Minute), HeartbeatInterval: 10 * time.Second, Limits: limits,
		}.Append(nil)})
	}
	for _, seq := range v.kept {
		v.send(v.message(seq))
	}
}
