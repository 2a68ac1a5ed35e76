package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/socket"
)

// Frame takes a frame of one of the channel's connections that decoded. newSessionID is a
// fresh random id: of a session that begins, or of what the session id of an app that is
// started ends with.
func (d *Device) Frame(now time.Time, conn ConnID, f protocol.Frame, size int, newSessionID string) {
	switch {
	case conn == "":
	case conn == d.ch.Conn():
		d.frame(now, f, size, newSessionID)
	case conn == d.handshake.Conn():
		d.pendingFrame(now, f, size, newSessionID)
	}
}

// pendingFrame handles a frame of the pending socket. Only connection_init gets further,
// and none gives it more time.
func (d *Device) pendingFrame(now time.Time, f protocol.Frame, size int, newSessionID string) {
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventDisconnect:
		conn := d.pending.Conn
		d.dropPending()
		d.owner.Socket(socket.Close{Conn: conn, Code: 1000, Reason: "disconnect"})
	case d.pendingFlooded(now, size):
	case system && f.Event == protocol.EventConnectionInit:
		d.init(now, f, newSessionID)
	case system && f.Event == protocol.EventPing:
		d.answerPending(now, f.Pong().Append(nil))
	case system && f.Event == protocol.EventPong:
	default:
		err := protocol.Error{Code: protocol.MalformedMessage, Reason: "init_expected", MessageID: f.MessageID}
		d.answerPending(now, err.AppendJSON(nil))
	}
}

// answerPending answers a frame of the pending socket. Nobody knows whether it reads, so it
// gets so much and no more.
func (d *Device) answerPending(now time.Time, text []byte) {
	if d.sentPending += len(text); d.sentPending > socket.PendingBytes {
		d.reject(now, d.pending.Flat, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: rate.LeastPause})
		return
	}
	d.owner.Socket(socket.Send{Conn: d.pending.Conn, Text: text})
}

// pendingFlooded takes a frame of the pending socket into account. One that sends so much
// before connection_init has no claim to patience.
func (d *Device) pendingFlooded(now time.Time, size int) bool {
	wait, _ := d.flood.Take(now, &d.cfg.Flood, size)
	if wait > 0 {
		d.reject(now, d.pending.Flat, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: wait})
	}
	return wait > 0
}

// frame handles one frame of the current connection. Each is answered or carried out;
// none is dropped in silence but pong, ack and repeats of either.
func (d *Device) frame(now time.Time, f protocol.Frame, size int, newSessionID string) {
	d.alive(now)
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventPong:
		d.window.Answered(&d.probes, f.MessageID)
		return
	case system && f.Event == protocol.EventDisconnect:
		d.owner.Socket(socket.Close{Conn: d.ch.Conn(), Code: 1000, Reason: "disconnect"})
		d.record(now, audit.Entry{Event: audit.Left}.Ending(d.ch.Connection()))
		d.gone(now, "disconnect")
		return
	case d.flooded(now, f, size):
		return
	}
	if system {
		switch f.Event {
		case protocol.EventPing:
			d.send(f.Pong())
			return
		case protocol.EventAck:
			d.ack(f)
			return
		case protocol.EventTokenRefresh:
			d.tokenRefresh(now, f)
			return
		case protocol.EventConnectionInit:
			d.malformed(f, "already_initialised")
			return
		}
	}
	if f.Type == protocol.TypeApp {
		if d.ch.ReadOnly(now) {
			d.sendError(protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired", MessageID: f.MessageID})
			return
		}
		d.owner.AppFrame(now, d.ch.ClientID(), f, newSessionID)
		return
	}
	d.malformed(f, "unexpected_event")
}

// malformed answers a frame of the protocol's form that has no place here.
func (d *Device) malformed(f protocol.Frame, reason string) {
	d.sendError(protocol.Error{Code: protocol.MalformedMessage, Reason: reason, MessageID: f.MessageID})
}

// Invalid takes a frame of one of the channel's connections that did not decode. One is a
// mistake; several are not a client of this protocol, nor is one that is far too large.
func (d *Device) Invalid(now time.Time, conn ConnID, why protocol.Error, size int) {
	far := d.cfg.Limits.FarOver(size)
	if far {
		d.flood.Take(now, &d.cfg.Flood, size) // it comes back to what it has used up
	}
	if conn == d.handshake.Conn() {
		if far {
			d.reject(now, d.pending.Flat, *protocol.TooLarge(d.cfg.Limits))
			return
		}
		if !d.pendingFlooded(now, size) {
			d.answerPending(now, why.AppendJSON(nil))
		}
		return
	}
	d.alive(now)
	if far {
		d.end(now, now, *protocol.TooLarge(d.cfg.Limits))
		return
	}
	if d.flooded(now, protocol.Frame{MessageID: why.MessageID}, size) {
		return
	}
	// One that says which it is was meant for this protocol.
	if why.MessageID != "" || !d.mistakes.Enough(now, d.cfg.InvalidFrames) {
		d.sendError(why)
		return
	}
	d.end(now, now, why)
}

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Device) flooded(now time.Time, f protocol.Frame, size int) bool {
	wait, enough := d.flood.Take(now, &d.cfg.Flood, size)
	if wait == 0 {
		return false
	}
	e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", MessageID: f.MessageID, RetryAfter: wait}
	switch {
	case enough:
		e.MessageID = ""
		d.end(now, now, e)
	case f.MessageID != "":
		d.sendError(e)
	case d.flood.Notify(now):
		d.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: protocol.RateLimited{RetryAfter: wait}.Append(nil)})
	}
	return true
}

// ack forgets what the device has received.
func (d *Device) ack(f protocol.Frame) {
	p, ok := protocol.ParseAck(f.Data)
	if !ok {
		d.malformed(f, "seq_missing")
		return
	}
	if !d.box.Ack(p.Seq) {
		return
	}
	d.owner.Emit(Forget{Seq: p.Seq})
	d.save()
}

// post keeps a message for the device and sends it to whoever is there.
func (d *Device) post(e Post) {
	if !d.ch.Live() {
		d.owner.Emit(Posted{Ask: e.Ask, Err: &protocol.Error{Code: protocol.NotFound, Reason: "no_device", Message: "The user has no device connected."}})
		return
	}
	seq, err := d.Put(protocol.EventAppMessage, protocol.AppMessage{From: e.From, Data: e.Data}.Append(nil), "")
	d.owner.Emit(Posted{Ask: e.Ask, Seq: seq, Err: err})
}

// Room reports whether a message that may wait is to be taken.
func (d *Device) Room() bool { return d.box.Room() }

// Send writes a frame to the device, if it is connected, and keeps nothing of it.
func (d *Device) Send(f protocol.Frame) { d.send(f) }

// Put keeps a frame for the device, whatever it pushes out, and sends it if the device is
// connected.
func (d *Device) Put(event string, data []byte, messageID string) (seq uint64, e *protocol.Error) {
	f := protocol.Frame{Type: protocol.TypeApp, Event: event, Data: data, MessageID: messageID}
	kept, gone, e := socket.Keep(d.box, f, d.cfg.Limits)
	if e != nil {
		return 0, e
	}
	d.owner.Emit(Keep{Kept: kept})
	if gone > 0 {
		d.owner.Emit(Forget{Seq: gone})
	}
	d.save()
	if d.active() {
		d.sendText(kept.Text)
	}
	return kept.Seq, nil
}

// Flow asks a device that much is under way to for a sign, and closes one that takes
// nothing. It comes last of every event, for then all of it has been sent: whatever it was,
// it piles up for who does not read.
func (d *Device) Flow(now time.Time) {
	if !d.active() {
		return
	}
	if d.window.UnderWay() >= d.cfg.WindowBytes/2 && !d.window.Probing() {
		d.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPing, MessageID: d.window.Probe(&d.probes)})
	}
	if d.window.UnderWay() >= 2*d.cfg.WindowBytes {
		d.end(now, now, protocol.Error{Code: protocol.SlowConsumer})
	}
}
