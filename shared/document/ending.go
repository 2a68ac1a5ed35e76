package document

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// disconnected takes the end of a socket before anything that is due: nothing
// may be said to a connection that is gone. The end of one that is not current
// changes nothing.
func (d *Document) disconnected(now time.Time, e Disconnected) {
	if m := d.conns[e.Conn]; m != nil {
		at := d.lostAt(now, m, e.Seen)
		d.record(m, audit.Entry{At: at, Event: audit.Lost, Detail: strconv.Itoa(e.Code)}.Ending(m.ch.Connection()))
		d.lose(now, m, at)
	}
}

// sendFailed takes a socket that does not take frames for one that has ended.
func (d *Document) sendFailed(now time.Time, e SendFailed) {
	if m := d.conns[e.Conn]; m != nil {
		d.emit(Close{Conn: e.Conn, Code: 1011, Reason: "send_failed"})
		at := d.lostAt(now, m, e.Seen)
		d.record(m, audit.Entry{At: at, Event: audit.Lost, Detail: "1011"}.Ending(m.ch.Connection()))
		d.lose(now, m, at)
	}
}

// lostAt takes the runtime's last word on a connection that has ended.
func (d *Document) lostAt(now time.Time, m *member, seen time.Time) time.Time {
	m.ch.Pinged(serverconn.NotAfter(now, seen))
	return m.ch.LostAt(now, !seen.IsZero())
}

// lose ends the current connection as of at and starts the grace period, which
// may be over already.
func (d *Document) lose(now time.Time, m *member, at time.Time) {
	if m.active() {
		d.detach(m)
		d.act(now)
		m.ch.Lose(at)
		d.save(m)
		d.sendPresence(m, protocol.EventLeave, m.ch.ClientID(), nil)
	}
	d.settle(now, m, false)
}

// end sends the client the reason, closes its connection, and does with the channel
// what the code says: a final one ends it, any other leaves it its grace.
func (d *Document) end(now time.Time, m *member, at time.Time, e protocol.Error) {
	if serverconn.Listens(e) {
		d.sendError(m, e)
	}
	d.shut(m.self[0], &e)
	since, resumed := m.ch.Connection()
	d.recordClosed(at, m, &e, since, resumed)
	if serverconn.Final(e) {
		d.gone(now, m, "final_error")
		return
	}
	d.lose(now, m, at)
}

// gone ends the channel for good and begins to notify the session object.
func (d *Document) gone(now time.Time, m *member, reason string) {
	left, lived := m.active(), m.ch.Live()
	if left {
		d.detach(m)
	}
	m.ch.Leave()
	if lived {
		d.tellMember(now, delivery.DocumentLeft, m, reason)
	}
	m.notifying, m.reason, m.tries = true, reason, 0
	d.notify(now, m)
	if left {
		d.sendPresence(m, protocol.EventLeave, m.ch.ClientID(), nil)
	}
	d.leaveSections(m)
}

// notify notifies once and sets the time of the next try.
func (d *Document) notify(now time.Time, m *member) {
	m.tries++
	m.notifyNext = now.Add(backoff.Pause(m.tries))
	m.asking = true
	d.stale = true
	d.save(m)
	d.tellSession(m, m.reason)
}

// replaced is the reason of a channel's end whose place another of the user's takes.
const replaced = "replaced"

// tellSession says that the member's channel is gone.
func (d *Document) tellSession(m *member, reason string) {
	d.emit(Notify{
		UserID: m.userID(), ClientID: m.ch.ClientID(), SessionID: m.grant.SessionID, Reason: reason,
		Others: reason == replaced || alive(d.of(m.userID())) > 0, AdmittedAt: m.grant.AdmittedAt,
	})
}

// notified takes the session object's answer. One that belongs to an earlier
// session of the user changes nothing.
func (d *Document) notified(now time.Time, t Notified) {
	m := d.find(t.UserID, t.ClientID)
	if m == nil || !m.notifying || m.grant.SessionID != t.SessionID {
		return
	}
	m.asking, d.stale = false, true
	if !t.OK {
		return
	}
	m.notifying, m.notifyNext = false, now.Add(d.cfg.Channel.Grace+m.rejectedFor)
	d.stale = true
	d.save(m)
}

// over reports whether the session object has confirmed a gone channel and its row has served its time.
func (m *member) over(now time.Time) bool {
	return m.ch.State() == channel.Gone && !m.notifying && !now.Before(m.notifyNext)
}
