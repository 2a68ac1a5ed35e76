package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// maxTrust is how many windows a connection is given that confirms none.
	maxTrust = 8
	// maxPortions is how many members one alarm gives more to: what they get is in
	// memory until the event has ended. The others are due at once again.
	maxPortions = 8
)

// credit reports whether the member may be sent what can wait.
func (d *Document) credit(m *member) bool { return m.conn.Window.Credit(d.cfg.Conn.WindowBytes) }

// count notes bytes that have just been sent to the member.
func (d *Document) count(m *member, bytes int) {
	w := &m.conn.Window
	w.Sent(bytes)
	half := uint(d.cfg.Conn.WindowBytes) / 2
	if uint(w.UnderWay()) < half && uint(m.passing.UnderWay()) < half/presenceShare {
		return
	}
	if !w.Probing() {
		m.passing.Mark()
		ping := protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPing, MessageID: w.Probe(&d.probes)}
		d.emit(Send{Conns: d.one(m.self[0]), Text: d.encode(ping)})
	}
	if !d.credit(m) && m.drySince.IsZero() {
		m.drySince = d.now
		d.stale = true
		d.save(m)
	}
}

// endFull ends the connections that this Step has filled beyond what may be under way
// with answers: who does not read is not talked to any more.
func (d *Document) endFull(now time.Time) {
	for i := 0; i < len(d.full); i++ {
		if m := d.full[i]; m.active() && m.conn.Window.Overfull(d.cfg.Conn.WindowBytes) {
			d.end(now, m, now, protocol.Error{Code: protocol.SlowConsumer})
		}
	}
}

// pong takes the answer to the open probe. Any other confirms nothing; it may be
// the answer to one that was forgotten in hibernation, with all that it was for,
// and then there is room.
func (d *Document) pong(m *member, messageID string) {
	if m.conn.Window.Answered(&d.probes, messageID) {
		m.passing.Confirm()
		if !m.confirms || m.trusted > 0 {
			m.confirms, m.trusted = true, 0
			d.save(m)
		}
		d.count(m, 0) // what went out since may be more than half a window too
	}
	d.pump(m)
}

// pump goes on with what had to wait for credit: entries of the log, a sync, who is
// there. It reads the log, so it has no place in a Step that adds to it: that entry
// is not written yet.
func (d *Document) pump(m *member) {
	if !m.active() || m.replaying || !d.credit(m) {
		return
	}
	if !m.drySince.IsZero() {
		m.drySince = time.Time{}
		d.stale = true
		d.save(m)
	}
	switch {
	case d.waitsForHistory(m):
	case m.behind:
		d.replay(m)
		return
	case m.syncing:
		m.syncing = false
		d.sync(m, m.syncFrom)
		return
	}
	if !m.behind {
		d.showUnseen(m)
	}
}

// replay sends the member what comes after m.pushed, as much as there is room for.
func (d *Document) replay(m *member) {
	m.replaying = true
	d.emit(Replay{
		Conn: m.self[0], UserID: m.userID(), ClientID: m.ch.ClientID(),
		From: m.pushed, To: min(d.version, m.pushed+uint64(d.cfg.MaxReplay)), Bytes: m.conn.Window.Room(d.cfg.Conn.WindowBytes),
	})
}

// waits has the entry, and all that follow it, wait in the log.
func (d *Document) waits(m *member, version uint64) {
	if !m.behind {
		m.behind, m.pushed = true, version-1
		d.save(m)
	}
}

// delivered takes what a Replay or a Sync came to.
func (d *Document) delivered(m *member, e Delivered) {
	if !e.Replay || m.pushed < m.joined {
		m.history.Spend(d.now, d.cfg.History, max(e.Bytes, leastHistory))
	}
	if e.Replay {
		m.replaying = false
	}
	if e.Replay && m.behind && e.To > m.pushed {
		m.pushed = e.To
		if m.pushed >= d.version {
			m.behind, m.pushed = false, 0
		}
		d.save(m)
	}
	d.count(m, e.Bytes)
	d.pump(m)
}

// dryUntil is when a member without credit has been so for too long.
func (d *Document) dryUntil(m *member) (time.Time, bool) {
	return m.drySince.Add(d.cfg.SlowAfter), !m.drySince.IsZero()
}

// settleFlow ends a connection that does not read, or gives one that cannot say so
// another window, and one whose flow was forgotten in hibernation too. It gives on
// the alarm only (see pump): a frame that comes first leaves that due.
func (d *Document) settleFlow(now time.Time, m *member, woken bool) {
	d.settlePresence(now, m)
	if passed(m.historyAt, now) && woken && d.portions < maxPortions {
		d.portions++
		m.historyAt = time.Time{}
		d.pump(m)
	}
	at, dry := d.dryUntil(m)
	if !dry || now.Before(at) {
		return
	}
	if m.trusted >= maxTrust || m.confirms && !d.credit(m) {
		d.end(now, m, now, protocol.Error{Code: protocol.SlowConsumer})
		return
	}
	if !woken || d.portions >= maxPortions {
		return
	}
	d.portions++
	m.trusted++
	m.conn.Window.Forgive()
	m.passing.Forgive()
	d.pump(m)
}
