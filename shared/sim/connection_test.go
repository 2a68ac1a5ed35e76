package sim_test

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/network"
)

// connection is one socket, with its two ends and what may go wrong between them.
type connection struct {
	w    *world
	c    *client
	conn document.ConnID
	born time.Time
	// asked is whether the connect said what the client had received.
	asked bool
	said  attempt
	log   *history // of the document, when the connection was opened
	// cut is a connection that carries nothing any more, whether or not an end knows.
	cut                    bool
	cutAt                  time.Time
	clientOpen, serverOpen bool
	clientClosed           time.Time
	toServer, toClient     network.Way
	lastFrame              time.Time // last frame the server received on it
	acked                  uint64    // the newest version that the client acknowledged
	shown                  int       // what the client showed last on it
}

// lastPing is what the runtime would say: when it last answered a ping.
func (l *connection) lastPing() time.Time {
	if !l.c.pings {
		return time.Time{}
	}
	end := l.w.Now
	if l.cut && l.cutAt.Before(end) {
		end = l.cutAt
	}
	if !l.clientOpen && l.clientClosed.Before(end) {
		end = l.clientClosed
	}
	k := end.Sub(l.born) / (10 * time.Second)
	if k < 1 {
		return time.Time{}
	}
	return l.born.Add(k * 10 * time.Second)
}

// up carries a client's frame through the real codec.
func (l *connection) up(text []byte) {
	if !l.clientOpen {
		return
	}
	text = slices.Clone(text)
	l.toServer.Send(&l.w.Clock, l.w.rng.Between(0, 80*time.Millisecond), func() {
		if l.cut || !l.serverOpen {
			return
		}
		if l.c.doc.judge(false); !l.serverOpen {
			return
		}
		l.lastFrame = l.w.Now
		f, e := protocol.Decode(text, protocol.Limits{})
		if e != nil {
			l.c.doc.step(document.FrameInvalid{Conn: l.conn, Err: e, Size: len(text)})
			return
		}
		if p, ok := protocol.ParseAck(f.Data); ok && f.Event == protocol.EventAck {
			l.acked = max(l.acked, p.Seq)
		}
		l.c.doc.step(l.c.doc.store.Received(l.conn, l.c.user.id, f, len(text)))
	})
}

// down carries a text of the server's. The effect's memory is reused, so it is
// copied, as a socket does.
func (l *connection) down(text []byte) {
	text = slices.Clone(text)
	l.toClient.Send(&l.w.Clock, l.w.rng.Between(0, 80*time.Millisecond), func() {
		if l.cut || !l.clientOpen {
			return
		}
		f, e := protocol.Decode(text, protocol.Limits{FrameBytes: 1 << 20})
		if e != nil {
			l.w.fail("the server sent %s: %v", text, e)
		}
		l.c.receive(l, f)
	})
}

// serverClose ends the server's half. The close event of a socket the server
// closed comes late, or very late.
func (l *connection) serverClose(code int) {
	l.serverOpen = false
	l.c.doc.noteClose(l, code)
	l.toClient.Send(&l.w.Clock, l.w.rng.Between(0, 80*time.Millisecond), func() {
		if !l.cut && l.clientOpen {
			l.shut()
			l.c.closed(l, code)
		}
	})
	l.w.After(l.w.rng.Between(0, 40*time.Second), func() {
		l.w.counts.LateClose++
		l.c.doc.step(document.Disconnected{Conn: l.conn, Code: 1006, Seen: l.lastPing()})
	})
}

// shut ends the client's half.
func (l *connection) shut() {
	l.clientOpen, l.clientClosed = false, l.w.Now
}

// clientClose is a close frame: it arrives behind what was sent before it.
func (l *connection) clientClose(code int) {
	if !l.clientOpen {
		return
	}
	l.shut()
	l.toServer.Send(&l.w.Clock, l.w.rng.Between(0, 80*time.Millisecond), func() {
		if !l.cut {
			l.serverLearns(code)
		}
	})
}

// serverLearns is the end of the socket as the server learns of it.
func (l *connection) serverLearns(code int) {
	if !l.serverOpen {
		return
	}
	l.serverOpen = false
	l.c.doc.noteClose(l, 1006)
	l.c.doc.step(document.Disconnected{Conn: l.conn, Code: code, Seen: l.lastPing()})
}

// sever cuts the connection. Each end learns of it in its own time, the server
// perhaps by a send that fails, perhaps never.
func (l *connection) sever() {
	if l.cut {
		return
	}
	w := l.w
	l.cut, l.cutAt = true, w.Now
	w.note("%s of %s is cut", l.conn, l.c.id)
	w.After(w.rng.Between(0, 12*time.Second), func() {
		if l.clientOpen {
			l.shut()
			l.c.closed(l, 1006)
		}
	})
	switch w.rng.IntN(4) {
	case 0: // half-open: nothing ever comes
	case 1:
		w.After(w.rng.Between(0, 20*time.Second), func() {
			if l.serverOpen {
				l.c.doc.step(document.SendFailed{Conn: l.conn, Seen: l.lastPing()})
			}
		})
	default:
		w.After(w.rng.Between(0, 45*time.Second), func() { l.serverLearns(1006) })
	}
}
