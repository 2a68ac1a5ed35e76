package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// frame handles one frame of the member's current connection. Each is answered
// or carried on; none is dropped in silence but pong, ack and repeats of either.
// A pong makes room and a disconnect ends it all: no limit holds them back.
func (d *Document) frame(now time.Time, m *member, e FrameReceived) {
	f := e.Frame
	m.ch.Alive(now)
	system := f.Type == protocol.TypeSystem
	switch {
	case system && f.Event == protocol.EventPong:
		d.pong(m, f.MessageID)
		return
	case system && f.Event == protocol.EventAck: // nobody notices
	default:
		d.act(now)
	}
	switch {
	case system && f.Event == protocol.EventDisconnect:
		d.emit(Close{Conn: m.self[0], Code: 1000, Reason: "disconnect"})
		d.record(m, audit.Entry{At: now, Event: audit.Left}.Ending(m.ch.Connection()))
		d.gone(now, m, "disconnect")
		return
	case m.conn.Window.Overfull(d.cfg.Conn.WindowBytes):
		d.end(now, m, now, protocol.Error{Code: protocol.SlowConsumer})
		return
	case f.Type == protocol.TypePresence && isPresence(f.Event):
		d.presence(now, m, f, e.Size)
		return
	case d.flooded(now, m, f, e.Size):
		return
	}
	switch f.Type {
	case protocol.TypeOperation:
		switch f.Event {
		case protocol.EventOp:
			d.op(now, m, f)
			return
		case protocol.EventSyncRequest:
			d.syncRequest(now, m, f)
			return
		case protocol.EventSnapshot:
			d.snapshotPart(now, m, f, &e.Posting)
			return
		case protocol.EventLock, protocol.EventUnlock:
			d.section(now, m, f)
			return
		}
	case protocol.TypeSystem:
		switch f.Event {
		case protocol.EventPing:
			// Only a client that spells it otherwise than PingText gets here.
			d.sendTo(m, f.Pong())
			return
		case protocol.EventAck:
			d.ack(m, f)
			return
		case protocol.EventTokenRefresh:
			d.tokenRefresh(now, m, f)
			return
		case protocol.EventConnectionInit:
			d.malformed(m, f, "already_initialised")
			return
		}
	case protocol.TypeComment:
		d.comment(now, m, f, &e)
		return
	case protocol.TypeApp:
		d.malformed(m, f, "unsupported_event")
		return
	}
	d.malformed(m, f, "unexpected_event")
}

// invalid answers a frame that did not decode.
func (d *Document) invalid(now time.Time, m *member, e *protocol.Error, size int) {
	m.ch.Alive(now)
	limits := d.limits(m)
	d.answer(now, m, m.conn.Invalid(now, &d.cfg.Conn, &limits, e, size))
}

// ack moves the place a resume replays from. It is stored with the next thing
// that is, when it has moved far, and when the connection ends: of an unlisted reader only then.
func (d *Document) ack(m *member, f protocol.Frame) {
	p, ok := protocol.ParseAck(f.Data)
	if !ok {
		d.malformed(m, f, "seq_missing")
		return
	}
	if p.Seq <= d.version {
		m.received = max(m.received, p.Seq)
	}
	if f.MessageID != "" {
		d.heard(m, f.MessageID)
	}
	if m.ch.Ack(p.Seq, d.version) > 0 && m.ch.Acked()-m.saved >= ackEvery && !m.unlisted {
		d.save(m)
	}
}

func (m *member) allows(op permission.Operation) bool {
	return m.grant.May().Allows(op)
}
