package device

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// disconnected takes the end of a socket before anything that is due: nothing may be said
// to a connection that is gone. The end of one that is not current changes nothing.
func (d *Device) disconnected(now time.Time, e Disconnected) {
	switch {
	case e.Conn == "":
	case e.Conn == d.door.Conn():
		d.leaveDoor()
	case e.Conn == d.ch.Conn():
		d.lost(now, e.Seen, e.Code)
	}
}

// sendFailed takes a socket that does not take frames for one that has ended.
func (d *Device) sendFailed(now time.Time, e SendFailed) {
	if e.Conn == "" || e.Conn != d.ch.Conn() && e.Conn != d.door.Conn() {
		return
	}
	d.emit(Close{Conn: e.Conn, Code: 1011, Reason: "send_failed"})
	d.disconnected(now, Disconnected{Conn: e.Conn, Code: 1011, Seen: e.Seen})
}

// lost ends the current connection, which has ended by itself. When that was is the
// latest of what is possible: silence may have been first.
func (d *Device) lost(now, seen time.Time, code int) {
	d.heard(now, seen)
	at := d.ch.LostAt(now, d.cfg.ClientPings && !seen.IsZero())
	if t := d.silentAt(); d.pings() && !d.asked.IsZero() && t.Before(at) {
		at = t
	}
	d.record(at, audit.Entry{Event: audit.Lost, Detail: strconv.Itoa(code)}.Ending(d.ch.Connection()))
	d.lose(now, at)
}

// lose ends the current connection as of at and starts the grace period, which may be over
// already.
func (d *Device) lose(now, at time.Time) {
	d.ch.Lose(at)
	d.fresh(now)
	d.save()
	d.apps.DeviceAway()
	d.settle(now, false)
}

// end tells the device why, closes its connection, and does with the channel what the
// code says: a final one ends it, any other leaves it its grace.
func (d *Device) end(now, at time.Time, e protocol.Error) {
	if e.Code != protocol.HeartbeatTimeout { // nobody is listening
		d.sendError(e)
	}
	d.emit(Close{Conn: d.ch.Conn(), Code: e.CloseCode(), Reason: e.CloseReason()})
	d.record(at, audit.Entry{Event: audit.Closed, Code: string(e.Code), Reason: e.Reason}.Ending(d.ch.Connection()))
	if e.Row().Action == protocol.ActionStop {
		d.gone(now, "final_error")
		return
	}
	d.lose(now, at)
}

// gone ends the channel for good, with all that was kept for it, and tells the session.
func (d *Device) gone(now time.Time, reason string) {
	id := d.ch.SessionID()
	d.ch.Leave()
	d.apps.DeviceGone(now)
	d.fresh(now)
	d.token = Token{}
	if sent := d.box.Row().Sent; d.box.Ack(sent) {
		d.emit(Forget{Seq: sent})
	}
	d.save()
	d.session(now, session.ChannelGone{Document: session.DeviceChannel, SessionID: id, Reason: reason})
}

// endChannel ends the channel if it is meant, in whatever state it is, and answers.
func (d *Device) endChannel(now time.Time, e session.EndChannel) {
	revoked := signin.Revoked(d.token.ID, d.token.IssuedAt, e.TokenIDs, e.Before)
	closed := d.ch.Live() && (e.Kick != 0 || revoked)
	if closed {
		why := protocol.Error{Code: protocol.TokenRevoked, Reason: "token_revoked"}
		if !revoked {
			why = protocol.Error{Code: protocol.SessionEnded, Reason: "ended_by_operator"}
		}
		if d.active() {
			d.end(now, now, why)
		} else {
			d.gone(now, "final_error")
		}
	}
	d.session(now, session.Ended{
		Document: session.DeviceChannel, Fence: e.Fence, OK: true, Closed: closed, Gone: !d.ch.Live(), AdmittedAt: e.AdmittedAt,
	})
}
