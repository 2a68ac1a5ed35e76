package client

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The server.

func (s *rewindSim) boot(open map[document.ConnID]bool) {
	core, err := document.Restore(s.cfg, s.store.Boot(s.cfg.Unacknowledged, open))
	if err != nil {
		s.fail("it does not restore: %v", err)
	}
	s.core = core
}

// crash takes all sockets.
func (s *rewindSim) stop() {
	s.boot(nil)
	for conn, l := range s.socks {
		delete(s.socks, conn)
		s.lost(l)
		s.step(document.Disconnected{Conn: conn, Code: 1006})
	}
	if s.u2 != "" {
		s.step(document.Disconnected{Conn: s.u2, Code: 1006})
		s.u2 = ""
	}
}

func (s *rewindSim) lost(l *rewindSock) {
	if l.open {
		l.open = false
		s.down.Put(func() { s.do(l.tab, Closed{Gen: l.gen, Code: 1006}) })
	}
}

func (s *rewindSim) step(ev document.Event) (first document.Effect) {
	for queue := []document.Event{ev}; len(queue) > 0; queue = queue[1:] {
		for i, e := range s.core.Step(s.now, queue[0]) {
			if i == 0 && first == nil {
				first = e
			}
			s.store.Apply(e)
			switch e := e.(type) {
			case document.Append:
				s.states = append(s.states, append(slices.Clone(s.states[len(s.states)-1]), string(e.Entry.Op)))
			case document.RestoreLog:
				s.states = append(s.states, s.states[e.Base])
				for _, entry := range s.store.Log {
					if entry.Version > e.Snapshot {
						s.states = append(s.states, append(slices.Clone(s.states[len(s.states)-1]), string(entry.Op)))
					}
				}
			case document.Erased:
				s.states, s.access = [][]string{nil}, e.Access
			case document.Send:
				for _, conn := range e.Conns {
					s.send(conn, e.Text)
				}
			case document.Close:
				if l := s.socks[e.Conn]; l != nil {
					delete(s.socks, e.Conn)
					l.open = false
					s.down.Put(func() { s.do(l.tab, Closed{Gen: l.gen, Code: e.Code}) })
				}
				if e.Conn == s.u2 {
					s.u2 = ""
				}
			case document.Notify:
				queue = append(queue, document.Notified{UserID: e.UserID, ClientID: e.ClientID, SessionID: e.SessionID, OK: true})
			case document.Replay:
				answer, _ := s.store.Deliver(e, 200, func(text []byte) { s.send(e.Conn, text) })
				queue = append(queue, answer)
			case document.Sync:
				answer, _ := s.store.Deliver(e, 200, func(text []byte) { s.send(e.Conn, text) })
				queue = append(queue, answer)
			case document.VerifyToken:
				queue = append(queue, document.TokenVerified{Conn: e.Conn, Grant: s.grant(e.UserID)})
			}
		}
	}
	if s.rnd.Chance(0.2) { // it sleeps with its sockets
		open := map[document.ConnID]bool{}
		for conn := range s.socks {
			open[conn] = true
		}
		if open[s.u2] = s.u2 != ""; !open[s.u2] {
			delete(open, s.u2)
		}
		if len(open) > 0 {
			s.boot(open)
		}
	}
	return first
}

func (s *rewindSim) send(conn document.ConnID, text []byte) {
	text = slices.Clone(text)
	if l := s.socks[conn]; l != nil {
		s.down.Put(func() {
			if l.open || s.of[l.tab] == l {
				s.do(l.tab, Received{Gen: l.gen, Text: text})
			}
		})
	}
}

func (s *rewindSim) grant(user string) document.Grant {
	return document.Grant{UserID: user, SessionID: "s-" + user, Permissions: 3, Epoch: 1, Access: s.access, Expires: s.now.Add(15 * time.Minute), AdmittedAt: s.now}
}

func (s *rewindSim) connect(c document.Connect) bool {
	if c.Position.Generation != "" {
		s.store.LookUp(&c)
	}
	for range 3 {
		if c.Known = s.core.Knows(c.Grant.UserID, c.ClientID); !c.Known {
			c.Receipts = s.store.Receipts(c.Grant.UserID, c.ClientID, s.cfg.Unacknowledged)
		}
		if _, ok := s.step(c).(document.Accept); ok {
			return true
		}
		s.now = s.now.Add(time.Millisecond)
		c.Grant = s.grant(c.Grant.UserID)
		c.Grant.SessionID += "-again"
	}
	return false
}

func (s *rewindSim) conn() document.ConnID {
	s.made++
	return document.ConnID(fmt.Sprintf("%016x", s.made))
}

// The tabs' side.

func (s *rewindSim) dialled(t *fakeTab, d Dial) {
	l := &rewindSock{tab: t, gen: d.Gen, open: true}
	s.of[t] = l
	u, err := url.Parse(d.URL)
	if err != nil {
		s.fail("%v", err)
	}
	s.up.Put(func() {
		if !l.open || t.gone {
			return
		}
		q := u.Query()
		last, _ := strconv.ParseUint(q.Get("last_seq"), 10, 64)
		c := document.Connect{
			Conn: s.conn(), Grant: s.grant("u1"), ClientID: q.Get("client_id"), SessionID: q.Get("session_id"),
			LastSeq: last, HasLastSeq: q.Has("last_seq"), Redial: q.Get("redial") == "true",
		}
		if q.Has("position") {
			c.Position = document.ParsePosition(q.Get("position"))
		}
		s.note("server: connect of %s with %d of %s", t.name, last, q.Get("position"))
		s.socks[c.Conn] = l
		if !s.connect(c) {
			delete(s.socks, c.Conn)
			s.lost(l)
		}
	})
}

func (s *rewindSim) written(t *fakeTab, w Write) {
	l := s.of[t]
	text := slices.Clone(w.Text)
	s.up.Put(func() {
		for conn, at := range s.socks {
			if at == l && l.open && l.gen == w.Gen {
				f, e := protocol.Decode(text, protocol.DefaultLimits)
				if e != nil {
					s.fail("the server cannot read %s: %v", text, e)
				}
				s.step(s.store.Received(conn, "u1", f, len(text)))
				return
			}
		}
	})
}

func (s *rewindSim) hungUp(t *fakeTab, e CloseSocket) {
	if e.Code == 1000 && strings.HasPrefix(e.Reason, "compare") {
		s.counts.compared++
	}
	if l := s.of[t]; l != nil && l.gen == e.Gen {
		l.open = false
		delete(s.of, t)
		s.up.Put(func() {
			for conn, at := range s.socks {
				if at == l {
					delete(s.socks, conn)
					s.step(document.Disconnected{Conn: conn, Code: e.Code})
					return
				}
			}
		})
	}
}

func (s *rewindSim) emitted(t *fakeTab, e Emit) {
	switch e.Type {
	case "operation":
		s.shown[t] = append(s.shown[t], string(jsonscan.Field(e.Detail, "op")))
	case "snapshot":
		s.shown[t] = nil
		for a := jsonscan.Elements(jsonscan.Field(e.Detail, "data")); a.Next(); {
			s.shown[t] = append(s.shown[t], string(a.Value()))
		}
	case "gap":
		if reason, _ := jsonscan.Str(jsonscan.Field(e.Detail, "reason")); reason != protocol.Rewound {
			s.fail("%s learns of a gap: %s", t.name, e.Detail)
		}
		s.shown[t] = nil
		s.counts.told++
	case "unsaved":
		id, _ := jsonscan.Str(jsonscan.Field(e.Detail, "op"))
		if s.back[id] {
			s.fail("%s is given back twice", id)
		}
		s.back[id] = true
		s.counts.back++
	}
}

func (s *rewindSim) answered(t *fakeTab, e Effect) {
	switch e := e.(type) {
	case Sent:
		s.settled[e.ID] = true
	case Unsent:
		if !strings.Contains(string(e.Error), codeRewound) && !t.c.stopped {
			s.fail("%s is refused: %s", e.ID, e.Error)
		}
		s.settled[e.ID], s.back[e.ID] = true, true
		s.counts.back++
	}
}
