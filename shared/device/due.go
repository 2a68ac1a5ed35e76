package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Deadline returns when something of the channel is due, and false when nothing ever is.
func (d *Device) Deadline() (at time.Time, ok bool) {
	least := func(t time.Time, is bool) {
		if is && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	least(d.pendingUntil())
	least(d.ch.Deadline(false))
	if d.pings() {
		least(d.pinged.Add(d.cfg.Channel.Heartbeat), true)
		if !d.asked.IsZero() {
			least(d.silentAt(), true)
		}
	}
	return at, ok
}

func (d *Device) pendingUntil() (time.Time, bool) {
	return serverconn.Until(d.pending.Conn, d.pending.At, d.cfg.Channel.InitTimeout)
}

// pings reports whether the server pings now.
func (d *Device) pings() bool { return !d.cfg.ClientPings && d.active() }

// silentAt is when the connection counts as dead, as far as is known: it was silent for
// HeartbeatTimeout, and had the time to answer a ping. Without the second a server that
// was asleep itself would kill who was never asked.
func (d *Device) silentAt() time.Time {
	at := d.ch.Row().Seen.Add(d.cfg.Channel.HeartbeatTimeout)
	if answer := d.asked.Add(d.cfg.Channel.HeartbeatTimeout / 5); answer.After(at) {
		return answer
	}
	return at
}

// Settle does everything that is due, each as of its own moment. judge says that silence
// may be judged: on the alarm and on a new connection, with the runtime's record just read,
// but not on a frame or before an operator's request, which a late alarm must not turn into
// an end.
func (d *Device) Settle(now time.Time, judge bool) {
	if at, ok := d.pendingUntil(); ok && !now.Before(at) {
		d.reject(now, d.pending.Flat, protocol.Error{Code: protocol.ConnectionInitTimeout})
	}
	for range 8 { // a channel passes through all its states in four turns
		due, at := d.ch.Due(now, judge && d.cfg.ClientPings)
		if judge && d.pings() && !d.asked.IsZero() {
			if t := d.silentAt(); !now.Before(t) && (due == channel.Nothing || t.Before(at)) {
				due, at = channel.Silent, t
			}
		}
		switch due {
		case channel.Nothing:
			return
		case channel.Notice:
			d.ch.Notice()
			d.save()
			d.send(serverconn.RefreshRequired("token_expiring", d.ch.NoticeLeft(now)))
		case channel.TokenOver:
			d.end(now, at, protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		case channel.Silent:
			d.end(now, at, protocol.Error{Code: protocol.HeartbeatTimeout})
		case channel.GraceOver:
			d.record(at, audit.Entry{Event: audit.GraceOver})
			d.gone(now, "grace_expired")
		}
	}
}

// Woken takes the alarm: it settles what is due, with the runtime's record of the current
// connection at hand.
func (d *Device) Woken(now, seen time.Time) {
	d.seen(now, seen)
	d.Settle(now, true)
}

// Beat pings when it is time to. A ping that another one has gone out before, or that is
// late, is stored: a hibernated object would know neither.
func (d *Device) Beat(now time.Time) {
	if !d.pings() || now.Before(d.pinged.Add(d.cfg.Channel.Heartbeat)) {
		return
	}
	repeated := !d.asked.IsZero()
	if !repeated {
		d.asked = now
	}
	if repeated || !now.Before(d.ch.Row().Seen.Add(2*d.cfg.Channel.Heartbeat)) {
		d.save()
	}
	d.pinged = now
	d.sendText([]byte(protocol.PingText))
}

// alive notes a frame of the current connection. The first after each ping is kept with the socket; an
// object that has hibernated since knows a ping by the time that has passed. A row that says that a
// ping waits is stored anew.
func (d *Device) alive(now time.Time) {
	before := d.ch.Row().Seen
	d.ch.Alive(now)
	if d.cfg.ClientPings || d.asked.IsZero() && now.Sub(before) < d.cfg.Channel.Heartbeat {
		return
	}
	d.asked = time.Time{}
	if d.doubts {
		d.save()
		return
	}
	d.owner.Emit(Heard{Conn: d.ch.Conn(), At: now})
}

// seen takes the runtime's record of the current connection.
func (d *Device) seen(now, at time.Time) {
	if d.cfg.ClientPings && d.ch.Pinged(serverconn.NotAfter(now, at)) {
		d.save()
	}
}
