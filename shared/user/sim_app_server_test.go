package user_test

import (
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// serverTurn is an app's server in one session of one user.
func (o *outside) serverTurn(s *launch) {
	p := s.plug
	switch n := o.rand.IntN(40); {
	case p == nil:
		if !s.stopped && o.rand.IntN(3) == 0 {
			o.dial(s)
		}
	case n < 2:
		o.cut(p, o.rand.IntN(3) > 0)
	case n == 2 && p.open: // it closes its connection itself, and means to come back
		s.plug = nil
		o.ended(p, 1000)
	case !p.open:
	case n < 5:
		o.ping(p)
	case n == 5 && o.rand.IntN(3) == 0:
		o.plugSays(p, `{"type":"system","event":"disconnect"}`)
	case n < 20 || !p.ready:
		for range o.rand.IntN(6) {
			o.listen(s)
		}
	case n < 27:
		o.acknowledge(s)
	case n < 30 && len(s.pending) > 0:
		o.insist(s)
	case n == 30: // a second line, while the first one is there
		o.late = append(o.late, p)
		o.dial(s)
	case len(s.pending) < 5 && !s.hold:
		o.counter++
		id := fmt.Sprint("n", o.counter)
		o.sentTo[id] = s.name
		text := fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"data":%q}}`, id, id)
		s.pending = append(s.pending, unanswered{id, text})
		o.plugSays(p, text)
	}
}

// dial opens a socket, as a rule by the session id that the webhook was given.
func (o *outside) dial(s *launch) {
	p := &plug{conn: user.ConnID(o.id("a")), name: s.name, key: o.key(s.name).id, session: s.id}
	switch n := o.rand.IntN(20); {
	case o.quiet || n > 1:
		s.plug = p
	case n == 0: // an earlier start's, or another app's
		p.session = o.order[o.rand.IntN(len(o.order))].id
		if other := o.starts[p.session]; other == s {
			s.plug = p
		} else {
			o.counts["wrong session"]++
		}
	default:
		p.name = packages[o.rand.IntN(len(packages))]
		p.key = o.key(p.name).id
	}
	o.plugs[p.conn] = p
	o.asks = append(o.asks, &ask{connect: &app.Connect{Conn: p.conn, Package: p.name, KeyID: p.key, SessionID: p.session}})
}

// cut ends a connection without a close; the object is notified late or never.
func (o *outside) cut(p *plug, noticed bool) {
	p.cut, p.ready, p.inbox = true, false, nil
	if s := o.starts[p.session]; s != nil && s.plug == p {
		s.plug = nil
	}
	if noticed && !slices.Contains(o.late, p) {
		o.late = append(o.late, p)
	}
}

// ended notifies the object of a socket's end, until it has taken it.
func (o *outside) ended(p *plug, code int) {
	o.late = slices.DeleteFunc(o.late, func(q *plug) bool { return p == q })
	if !p.open {
		return
	}
	p.cut = true
	if s := o.starts[p.session]; s.plug == p {
		s.plug = nil
	}
	o.step(user.Disconnected{Conn: p.conn, Code: code, Seen: p.seen})
	known := false
	o.core.AppConns(func(conn user.ConnID) { known = known || conn == p.conn })
	if known {
		o.late = append(o.late, p)
	} else {
		o.closed(p, "")
	}
}

// ping is the server's heartbeat; where clients ping the runtime answers it.
func (o *outside) ping(p *plug) {
	switch {
	case p.cut || p.closed:
	case o.cfg.Device.ClientPings:
		p.seen = o.now
	default:
		o.plugSays(p, protocol.PingText)
	}
}

// plugSays is a frame of a server. What one says whose socket is closed counts for
// nothing.
func (o *outside) plugSays(p *plug, text string) {
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		o.fail("%s: %v", text, err)
	}
	o.step(user.FrameReceived{Conn: p.conn, Frame: f, Size: len(text)})
}

func (o *outside) acknowledge(s *launch) {
	o.plugSays(s.plug, fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, s.received))
}

// insist is repeat for a server.
func (o *outside) insist(s *launch) {
	s.hold = false
	for _, m := range slices.Clone(s.pending) {
		if s.plug == nil || !s.plug.ready || s.hold {
			return
		}
		if _, placed := o.placed[m.id]; placed {
			o.counts["repeated"]++
		}
		o.plugSays(s.plug, m.text)
	}
}

// listen takes one frame off a server's line; the first thing it does on it is to say who
// it is.
func (o *outside) listen(s *launch) {
	p := s.plug
	if p == nil || !p.open {
		return
	}
	if len(p.inbox) == 0 {
		if !p.ready {
			p.forgetful = o.rand.IntN(5) == 0
			text := fmt.Sprintf(`{"type":"app","event":"app_connection_init","data":{"session_id":%q,"last_seq":%d}}`, s.id, s.received)
			if p.forgetful {
				text = `{"type":"app","event":"app_connection_init"}`
			}
			o.plugSays(p, text)
		}
		return
	}
	text := p.inbox[0]
	p.inbox = p.inbox[1:]
	d := o.parse(string(text))
	switch {
	case d.Event == "app_connection_ack":
		p.ready = true
		s.client = d.Data.ClientConnected
		if gap := d.Data.Gap; gap != nil {
			if gap.From != s.received+1 && (!p.forgetful || gap.From > s.received) || gap.To < gap.From || gap.To > max(s.received, s.pushed) || gap.Count != gap.To-gap.From+1 {
				o.fail("%s had received %d, lost is up to %d, and it got the gap %+v", s.name, s.received, s.pushed, *gap)
			}
			s.received = max(s.received, gap.To)
			o.counts["gap"]++
		}
		if d.Data.Resumed {
			o.insist(s)
		}
	case d.Event == "ping":
		o.plugSays(p, pongText)
	case d.Event == "ack":
		s.answer(d.MessageID, "")
	case d.Event == "error":
		s.answer(d.Data.Details.MessageID, d.refusal())
	case d.Event == "app_stopped":
		s.stopped = true
		s.received = max(s.received, d.Seq)
	case d.Seq > 0 && d.Seq <= s.received && p.forgetful: // once more
		o.counts["replayed"]++
	case d.Seq > 0:
		if !p.ready || d.Seq != s.received+1 {
			o.fail("%s received %d after %d", s.id, d.Seq, s.received)
		}
		s.received = d.Seq
		switch d.Event {
		case "app_message":
			id := fmt.Sprint(d.Data.Data)
			if s.got[id] {
				o.fail("%s received %s twice", s.id, id)
			}
			s.got[id] = true
		case "client_disconnected", "client_reconnected":
			s.client = d.Event == "client_reconnected"
		}
	}
}
