package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// deadlines caches the least of them, so that an op on a document of a hundred
// members looks at one number. stale says the cache has to be worked out anew.
// A frame is a sign of life that does not make it stale: an alarm that is early
// is harmless, one set anew for every frame is not.
type deadlines struct {
	stale  bool
	alarm  time.Time // zero for none
	sweep  time.Time // the end of the first row whose session object knows: worth doing, not worth waking for
	reckon bool      // alarm and sweep have been worked out at least once
	silences
}

// Deadline returns when Woken is due, and false when nothing ever is.
func (d *Document) Deadline() (time.Time, bool) {
	d.reckonDeadlines()
	at, ok := d.told.Deadline()
	if !d.alarm.IsZero() && (!ok || d.alarm.Before(at)) {
		return d.alarm, true
	}
	return at, ok
}

func (d *Document) reckonDeadlines() {
	if d.reckon && !d.stale {
		return
	}
	d.reckon, d.stale = true, false
	d.alarm, d.sweep = time.Time{}, time.Time{}
	d.reckonSilences()
	for _, m := range d.members {
		at, ok := m.ch.Deadline(false)
		if ok {
			least(&d.alarm, at)
		}
		if at, dry := d.dryUntil(m); dry {
			least(&d.alarm, at)
		}
		for _, at := range [...]time.Time{m.historyAt, m.showAt, m.blindUntil} {
			if !at.IsZero() {
				least(&d.alarm, at)
			}
		}
		switch {
		case m.notifying && m.asking:
			// The answer, or its failure, is an event of its own. Only a crash needs an alarm, and the one
			// that the connection has had does: it is before the token's end.
			least(&d.alarm, serverconn.Latest(m.notifyNext, m.ch.Expires()))
		case m.notifying:
			least(&d.alarm, m.notifyNext)
		case m.ch.State() == channel.Gone:
			least(&d.sweep, m.notifyNext)
		}
	}
	for i := range d.sections {
		least(&d.alarm, d.sections[i].Until)
	}
	if at, ok := d.uploadUntil(); ok {
		least(&d.alarm, at)
	}
	if at := d.crowd.dueAt; !at.IsZero() {
		least(&d.alarm, at)
	}
}

// least moves t to at when that is earlier. A deadline of year 1 is the zero
// Time, which means none; it cannot come from a clock.
func least(t *time.Time, at time.Time) {
	if t.IsZero() || at.Before(*t) {
		*t = at
	}
}

// settleDue does what has become due for anybody. It does not judge silence:
// only Woken and Connect have just read the runtime's record.
func (d *Document) settleDue(now time.Time) {
	d.reckonDeadlines()
	if passed(d.alarm, now) || passed(d.sweep, now) {
		d.settleAll(now, false)
	}
}

func passed(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

func (d *Document) settleAll(now time.Time, judge bool) {
	d.stale = true
	d.settleEach(now, d.members, judge)
	d.settleSections(now)
	d.settleUpload(now)
	d.settleReaders(now)
}

// settleEach settles all of a part of the document's list, which a member that is over leaves.
func (d *Document) settleEach(now time.Time, members []*member, judge bool) {
	for _, m := range append([]*member(nil), members...) {
		d.settle(now, m, judge)
	}
}

// woken notes every sign of life, then does what is due.
func (d *Document) woken(now time.Time, w Woken) {
	for _, s := range w.Seen {
		if m := d.conns[s.Conn]; m != nil {
			m.ch.Pinged(serverconn.NotAfter(now, s.At))
		}
	}
	d.looked = now
	d.settleAll(now, true)
}

// settle does everything that is due for one member, each as of its own moment.
// A channel passes through all its states in four turns; the bound only keeps a
// row that no clock can have made from holding the object.
func (d *Document) settle(now time.Time, m *member, judge bool) {
	for range 8 {
		due, at := m.ch.Due(now, judge)
		if due == channel.Nothing {
			break
		}
		d.stale = true
		switch due {
		case channel.Notice:
			m.ch.Notice()
			d.save(m)
			d.sendRefreshRequired(now, m, "token_expiring")
		case channel.TokenOver:
			d.end(now, m, at, protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		case channel.Silent:
			d.end(now, m, at, protocol.Error{Code: protocol.HeartbeatTimeout})
		case channel.GraceOver:
			d.record(m, audit.Entry{At: at, Event: audit.GraceOver})
			d.gone(now, m, "grace_expired")
		}
	}
	d.settleFlow(now, m, judge)
	switch {
	case m.notifying && !now.Before(m.notifyNext):
		d.notify(now, m)
	case m.over(now):
		d.remove(m)
		d.emit(DeleteChannel{UserID: m.userID(), ClientID: m.ch.ClientID()})
	}
}
