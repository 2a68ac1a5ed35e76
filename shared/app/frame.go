package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
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
	step, answer := x.handshake.Frame(now, &x.conn, &a.cfg.Conn, f, size, protocol.EventAppConnectionInit)
	switch step {
	case serverconn.Begins:
		a.init(now, x, f)
	case serverconn.Leaves:
		conn := x.row.Pending.Conn
		x.row.Pending = Pending{}
		a.save(x)
		a.owner.Socket(serverconn.Close{Conn: conn, Code: 1000, Reason: "disconnect"})
	default:
		a.answerPending(x, f, step, answer)
	}
}

// answerPending answers a frame of a pending socket, or rejects that.
func (a *Apps) answerPending(x *attached, f protocol.Frame, step serverconn.Step, answer *serverconn.Answer) {
	switch {
	case step == serverconn.Rejects:
		a.reject(x, f, answer.Err)
	case answer != nil:
		a.owner.Socket(serverconn.Send{Conn: x.row.Pending.Conn, Text: answer.Frame.Append(nil)})
	}
}

func (a *Apps) connFrame(now time.Time, x *attached, f protocol.Frame, size int) {
	x.ch.Alive(now)
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventPong:
		x.probed = time.Time{} // it lives; what it has read only the id can say
		x.conn.Window.Answered(&a.probes, f.MessageID)
	case system && f.Event == protocol.EventDisconnect:
		a.owner.Socket(serverconn.Close{Conn: x.ch.Conn(), Code: 1000, Reason: "disconnect"})
		a.record(now, x, audit.Entry{Event: audit.AppLeft}.Ending(x.ch.Connection()))
		x.ch.Leave()
		a.stopped(now, x, "app_left", "")
	case a.flooded(now, x, f, size):
	case system && f.Event == protocol.EventPing:
		// A ping is what it is held to; stored, for a hibernated object judges by it.
		x.ch.Pinged(now)
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
	case f.Event == protocol.EventAppSubscribe:
		a.subscribe(x, f)
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
	a.sendError(x, serverconn.Malformed(f, reason))
}

// Invalid takes a frame that did not decode; why may be nil.
func (a *Apps) Invalid(now time.Time, conn ConnID, why *protocol.Error, size int) {
	x, pending := a.of(conn)
	switch {
	case x == nil:
	case pending:
		step, answer := x.handshake.Invalid(now, &x.conn, &a.cfg.Conn, why, size)
		a.answerPending(x, protocol.Frame{}, step, answer)
	default:
		x.ch.Alive(now)
		a.answer(now, x, x.conn.Invalid(now, &a.cfg.Conn, &a.cfg.Conn.Flood, why, size))
	}
}

// flooded takes a frame into account, and answers it when it is one too many.
func (a *Apps) flooded(now time.Time, x *attached, f protocol.Frame, size int) bool {
	answer := x.conn.Take(now, &a.cfg.Conn.Flood, f.MessageID, size)
	if answer != nil {
		a.answer(now, x, answer)
	}
	return answer != nil
}

// answer answers a frame that goes no further, or ends the connection.
func (a *Apps) answer(now time.Time, x *attached, answer *serverconn.Answer) {
	switch {
	case answer.Ends:
		a.end(now, now, x, answer.Err)
	case answer.Frame.Event != "":
		a.send(x, answer.Frame.Append(nil))
	}
}
