package sim_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// history is one log of a document: when that is erased, another begins.
type history struct {
	all    []document.Entry // as if nothing had been trimmed
	states []uint64         // what an app makes of it, by version
	last   map[string]int   // by client: the newest op that is stored
	undone map[uint64]bool  // ops that an operator's restore has taken back
	// undoneTo is the version from which on the newest of those restores put things forward.
	undoneTo uint64
	// made tells one entry from another of the same version: what is erased of it does not.
	made []uint64
	// was is what entries were before something of them was erased, silenced those whose text
	// went with their user, of which no entry tells.
	was      map[uint64][]document.Entry
	silenced map[uint64]bool
}

func newHistory() *history {
	return &history{states: []uint64{0}, last: map[string]int{}, undone: map[uint64]bool{}, was: map[uint64][]document.Entry{}, silenced: map[uint64]bool{}}
}

// sourceDocument is what the permission source says of a document itself, and who knows.
type sourceDocument struct {
	private, deleted bool
	version          int            // of the two
	notified         int            // the newest that the document has been notified of
	sure             map[string]int // by user: the newest that is known to hold for them
	access           uint64         // what the document said to that
	users            []string
}

func (s *sourceDocument) taken(access uint64, users []string) { s.access, s.users = access, users }

// access is what the source says to a question about a user.
func (d *docObject) access(user string) session.Access {
	if d.source.deleted {
		return session.Access{}
	}
	source := d.w.source[user]
	source.Restricted = d.source.private
	return session.Access{Found: true, WorkspaceID: "ws", Source: source}
}

// allowed holds a grant that is used to what the source has said since the document was
// notified of its newest change.
func (d *docObject) allowed(g document.Grant, what string) {
	access := d.access(g.UserID)
	may := permission.Set(0)
	if access.Found {
		may, _ = permission.Resolve(access.Source)
	}
	// The user's own role may change too; that is held to elsewhere.
	if may == 0 && permission.Set(g.Permissions).Has(permission.Read) && (d.source.private || d.source.deleted) {
		d.w.fail("%s: %s of %s by an answer from before it became private or was deleted", d.id, what, g.UserID)
	}
}

// changeSource changes the document at the source and notifies it.
func (d *docObject) changeSource() {
	w, s := d.w, &d.source
	if w.quiet {
		return
	}
	w.counts.SourceChanged++
	switch {
	case s.deleted:
		s.deleted, s.private = false, w.rng.Chance(0.3)
	case w.rng.Chance(0.3):
		d.deleteSource()
		return
	default:
		s.private = !s.private
	}
	s.version++
	d.notifyOfSource(false, s.version)
}

// deleteSource deletes the document at the source, and what it holds. It is made again.
func (d *docObject) deleteSource() {
	w, s := d.w, &d.source
	s.deleted = true
	s.version++
	w.After(w.rng.Between(0, 40*time.Second), func() {
		if s.deleted {
			d.changeSource()
		}
	})
	d.notifyOfSource(true, s.version)
}

func (d *docObject) notifyOfSource(erase bool, version int) {
	d.w.After(d.w.rng.Between(0, 200*time.Millisecond), func() {
		w, s := d.w, &d.source
		if erase {
			d.step(document.Erase{Generation: d.store.Generation()})
		} else {
			d.step(document.AccessChanged{})
		}
		s.notified = max(s.notified, version)
		for _, id := range s.users {
			u := w.user(id)
			w.askNo++
			u.op.asked[w.askNo] = func() { s.sure[id] = max(s.sure[id], version) }
			u.step(session.AccessChanged{Ask: w.askNo, UserID: id, Document: d.id, Access: s.access, Reason: "permissions_changed"})
		}
	})
}

// settleSource opens the document again, for the end of the run.
func (d *docObject) settleSource() {
	d.source.private, d.source.deleted = false, false
	d.source.version++
	d.notifyOfSource(false, d.source.version)
}
