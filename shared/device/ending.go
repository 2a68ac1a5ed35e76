package device

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// Disconnected takes the end of a socket, whatever its code, before anything that is due:
// nothing may be sent to a connection that is gone. The end of one that is not current
// changes nothing. seen is as in Connect, for this connection.
func (d *Device) Disconnected(now time.Time, conn ConnID, code int, seen time.Time) {
	switch {
	case conn == "":
	case conn == d.pending.Conn:
		d.dropPending()
	case conn == d.ch.Conn():
		d.lost(now, seen, code)
	}
}

// SendFailed takes a socket that does not take frames for one that has ended.
func (d *Device) SendFailed(now time.Time, conn ConnID, seen time.Time) {
	if d.Has(conn) {
		d.owner.Socket(serverconn.Close{Conn: conn, Code: 1011, Reason: "send_failed"})
		d.Disconnected(now, conn, 1011, seen)
	}
}

// lost ends the current connection, which has ended by itself. When that was is the
// latest of what is possible: silence may have been first.
func (d *Device) lost(now, seen time.Time, code int) {
	d.seen(now, seen)
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
	d.owner.DeviceAway()
	d.Settle(now, false)
}

// end sends the device the reason, closes its connection, and does with the channel what the
// code says: a final one ends it, any other leaves it its grace.
func (d *Device) end(now, at time.Time, e protocol.Error) {
	if serverconn.Listens(e) {
		d.sendError(e)
	}
	d.owner.Socket(serverconn.Close{Conn: d.ch.Conn(), Code: e.CloseCode(), Reason: e.CloseReason()})
	d.record(at, audit.Entry{Event: audit.Closed, Code: string(e.Code), Reason: e.Reason}.Ending(d.ch.Connection()))
	if serverconn.Final(e) {
		d.gone(now, "final_error")
		return
	}
	d.lose(now, at)
}

// gone ends the channel for good, with all that was kept for it, and notifies apps and
// session.
func (d *Device) gone(now time.Time, reason string) {
	id := d.ch.SessionID()
	d.ch.Leave()
	d.owner.DeviceGone(now)
	d.fresh(now)
	d.token = Token{}
	if sent := d.box.Row().Sent; d.box.Ack(sent) {
		d.owner.Emit(Forget{Seq: sent})
	}
	d.save()
	d.owner.ChannelGone(now, id, reason)
}

// End ends the channel if it is meant, in whatever state it is, and reports whether it did.
func (d *Device) End(now time.Time, e session.EndChannel) (closed bool) {
	revoked := signin.Revoked(d.token.ID, d.token.IssuedAt, e.TokenIDs, e.Before)
	closed = d.ch.Live() && (e.Kick != 0 || revoked)
	if closed {
		if d.active() {
			d.end(now, now, serverconn.EndedBy(revoked))
		} else {
			d.gone(now, "final_error")
		}
	}
	return closed
}
