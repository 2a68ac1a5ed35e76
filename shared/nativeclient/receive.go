package nativeclient

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// inbound is how far the numbered frames have come.
type inbound struct {
	last uint64
	// known is whether there is a number to go on from: not before the first frame of a
	// client that came late to its channel.
	known bool

	acked   uint64 // on this connection
	unacked int
	ackAt   time.Time
	ackedAt time.Time
}

// The reasons of a Gap that are the client's own; the others are the server's.
const (
	// ReasonSkipped is a number that the server left out without saying so.
	ReasonSkipped = "skipped"
	// ReasonUnreadable is a numbered frame that is none of the protocol's.
	ReasonUnreadable = "unreadable"
	// ReasonUnanswered refuses a message that was sent in a session which has ended: it
	// may have been stored, and is not repeated into another one.
	ReasonUnanswered = "unanswered"
)

// received takes one frame from the server.
func (c *Client) received(gen uint64, text []byte) {
	f, _, ok := c.conn.Receive(gen, text)
	switch {
	case !ok:
	case f.Type == protocol.TypeSystem:
		c.systemFrame(f)
	case f.Type == protocol.TypeApp:
		c.appFrame(f)
	}
}

// unreadable is a frame that was counted and cannot be delivered: it is a gap to the program
// like any other.
func (c *Client) unreadable(seq uint64, reason string) {
	c.conn.Malformed(reason)
	if seq > 0 {
		c.do(Gap{From: seq, To: seq, Reason: ReasonUnreadable})
	}
}

func (c *Client) systemFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventConnectionAck:
		if p, ok := protocol.ParseConnectionAck(f.Data); ok && c.conn.Phase() == clientconn.Dialling && c.cfg.Role == Device {
			c.acknowledged(admission{
				status: Status{Resumed: p.Resumed, SessionID: p.SessionID, UserID: p.UserID, ClientID: p.ClientID},
				replay: p.Replay, gap: p.Gap, heartbeat: p.HeartbeatInterval, limits: p.Limits, apps: p.Apps,
				serverTime: p.ServerTime, expiresAt: p.ExpiresAt,
			})
		}
	case protocol.EventAck:
		if p, ok := protocol.ParseAck(f.Data); ok {
			c.stored(f.MessageID, p.Seq)
		}
	default:
		c.conn.System(f)
	}
}

func (c *Client) appFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventAppConnectionAck:
		if p, ok := protocol.ParseAppConnectionAck(f.Data); ok && c.conn.Phase() == clientconn.Dialling && c.cfg.Role == App {
			c.acknowledged(admission{
				status: Status{Resumed: p.Resumed, SessionID: p.SessionID, UserID: p.UserID, ClientConnected: p.ClientConnected},
				replay: p.Replay, gap: p.Gap, heartbeat: p.HeartbeatInterval, limits: p.Limits,
			})
		}
	case protocol.EventAppConnectionError:
		c.conn.System(f)
	default:
		if c.inOrder(f.Seq) {
			c.deliver(f)
		} else {
			c.acknowledge(f.Seq)
		}
	}
}

// inOrder reports whether a frame is to be delivered: once, and after all before it. A
// frame without a number is neither stored nor repeated.
func (c *Client) inOrder(seq uint64) bool {
	in := &c.inbound
	if seq == 0 {
		return true
	}
	fresh := !in.known || seq > in.last
	if in.known && seq > in.last+1 {
		c.do(Gap{From: in.last + 1, To: seq - 1, Reason: ReasonSkipped})
	}
	if fresh {
		in.known, in.last = true, seq
	}
	in.unacked++
	return fresh
}

// deliver gives a frame to the program, and acknowledges it.
func (c *Client) deliver(f protocol.Frame) {
	defer c.acknowledge(f.Seq)
	switch f.Event {
	case protocol.EventAppMessage:
		p, ok := protocol.ParseAppMessage(f.Data)
		if !ok {
			c.unreadable(f.Seq, "bad_message")
			return
		}
		c.do(Message{Seq: f.Seq, From: p.From, Data: p.Data})
	case protocol.EventAppState, protocol.EventAppStarted, protocol.EventAppStopped:
		p, ok := protocol.ParseAppState(f.Data)
		switch {
		case !ok:
			c.unreadable(f.Seq, "bad_app_state")
		case c.cfg.Role == Device:
			if f.Seq > 0 { // else it answers a repeat: nothing has changed
				c.do(AppChanged{Seq: f.Seq, App: p})
			}
			c.appChanged(f, p)
		case f.Event == protocol.EventAppStopped:
			c.do(Stopped{Seq: f.Seq, Reason: p.Reason})
			c.stopped(p.Reason)
		}
	case protocol.EventClientDisconnected, protocol.EventClientReconnected:
		connected := f.Event == protocol.EventClientReconnected
		c.status.ClientConnected = connected
		c.do(ClientChanged{Seq: f.Seq, Connected: connected})
	}
}

// catchUp goes on from what the acknowledgement says of the numbers.
func (c *Client) catchUp(a admission) {
	in := &c.inbound
	if g := a.gap; g != nil && g.From > 0 && g.To >= g.From {
		c.do(Gap{From: g.From, To: g.To, Reason: g.Reason})
		if in.known && g.To <= in.last {
			in.last = g.From - 1 // the server counts from there: it has forgotten the rest
		} else {
			in.known, in.last = true, g.To
		}
		c.settleStarts(a.apps)
	}
	if r := a.replay; r != nil && !in.known && r.From > 0 {
		in.known, in.last = true, r.From-1
	}
}

// acknowledge counts a numbered frame towards the next acknowledgement.
func (c *Client) acknowledge(seq uint64) {
	in := &c.inbound
	if seq == 0 || !c.conn.Live() {
		return
	}
	switch {
	case in.unacked >= AckFrames, in.ackAt.IsZero() && c.now.Sub(in.ackedAt) >= AckDelay:
		c.writeAck()
	case in.ackAt.IsZero():
		in.ackAt = c.now.Add(AckDelay)
	}
}

func (c *Client) writeAck() {
	in := &c.inbound
	in.ackAt, in.unacked = time.Time{}, 0
	if !in.known || in.last == in.acked || !c.conn.Live() {
		return
	}
	in.acked, in.ackedAt = in.last, c.now
	c.conn.Write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, Data: protocol.Ack{Seq: in.last}.Append(nil)})
}
