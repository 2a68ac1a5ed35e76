package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/socket"
)

// Frame takes a frame of an app's connection that decoded. Each is answered or carried
// out; none is dropped in silence but pong, ack and repeats of either.
func (a *Apps) Frame(now time.Time, conn ConnID, f protocol.Frame, size int) {
	x, pending := a.of(conn)
	switch {
	case x == nil:
	case pending:
		a.pendingFrame(now, x, f, size)
	default:
		a.connFrame(now, x, f, size)
	}
}

func (a *Apps) pendingFrame(now time.Time, x *attached, f protocol.Frame, size int) {
	system, conn := f.Type == protocol.TypeSystem, x.row.Pending.Conn
	wait, _ := x.flood.Take(now, &a.cfg.Flood, size)
	switch {
	case system && f.Event == protocol.EventDisconnect:
		x.row.Pending = Pending{}
		a.save(x)
		a.owner.Socket(socket.Close{Conn: conn, Code: 1000, Reason: "disconnect"})
	case wait > 0: // one that sends so much before its first word has no claim to patience
		a.reject(x, f, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: wait})
	case f.Event == protocol.EventAppConnectionInit:
		a.init(now, x, f)
	case system && f.Event == protocol.EventPing:
		a.answerPending(x, f.Pong().Append(nil))
	case system && f.Event == protocol.EventPong:
	default:
		e := protocol.Error{Code: protocol.MalformedMessage, Reason: "init_expected", MessageID: f.MessageID}
		a.answerPending(x, e.AppendJSON(nil))
	}
}

// answerPending answers a frame of a pending socket, so much and no more.
func (a *Apps) answerPending(x *attached, text []byte) {
	if x.sentPending += len(text); x.sentPending > socket.PendingBytes {
		a.reject(x, protocol.Frame{}, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: rate.LeastPause})
		return
	}
	a.owner.Socket(socket.Send{Conn: x.row.Pending.Conn, Text: text})
}

func (a *Apps) connFrame(now time.Time, x *attached, f protocol.Frame, size int) {
	x.line.Alive(now)
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventPong:
		x.probed = time.Time{} // it lives; what it has read only the id can say
		x.window.Answered(&a.probes, f.MessageID)
	case system && f.Event == protocol.EventDisconnect:
		a.owner.Socket(socket.Close{Conn: x.line.Conn(), Code: 1000, Reason: "disconnect"})
		a.record(now, x, audit.Entry{Event: audit.AppLeft}.Ending(x.line.Connection()))
		x.line.Leave()
		a.stopped(now, x, "app_left", "")
	case a.flooded(now, x, f, size):
	case system && f.Event == protocol.EventPing:
		// A ping is what it is held to; stored, for a hibernated object judges by it.
		x.line.Heard(now)
		a.save(x)
		a.send(x, f.Pong().Append(nil))
	case system && f.Event == protocol.EventAck:
		p, ok := protocol.ParseAck(f.Data)
		switch {
		case !ok:
			a.malformed(x, f, "seq_missing")
		case x.box.Ack(p.Seq):
			a.owner.Emit(Forget{x.row.Package, p.Seq})
			a.save(x)
			a.sendClientState(x)
		}
	case f.Type == protocol.TypeApp && f.Event == protocol.EventAppMessage:
		a.message(now, x, f)
	case f.Event == protocol.EventAppConnectionInit:
		a.malformed(x, f, "already_initialised")
	default:
		a.malformed(x, f, "unexpected_event")
	}
}

// message takes an app's message to the user's device.
func (a *Apps) message(now time.Time, x *attached, f protocol.Frame) {
	p, ok := protocol.ParseAppMessage(f.Data)
	if !ok || f.MessageID == "" {
		reason := "bad_message"
		if ok {
			reason = "message_id_missing"
		}
		a.malformed(x, f, reason)
		return
	}
	seq, repeated := x.receipts.Find("", f.MessageID)
	if !repeated {
		var err *protocol.Error
		data := protocol.AppMessage{From: x.row.Package, Data: p.Data}.Append(nil)
		if seq, err = a.owner.ToDevice(protocol.EventAppMessage, data, "", true); err != nil {
			err.MessageID = f.MessageID
			a.sendError(x, *err)
			return
		}
		r := x.receipts.Add("", f.MessageID, seq)
		a.owner.Emit(Remember{x.row.Package, x.receipts.Slot(r), r})
	}
	answer := taken(f.MessageID, seq)
	a.send(x, answer.Append(nil))
}

func (a *Apps) malformed(x *attached, f protocol.Frame, reason string) {
	a.sendError(x, protocol.Error{Code: protocol.MalformedMessage, Reason: reason, MessageID: f.MessageID})
}

// Invalid takes a frame that did not decode. One is a mistake; several are not a client of
// this protocol, nor is one that is far too large.
func (a *Apps) Invalid(now time.Time, conn ConnID, why protocol.Error, size int) {
	x, pending := a.of(conn)
	far := a.cfg.Limits.FarOver(size)
	if x != nil && far {
		x.flood.Take(now, &a.cfg.Flood, size) // it comes back to what it has used up
	}
	switch {
	case x == nil:
	case far && pending:
		a.reject(x, protocol.Frame{}, *protocol.TooLarge(a.cfg.Limits))
	case far:
		a.end(now, now, x, *protocol.TooLarge(a.cfg.Limits))
	case pending:
		if wait, _ := x.flood.Take(now, &a.cfg.Flood, size); wait > 0 {
			a.reject(x, protocol.Frame{}, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: wait})
			return
		}
		a.answerPending(x, why.AppendJSON(nil))
	default:
		x.line.Alive(now)
		if a.flooded(now, x, protocol.Frame{MessageID: why.MessageID}, size) {
			return
		}
		// One that says which it is was meant for this protocol.
		if why.MessageID != "" || !x.mistakes.Enough(now, a.cfg.InvalidFrames) {
			a.sendError(x, why)
			return
		}
		a.end(now, now, x, why)
	}
}

// flooded takes a frame into account, and answers it when it is one too many.
func (a *Apps) flooded(now time.Time, x *attached, f protocol.Frame, size int) bool {
	wait, enough := x.flood.Take(now, &a.cfg.Flood, size)
	if wait == 0 {
		return false
	}
	e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", MessageID: f.MessageID, RetryAfter: wait}
	switch {
	case enough:
		e.MessageID = ""
		a.end(now, now, x, e)
	case f.MessageID != "":
		a.sendError(x, e)
	case x.flood.Notify(now):
		a.send(x, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: protocol.RateLimited{RetryAfter: wait}.Append(nil)}.Append(nil))
	}
	return true
}
