package client

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The tab's side of its socket.

func (s *sim) dialled(t *fakeTab, d Dial) {
	if s.notified[t] {
		s.fail("%s dials after a final error", t.name)
	}
	if !t.c.tabs.leading {
		s.fail("%s dials without leading", t.name)
	}
	s.up.Put(&packet{conn: &simConn{tab: t, gen: d.Gen, open: true}, dial: &d})
}

func (s *sim) written(t *fakeTab, w Write) {
	if c := s.current(t, w.Gen); c != nil {
		s.up.Put(&packet{conn: c, text: w.Text})
	}
}

func (s *sim) hungUp(t *fakeTab, e CloseSocket) {
	s.up.Each(func(p *packet) {
		if p.dial != nil && p.conn.tab == t && p.conn.gen == e.Gen {
			p.conn.open = false
		}
	})
	if c := s.current(t, e.Gen); c != nil {
		s.up.Put(&packet{conn: c, code: e.Code})
	}
}

func (s *sim) current(t *fakeTab, gen uint64) *simConn {
	if c := s.conn; c != nil && c.tab == t && c.gen == gen {
		return c
	}
	return nil
}

// cut breaks the connection: both sides learn of it, neither gets what was under way.
func (s *sim) cut() {
	if s.conn != nil {
		s.lose(s.conn)
	}
}

func (s *sim) lose(c *simConn) {
	if s.conn == c {
		s.conn, s.lastLost = nil, s.now
	}
	s.up.Lose(of(c))
	s.down.Lose(of(c))
	s.down.Put(&packet{conn: c, code: 1006})
}

// of is what is under way on a connection.
func of(c *simConn) func(*packet) bool { return func(p *packet) bool { return p.conn == c } }

// The server.

func (s *sim) send(c *simConn, f protocol.Frame) {
	s.down.Put(&packet{conn: c, text: f.Append(nil)})
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
	if err != nil || len(d.Protocols()) != 2 || d.Protocols()[0] != protocol.Version {
		s.fail("bad dial %v %v", d, err)
	}
	token, _ := strings.CutPrefix(d.Protocols()[1], protocol.BearerPrefix)
	claims, f := clientconn.ReadToken(token)
	if f != nil {
		s.fail("dial with a token that is none: %v", f)
	}
	if !s.now.Before(time.Unix(claims.Exp, 0)) {
		e := protocol.Error{Code: protocol.TokenExpired}
		s.send(c, e.Frame())
		s.down.Put(&packet{conn: c, code: e.CloseCode()})
		return
	}
	if s.final {
		s.refuse(c)
		return
	}
	s.expires = time.Unix(claims.Exp, 0)
	q := u.Query()
	if !s.admitBeside(c, q) {
		return
	}
	if old := s.conn; old != nil {
		s.up.Lose(of(old))
		if id := q.Get("client_id"); id != old.client { // another client is named, the same one takes over without a word
			e := protocol.Error{Code: protocol.ConnectionReplaced, Details: []protocol.Detail{{Name: "client_id", Raw: []byte(strconv.Quote(id))}}}
			s.send(old, e.Frame())
		}
		s.down.Put(&packet{conn: old, code: 4409})
	}
	c.client = q.Get("client_id")
	resumed := q.Get("session_id") == s.sessionID() && s.session > 0 && (s.lastLost.IsZero() || s.now.Sub(s.lastLost) < simGrace)
	if !resumed {
		s.session++
	}
	s.conn, s.lastLost, s.refused = c, time.Time{}, ""
	a := protocol.ConnectionAck{
		ClientID: q.Get("client_id"), UserID: "u1", Permissions: []string{"read", "write"},
		DocumentVersion: uint64(len(s.log)), SessionID: s.sessionID(), Resumed: resumed,
		ServerTime: s.now, ExpiresAt: s.expires, HeartbeatInterval: 10 * time.Second,
		Limits: protocol.AckLimits{Unacknowledged: simUnacknowledged},
	}
	for _, e := range s.log {
		if e.UserID == "u1" {
			a.LastMessageID = e.MessageID
		}
	}
	from, _ := strconv.ParseUint(q.Get("last_seq"), 10, 64)
	if q.Has("last_seq") && from < uint64(len(s.log)) && from >= s.floor {
		a.Replay = &protocol.Range{From: from + 1, To: uint64(len(s.log))}
	}
	s.send(c, protocol.Frame{Type: "system", Event: "connection_ack", Data: a.Append(nil)})
	if a.Replay != nil {
		for _, e := range s.log[from:] {
			f := protocol.Frame{Type: "operation", Event: "op", Seq: e.Version, Data: protocol.Op{Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)}
			if e.UserID == "u1" {
				f.Event, f.MessageID = "operation_ack", e.MessageID
				f.Data = protocol.OperationAck{DocumentVersion: e.Version, Op: e.Op, Comment: e.Comment, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)
			}
			s.send(c, f)
		}
	}
}

func (s *sim) refuse(c *simConn) {
	e := protocol.Error{Code: protocol.DocumentNotFound}
	s.send(c, e.Frame())
	s.down.Put(&packet{conn: c, code: e.CloseCode()})
}

func (s *sim) sessionID() string { return "s" + strconv.Itoa(s.session) }

func (s *sim) frame(c *simConn, f protocol.Frame) {
	switch f.Event {
	case "ping":
		s.send(c, protocol.Frame{Type: "system", Event: "pong"})
	case "op", "create":
		v, known := s.byID[c.client+" "+f.MessageID]
		if s.closing != nil {
			v, known = s.knows(f.MessageID)
		}
		if !known && (s.rnd.IntN(20) == 0 && !s.quiet || s.overtakes(f.MessageID)) {
			e := protocol.Error{Code: protocol.RateLimitExceeded, RetryAfter: time.Second, MessageID: f.MessageID}
			s.send(c, e.Frame())
			s.refused = cmp.Or(s.refused, f.MessageID)
			return
		}
		if !known {
			e := protocol.SyncOp{MessageID: f.MessageID, UserID: "u1", ClientID: c.client}
			if f.Event == "op" {
				p, _ := protocol.ParseOp(f.Data)
				e.Op = append([]byte(nil), p.Op...)
			} else {
				p, _ := protocol.ParseComment(f.Data)
				p.Event, p.CommentID = f.Event, strconv.Itoa(len(s.log)+1)
				e.Comment = p.Append(nil)
			}
			v = s.append(e)
		}
		s.send(c, protocol.Frame{Type: "operation", Event: "operation_ack", MessageID: f.MessageID, Seq: v, Data: protocol.OperationAck{DocumentVersion: v}.Append(nil)})
	case "sync_request":
		p, _ := protocol.ParseSyncRequest(f.Data)
		s.sync(c, p)
	case "token_refresh":
		if !s.quiet && s.rnd.IntN(3) == 0 {
			e := protocol.Error{Code: protocol.AuthenticationFailed, MessageID: f.MessageID}
			s.send(c, e.Frame())
			return
		}
		p, _ := protocol.ParseTokenRefresh(f.Data)
		claims, _ := clientconn.ReadToken(p.Token)
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

// overtakes reports whether another op is refused that came before.
func (s *sim) overtakes(messageID string) bool {
	if s.refused == messageID {
		s.refused = ""
	}
	return s.refused != ""
}

// sync answers a few entries a frame, from the snapshot where the log has been trimmed,
// and now and then stops for the client to ask on.
func (s *sim) sync(c *simConn, p protocol.SyncRequest) {
	from, to, snapshot := min(p.From, uint64(len(s.log))), uint64(len(s.log)), uint64(0)
	say := func(d protocol.DocumentSync) (more bool) {
		d.DocumentVersion = to
		d.More = d.To < to && s.rnd.IntN(4) == 0
		s.send(c, protocol.Frame{Type: "operation", Event: "document_sync", Data: d.Append(nil)})
		return !d.More
	}
	switch {
	case p.Snapshot > 0 && p.Snapshot == s.snapshot && from < s.snapshot:
		snapshot = s.snapshot
		if p.Part > 0 && !say(s.part(p.Part)) {
			return
		}
	case from < s.floor:
		from, snapshot = 0, s.snapshot
		if !say(s.part(0)) || !say(s.part(1)) {
			return
		}
	}
	for first := true; first || from < to; first = false {
		last := min(from+3, to)
		d := protocol.DocumentSync{From: from + 1, To: last}
		for _, e := range s.log[from:last] {
			if e.Version > snapshot || e.Comment != nil {
				d.Ops = append(d.Ops, e)
			}
		}
		if !say(d) {
			return
		}
		from = last
	}
}

// part is one of the two of the snapshot, which says its version and no more.
func (s *sim) part(n int) protocol.DocumentSync {
	return protocol.DocumentSync{From: 1, Snapshot: &protocol.Snapshot{
		DocumentVersion: s.snapshot, Part: n, Parts: 2, Data: [][]byte{[]byte(`"[1,"`), []byte(`"2]"`)}[n],
	}}
}

// compact trims the log.
func (s *sim) compact() {
	if n := uint64(len(s.log)); n > s.snapshot+1 && !s.cleared() {
		s.snapshot = s.snapshot + 1 + uint64(s.rnd.IntN(int(n-s.snapshot)))
		s.floor += uint64(s.rnd.IntN(int(s.snapshot-s.floor) + 1))
	}
}

// append stores an op; the writer learns of it by its acknowledgement.
func (s *sim) append(e protocol.SyncOp) uint64 {
	if s.closing != nil && e.UserID == "u1" {
		s.storesKept(e)
	}
	e.Version = uint64(len(s.log)) + 1
	s.log = append(s.log, e)
	for _, old := range s.log[:e.Version-1] {
		if old.MessageID == e.MessageID && (s.closing == nil || s.closing.kept[e.MessageID]) {
			s.fail("%s is stored twice: as version %d by %s, and as %d by %s", e.MessageID, old.Version, old.ClientID, e.Version, e.ClientID)
		}
	}
	s.byID[e.ClientID+" "+e.MessageID] = e.Version
	if s.conn != nil && e.UserID != "u1" {
		s.send(s.conn, protocol.Frame{Type: "operation", Event: "op", Seq: e.Version, Data: protocol.Op{Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID}.Append(nil)})
	}
	return e.Version
}
