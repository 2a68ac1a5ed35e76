package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// aging is when a document's log has to be looked at for its age (see shared/document/age.go), as
// long as Kept and the snapshot stay what they were.
type aging struct {
	known          bool
	kept, snapshot uint64
	due            time.Time // zero for never
}

// agingPause is how long a log that has to be looked at at once is let be, if there was nothing to do.
const agingPause = 24 * time.Hour

// agingDue is when the log has to be looked at. It costs two rows read in an event that has changed
// what is kept, and in the first of a boot; nothing without Config.LogAge, or a snapshot.
func (o *documentObject) agingDue(now time.Time) (time.Time, bool) {
	a := &o.aging
	kept, snapshot := o.core.Kept(), o.core.SnapshotVersion()
	if o.cfg.LogAge <= 0 || snapshot <= kept {
		return time.Time{}, false
	}
	if !a.known || a.kept != kept || a.snapshot != snapshot {
		var entry, base time.Time
		// The newest entry stays. A snapshot that this event has stored no query sees yet.
		o.store.query(selectFirstAt, func(c []Value) { entry = c[0].time() }, unsigned(kept), unsigned(min(snapshot, o.core.Version()-1)))
		base = now
		o.store.query(selectBaseAt, func(c []Value) { base = c[0].time() }, unsigned(kept))
		*a = aging{known: true, kept: kept, snapshot: snapshot}
		a.due, _ = o.cfg.LogDue(entry, base)
	}
	return a.due, !a.due.IsZero()
}

// aged has the core look at the log when it is time for that.
func (o *documentObject) aged(now time.Time) {
	due, ok := o.agingDue(now)
	if !ok || now.Before(due) {
		return
	}
	o.events = append(o.events, document.LogAged{Posting: o.history(now, o.core.SnapshotVersion(), true)})
	o.aging.due = now.Add(agingPause) // unless something goes, and it is found anew
}
