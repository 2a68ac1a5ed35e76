package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Frame takes a frame of one of the channel's connections that decoded. newSessionID is a
// fresh random id: of a session that begins, or of what the session id of an app that is
// started ends with.
func (d *Device) Frame(now time.Time, conn ConnID, f protocol.Frame, size int, newSessionID string) {
	switch {
	case conn == "":
	case conn == d.ch.Conn():
		d.frame(now, f, size, newSessionID)
	case conn == d.pending.Conn:
		d.pendingFrame(now, f, size, newSessionID)
	}
}

// pendingFrame handles a frame of the pending socket. Only connection_init gets further,
// and none gives it more time.
func (d *Device) pendingFrame(now time.Time, f protocol.Frame, size int, newSessionID string) {
	step, a := d.handshake.Frame(now, &d.conn, &d.cfg.Conn, f, size, protocol.EventConnectionInit)
	switch step {
	case serverconn.Begins:
		d.init(now, f, newSessionID)
	case serverconn.Leaves:
		conn := d.pending.Conn
		d.dropPending()
		d.owner.Socket(serverconn.Close{Conn: conn, Code: 1000, Reason: "disconnect"})
	default:
		d.answerPending(now, step, a)
	}
}

// answerPending answers a frame of the pending socket, or rejects that.
func (d *Device) answerPending(now time.Time, step serverconn.Step, a *serverconn.Answer) {
	switch {
	case step == serverconn.Rejects:
		d.reject(now, d.pending.Flat, a.Err)
	case a != nil:
		d.owner.Socket(serverconn.Send{Conn: d.pending.Conn, Text: a.Frame.Append(nil)})
	}
}

// frame handles one frame of the current connection. Each is answered or carried out;
// none is dropped in silence but pong, ack and repeats of either.
func (d *Device) frame(now time.Time, f protocol.Frame, size int, newSessionID string) {
	d.alive(now)
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventPong:
		d.conn.Window.Answered(&d.probes, f.MessageID)
		return
	case system && f.Event == protocol.EventDisconnect:
		d.owner.Socket(serverconn.Close{Conn: d.ch.Conn(), Code: 1000, Reason: "disconnect"})
		d.record(now, audit.Entry{Event: audit.Left}.Ending(d.ch.Connection()))
		d.gone(now, "disconnect")
		return
	}
	if a := d.conn.Take(now, &d.cfg.Conn.Flood, f.MessageID, size); a != nil {
		d.answer(now, a)
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
	d.sendError(serverconn.Malformed(f, reason))
}

// Invalid takes a frame of one of the channel's connections that did not decode.
func (d *Device) Invalid(now time.Time, conn ConnID, why *protocol.Error, size int) {
	if conn == d.pending.Conn {
		step, a := d.handshake.Invalid(now, &d.conn, &d.cfg.Conn, why, size)
		d.answerPending(now, step, a)
		return
	}
	d.alive(now)
	d.answer(now, d.conn.Invalid(now, &d.cfg.Conn, &d.cfg.Conn.Flood, why, size))
}

// answer answers a frame that goes no further, or ends the connection.
func (d *Device) answer(now time.Time, a *serverconn.Answer) {
	switch {
	case a.Ends:
		d.end(now, now, a.Err)
	case a.Frame.Event != "":
		d.send(a.Frame)
	}
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
	kept, gone, e := d.box.Keep(f, d.cfg.Conn.Limits)
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
	w, size := &d.conn.Window, d.cfg.Conn.WindowBytes
	if w.Asks(size) {
		d.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPing, MessageID: w.Probe(&d.probes)})
	}
	if w.Overfull(size) {
		d.end(now, now, protocol.Error{Code: protocol.SlowConsumer})
	}
}
