package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// fromSource is the reason of a lock that the permission source has reported.
const fromSource = "permission_source"

// lockSettles is how long after an operator's word the source's does not count: it may
// have been read before, by a clock that is ahead of ours.
const lockSettles = 5 * time.Second

// lockSaid takes a grant's word about the document's lock, when it is the newest. That
// nothing is locked need not be said of an erased document, which keeps no rows for it. A guest's
// that names no workspace is of no source.
func (d *Document) lockSaid(now time.Time, g Grant) {
	if l := &d.state.Lock; d.outdated(g) || protocol.IsGuest(g.UserID) && g.WorkspaceID == "" || d.erased() && !g.Locked || l.On && l.Held {
		return
	}
	since := d.state.Lock.At
	if d.state.Lock.Reason != fromSource && !since.IsZero() {
		since = since.Add(lockSettles)
	}
	if at := serverconn.NotAfter(now, g.AccessAt); at.After(since) {
		d.setLock(now, Lock{On: g.Locked, At: at, Reason: fromSource}, "")
	}
}

// lockRequested takes an operator's, which is the newest there is.
func (d *Document) lockRequested(now time.Time, e LockRequested) {
	d.setLock(now, Lock{On: e.Locked, At: now, Reason: e.Reason, Retry: max(0, e.Retry), Held: e.Held}, e.By)
	d.emit(LockTaken{Locked: e.Locked, Version: d.version})
}

// setLock stores the lock and sends it to everybody when it has changed.
func (d *Document) setLock(now time.Time, l Lock, by string) {
	changed := l.On != d.state.Lock.On
	d.state.Lock = l
	d.saveState()
	if !changed {
		return
	}
	e := audit.Entry{At: now, Event: audit.Unlocked, Document: d.id, Reason: l.Reason, By: by}
	if l.On {
		e.Event = audit.Locked
	}
	d.emit(Record{Entry: e})
	d.sendLocksBut(nil)
}

// lockedTo says why the member may not write an op to a section now; "" is an op that
// does not say where it writes, and may touch any.
func (d *Document) lockedTo(now time.Time, m *member, section string) (e protocol.Error, refused bool) {
	return d.lockedFor(now, m.userID(), section)
}

// lockedFor says so of a user, "" for a server that writes in nobody's name.
func (d *Document) lockedFor(now time.Time, userID, section string) (e protocol.Error, refused bool) {
	if d.state.Lock.On {
		retry := d.state.Lock.Retry
		if retry == 0 {
			retry = d.cfg.LockRetry
		}
		return protocol.Error{Code: protocol.DocumentLocked, RetryAfter: retry}, true
	}
	for i := range d.sections {
		s := &d.sections[i]
		switch {
		case s.UserID == userID:
		case s.Name == section:
			return d.sectionLocked(now, s, "section_locked"), true
		case section == "":
			return d.sectionLocked(now, s, "section_missing"), true
		}
	}
	return e, false
}

func (d *Document) sectionLocked(now time.Time, s *Section, reason string) protocol.Error {
	return protocol.Error{
		Code: protocol.DocumentLocked, Message: "A section of the document is locked: wait and try again.",
		Reason: reason, RetryAfter: max(time.Millisecond, min(d.cfg.LockRetry, s.Until.Sub(now))),
	}
}

func (d *Document) anyLocked() bool { return d.locked() || len(d.sections) > 0 }

// sendLocks sends one member what is locked, as the answer to its request if that has
// a name; sendLocksBut sends it to everybody but one, and nil is nobody.
func (d *Document) sendLocks(m *member, messageID string) {
	f := d.locks()
	f.MessageID = messageID
	d.sendTo(m, f)
}

func (d *Document) sendLocksBut(m *member) { d.sendOthers(m, d.locks()) }

func (d *Document) locks() protocol.Frame {
	p := protocol.Locks{Locked: d.locked()}
	if d.state.Full {
		p.Reason = logFull
	}
	for _, s := range d.sections {
		p.Sections = append(p.Sections, protocol.LockedSection{Section: s.Name, UserID: s.UserID, ClientID: s.ClientID, Until: s.Until})
	}
	d.data = p.Append(d.data[:0])
	return protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventLocks, Data: d.data}
}
