package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// heard is how far the numbered frames have come.
type heard struct {
	last uint64
	// known is whether there is a number to go on from: not before the first frame of an
	// endpoint that came late to its channel.
	known bool

	acked   uint64 // on this connection
	unacked int
	ackAt   time.Time
	ackedAt time.Time
}

// The reasons of a Gap that are the endpoint's own; the others are the server's.
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
func (e *Endpoint) received(gen uint64, text []byte) {
	l := &e.line
	if gen != l.gen || l.phase != live && l.phase != dialling {
		return
	}
	e.alive()
	f, bad := protocol.Decode(text, protocol.ReaderLimits)
	if bad != nil {
		// A newer server may say what this end does not know yet.
		if bad.Reason != protocol.ReasonUnknownType && bad.Reason != protocol.ReasonUnknownEvent {
			e.malformed(bad.Reason)
		}
		return
	}
	if last := l.lastError; last != nil {
		// It was not the last word after all, so it ended nothing.
		l.lastError = nil
		e.failed(last, last.Row().Action)
	}
	if l.phase == dialling {
		switch f.Event {
		case protocol.EventConnectionAck, protocol.EventAppConnectionAck, protocol.EventError, protocol.EventConnectionError, protocol.EventAppConnectionError:
		default:
			return
		}
	}
	switch f.Type {
	case protocol.TypeSystem:
		e.systemFrame(f)
	case protocol.TypeApp:
		e.appFrame(f)
	}
}

// unreadable is a frame that was counted and cannot be delivered: the program is told of it
// as of any other gap.
func (e *Endpoint) unreadable(seq uint64, reason string) {
	e.malformed(reason)
	if seq > 0 {
		e.do(Gap{From: seq, To: seq, Reason: ReasonUnreadable})
	}
}

func (e *Endpoint) malformed(reason string) {
	e.failed(&protocol.Error{Code: protocol.MalformedMessage, Reason: reason, Message: "The server sent something that is not a frame."}, protocol.ActionReconnect)
}

func (e *Endpoint) systemFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventConnectionAck:
		if p, ok := protocol.ParseConnectionAck(f.Data); ok && e.line.phase == dialling && e.cfg.Role == Device {
			e.measure(p.ServerTime, p.ExpiresAt)
			e.acknowledged(welcome{
				status: Status{Resumed: p.Resumed, SessionID: p.SessionID, UserID: p.UserID, ClientID: p.ClientID},
				replay: p.Replay, gap: p.Gap, heartbeat: p.HeartbeatInterval, limits: p.Limits, apps: p.Apps,
			})
		}
	case protocol.EventError, protocol.EventConnectionError:
		e.errorFrame(f)
	case protocol.EventPing:
		e.line.own = e.cfg.Role == App
		e.alive()
		e.write(f.Pong())
	case protocol.EventAck:
		if p, ok := protocol.ParseAck(f.Data); ok {
			e.stored(f.MessageID, p.Seq)
		}
	case protocol.EventTokenRefreshed:
		if p, ok := protocol.ParseTokenRefreshed(f.Data); ok {
			e.swapped(p)
		}
	case protocol.EventTokenRefreshRequired:
		e.refreshSoon()
	case protocol.EventSessionEnded:
		p, _ := protocol.ParseSessionEnd(f.Data)
		e.end(&protocol.Error{Code: protocol.SessionEnded, Reason: p.Reason}, 0)
	case protocol.EventRateLimited:
		if p, ok := protocol.ParseRateLimited(f.Data); ok {
			e.pause(p.RetryAfter)
		}
	}
}

func (e *Endpoint) appFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventAppConnectionAck:
		if p, ok := protocol.ParseAppConnectionAck(f.Data); ok && e.line.phase == dialling && e.cfg.Role == App {
			e.acknowledged(welcome{
				status: Status{Resumed: p.Resumed, SessionID: p.SessionID, UserID: p.UserID, ClientConnected: p.ClientConnected},
				replay: p.Replay, gap: p.Gap, heartbeat: p.HeartbeatInterval, limits: p.Limits,
			})
		}
	case protocol.EventAppConnectionError:
		e.errorFrame(f)
	default:
		if e.inOrder(f.Seq) {
			e.deliver(f)
		} else {
			e.heardSeq(f.Seq)
		}
	}
}

// inOrder reports whether a frame is to be delivered: once, and after all before it. A
// frame without a number is neither stored nor repeated.
func (e *Endpoint) inOrder(seq uint64) bool {
	h := &e.heard
	if seq == 0 {
		return true
	}
	fresh := !h.known || seq > h.last
	if h.known && seq > h.last+1 {
		e.do(Gap{From: h.last + 1, To: seq - 1, Reason: ReasonSkipped})
	}
	if fresh {
		h.known, h.last = true, seq
	}
	h.unacked++
	return fresh
}

// deliver tells the program, and acknowledges.
func (e *Endpoint) deliver(f protocol.Frame) {
	defer e.heardSeq(f.Seq)
	switch f.Event {
	case protocol.EventAppMessage:
		p, ok := protocol.ParseAppMessage(f.Data)
		if !ok {
			e.unreadable(f.Seq, "bad_message")
			return
		}
		e.do(Message{Seq: f.Seq, From: p.From, Data: p.Data})
	case protocol.EventAppState, protocol.EventAppStarted, protocol.EventAppStopped:
		p, ok := protocol.ParseAppState(f.Data)
		switch {
		case !ok:
			e.unreadable(f.Seq, "bad_app_state")
		case e.cfg.Role == Device:
			if f.Seq > 0 { // else it answers a repeat: nothing has changed
				e.do(AppChanged{Seq: f.Seq, App: p})
			}
			e.appChanged(f, p)
		case f.Event == protocol.EventAppStopped:
			e.do(Stopped{Seq: f.Seq, Reason: p.Reason})
			e.stopped(p.Reason)
		}
	case protocol.EventClientDisconnected, protocol.EventClientReconnected:
		connected := f.Event == protocol.EventClientReconnected
		e.status.ClientConnected = connected
		e.do(ClientChanged{Seq: f.Seq, Connected: connected})
	}
}

// catchUp goes on from what the acknowledgement says of the numbers.
func (e *Endpoint) catchUp(w welcome) {
	h := &e.heard
	if g := w.gap; g != nil && g.From > 0 && g.To >= g.From {
		e.do(Gap{From: g.From, To: g.To, Reason: g.Reason})
		if h.known && g.To <= h.last {
			h.last = g.From - 1 // the server counts from there: it has forgotten the rest
		} else {
			h.known, h.last = true, g.To
		}
		e.settleStarts(w.apps)
	}
	if r := w.replay; r != nil && !h.known && r.From > 0 {
		h.known, h.last = true, r.From-1
	}
}

// heardSeq counts a numbered frame towards the next acknowledgement.
func (e *Endpoint) heardSeq(seq uint64) {
	h := &e.heard
	if seq == 0 || e.line.phase != live {
		return
	}
	switch {
	case h.unacked >= AckFrames, h.ackAt.IsZero() && e.now.Sub(h.ackedAt) >= AckDelay:
		e.writeAck()
	case h.ackAt.IsZero():
		h.ackAt = e.now.Add(AckDelay)
	}
}

func (e *Endpoint) writeAck() {
	h := &e.heard
	h.ackAt, h.unacked = time.Time{}, 0
	if !h.known || h.last == h.acked || e.line.phase != live {
		return
	}
	h.acked, h.ackedAt = h.last, e.now
	e.write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, Data: protocol.Ack{Seq: h.last}.Append(nil)})
}
