package document

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A reader may read and nothing else. Readers have places of their own (Config.MaxReaders), so that a
// thousand of them take none from those who write, and none of theirs is taken.
//
// Config.ShownReaders of them are shown to everybody as each member is: so small a document is as it
// would be without readers. One that comes when so many are there is unlisted, for as long as it is connected
// and only reads: it sees everybody who is listed, and everybody is told how many are unlisted, at most
// once in readersPause. So who comes and goes among a thousand costs nobody a frame.

// readersPause is how late the number of unlisted readers may be.
const readersPause = 5 * time.Second

// presenceShown is how many connections are sent presence as often as Config.Presence allows. Where there
// are more, a client's presence is passed on less often by as much.
const presenceShown = 100

// crowd is what everybody has been told of how many are unlisted. A hibernation forgets that it has changed,
// but comes later than the alarm for it.
type crowd struct {
	said  int
	dueAt time.Time // when to say it anew; zero when that was done
}

// reads reports whether the holder of a grant may read and nothing else.
func (g *Grant) reads() bool { return readsOnly(g.May()) }

func readsOnly(may permission.Set) bool { return may&^permission.Read == 0 }

// noRoom reports whether a member that comes with a grant, and others that leave for it, finds no place
// among those who write or those who read, and how that is said.
func (d *Document) noRoom(m *member, g *Grant, leaving []*member) (e protocol.Error, full bool) {
	reads := g.reads()
	all, guests, guestsAlike := 0, 0, 0
	for _, o := range d.members {
		if o == m || !o.ch.Live() || slices.Contains(leaving, o) {
			continue
		}
		alike := o.grant.reads() == reads
		if alike {
			all++
		}
		if o.guest() {
			guests++
			if alike {
				guestsAlike++
			}
		}
	}
	places := d.cfg.MaxMembers
	if reads {
		places = d.cfg.MaxReaders
	}
	if all >= places {
		return d.documentFull(m), true
	}
	if d.cfg.MaxGuests > 0 {
		full = guests >= d.cfg.MaxGuests
	} else {
		full = guestsAlike >= max(1, places/2)
	}
	if m.guest() && full {
		return d.guestsFull(m), true
	}
	return e, false
}

// moves takes a member that may write now, or not any more, to the places it is of. Where there is none it
// has to go: it comes back when there is.
func (d *Document) moves(now time.Time, m *member, old permission.Set) (gone bool) {
	if readsOnly(old) == m.grant.reads() {
		return false
	}
	if e, full := d.noRoom(m, &m.grant, nil); full {
		since, resumed := m.ch.Connection()
		d.dismiss(now, m, &e, since, resumed)
		return true
	}
	if m.unlisted && m.active() {
		m.unlisted = false
		d.save(m)
		d.recount()
		d.sendPresence(m, protocol.EventJoin, m.ch.ClientID(), nil)
		if m.said != "" {
			d.show(now, m)
		}
	}
	return false
}

// arrives says whether a member whose connection begins is listed, and reports whether the others hear
// that it has come.
func (d *Document) arrives(m *member, replaces bool) bool {
	was := replaces && m.unlisted
	m.unlisted = false // it is one of those that are counted
	m.unlisted = m.grant.reads() && (was || !replaces && d.readers(false) > d.cfg.ShownReaders)
	if was && !m.unlisted {
		d.recount()
	}
	return !replaces || was && !m.unlisted
}

// readers counts the readers who are here: those that are listed, or those that are not.
func (d *Document) readers(unlisted bool) (n int) {
	for _, m := range d.members {
		if m.active() && m.unlisted == unlisted && m.grant.reads() {
			n++
		}
	}
	return n
}

// recount has everybody told how many are unlisted.
func (d *Document) recount() {
	if d.crowd.dueAt.IsZero() {
		d.crowd.dueAt = d.now.Add(readersPause)
		if !d.stale {
			least(&d.alarm, d.crowd.dueAt)
		}
	}
}

// settleReaders says it.
func (d *Document) settleReaders(now time.Time) {
	if !passed(d.crowd.dueAt, now) {
		return
	}
	d.crowd.dueAt = time.Time{}
	n := d.readers(true)
	if n == d.crowd.said {
		return
	}
	d.crowd.said = n
	d.data = protocol.PresenceReaders{Readers: n}.Append(d.data[:0])
	d.sendOthers(nil, protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventReaders, Data: d.data})
}
