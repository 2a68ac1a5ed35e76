package document

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// section locks a section for the member, prolongs its lock, or unlocks one: its own
// or, since whoever gets here may moderate, another's. The answer is the locks frame
// that everybody gets; the member's own has the message id.
func (d *Document) section(now time.Time, m *member, f protocol.Frame) {
	p, ok := protocol.ParseLock(f.Data)
	i := d.sectionPlace(p.Section)
	held := i < len(d.sections) && d.sections[i].Name == p.Section
	lock := f.Event == protocol.EventLock
	var e protocol.Error
	switch {
	case !m.allows(permission.LockSection):
		e.Code = protocol.InsufficientPermissions
	case m.ch.ReadOnly(now):
		e.Code, e.Reason = protocol.TokenExpired, "read_only"
	case !ok || !protocol.ValidID(p.Section, d.cfg.Conn.Limits.IDBytes):
		d.malformed(m, f, "section_missing")
		return
	case lock && held && d.sections[i].UserID != m.userID():
		e = d.sectionLocked(now, &d.sections[i], "section_locked")
	case lock && !held && len(d.sections) >= d.cfg.MaxSections:
		e = protocol.Error{Code: protocol.DocumentLocked, Message: "There are as many locked sections as there may be.",
			Reason: "too_many_sections", RetryAfter: d.cfg.LockRetry}
	}
	if e.Code != "" {
		e.MessageID = f.MessageID
		d.sendError(m, e)
		return
	}
	switch {
	case lock:
		if p.TTL == 0 {
			p.TTL = d.cfg.SectionTTL
		}
		s := Section{Name: p.Section, UserID: m.userID(), ClientID: m.ch.ClientID(), Until: now.Add(min(p.TTL, d.cfg.MaxSectionTTL))}
		if !held {
			d.sections = rows.Insert(d.sections, i, s)
		}
		d.sections[i] = s
		d.emit(SaveSection{Section: s})
	case held:
		d.emit(DeleteSection{Name: p.Section})
		d.sections = slices.Delete(d.sections, i, i+1)
	default: // it is as the member wants it
		d.sendLocks(m, f.MessageID)
		return
	}
	d.stale = true
	d.sendLocks(m, f.MessageID)
	d.sendLocksBut(m)
}

func (d *Document) sectionPlace(name string) (i int) {
	for i < len(d.sections) && d.sections[i].Name < name {
		i++
	}
	return i
}

// leaveSections unlocks what a client has locked that is gone for good: with the last of its
// user's, all.
func (d *Document) leaveSections(m *member) {
	last := m.reason != replaced && alive(d.of(m.userID())) == 0
	d.unlockWhere(func(s *Section) bool { return s.UserID == m.userID() && (last || s.ClientID == m.ch.ClientID()) })
}

// passSections gives what a client has locked to the one of its user's that takes its place.
func (d *Document) passSections(m *member, to string) {
	for i := range d.sections {
		if s := &d.sections[i]; s.UserID == m.userID() && s.ClientID == m.ch.ClientID() {
			s.ClientID = to
			d.emit(SaveSection{Section: *s})
		}
	}
}

// releaseSections unlocks what a user has locked that may lock none any more; of a delegate what it
// has locked itself, for its user may lock more than it. Everybody but one hears of it.
func (d *Document) releaseSections(m, but *member) {
	d.unlockBut(but, func(s *Section) bool {
		return s.UserID == m.userID() && (!m.delegate() || s.ClientID == m.ch.ClientID())
	})
}

// settleSections unlocks what was locked for long enough.
func (d *Document) settleSections(now time.Time) {
	d.unlockWhere(func(s *Section) bool { return !now.Before(s.Until) })
}

func (d *Document) unlockWhere(over func(*Section) bool) { d.unlockBut(nil, over) }

func (d *Document) unlockBut(but *member, over func(*Section) bool) {
	kept := d.sections[:0]
	for i := range d.sections {
		if s := d.sections[i]; over(&s) {
			d.emit(DeleteSection{Name: s.Name})
			continue
		}
		kept = append(kept, d.sections[i])
	}
	if len(kept) < len(d.sections) {
		clear(d.sections[len(kept):])
		d.sections = kept
		d.stale = true
		d.sendLocksBut(but)
	}
}
