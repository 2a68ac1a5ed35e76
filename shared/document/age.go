package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/retention"
)

// What a snapshot replaced goes by its age too, where Config.LogAge says so: entries that are older
// go with the next snapshot, or when LogDue says, those included that KeepOps would leave. What no
// snapshot replaces stays, however old; so does the newest entry, by which a client that comes
// back is seen to be in step; and whatever Config.KeepReplaced keeps for a restore. Comments go as
// ever, with a snapshot that is posted after they were resolved.

// LogAged has the log looked at for its age. Posting is looked up as for a snapshot that is posted.
type LogAged struct{ Posting Posting }

func (LogAged) isEvent() {}

// LogBefore is the moment up to which entries are too old, zero for none.
func (c *Config) LogBefore(now time.Time) time.Time {
	return retention.Rule{Keep: c.LogAge}.Before(now)
}

// LogDue is when LogAged has something to do: entry is when the first one after State.Kept was
// stored, base when the first whole snapshot after it was; zero where there is none.
func (c *Config) LogDue(entry, base time.Time) (time.Time, bool) {
	if entry.IsZero() || base.IsZero() {
		return time.Time{}, false
	}
	if at := base.Add(c.KeepReplaced - c.LogAge); at.After(entry) {
		entry = at
	}
	return retention.Rule{Keep: c.LogAge}.Due(entry)
}

// aged is the version up to which entries go for their age: a snapshot from before oldest does not
// keep them for a restore.
func (d *Document) aged(h *Posting, oldest uint64) uint64 {
	if d.cfg.LogAge <= 0 || d.version == 0 {
		return 0
	}
	return min(h.Aged, oldest, d.version-1)
}

// unread is as far as a floor may go: a connection has yet to get what lies after it.
func (d *Document) unread(floor uint64) uint64 {
	for _, o := range d.members {
		if o.behind {
			floor = min(floor, o.pushed)
		}
	}
	return floor
}

func (d *Document) logAged(now time.Time, h *Posting) {
	s := &d.state
	if s.Snapshot == 0 {
		return
	}
	oldest, _ := d.cfg.erase(now, h, s.Snapshot, s.Kept)
	floor := max(s.Floor, d.unread(d.aged(h, oldest)))
	kept := max(s.Kept, min(oldest, floor))
	if kept == s.Kept {
		return
	}
	s.Floor, s.Kept = floor, kept
	d.saveState()
	// A client that has the snapshot already, and is being sent the comments from before it, has to
	// hear that they are resolved: these go with the next snapshot, which has it begin anew.
	d.emit(Compact{Snapshot: s.Snapshot, Kept: s.Kept, Oldest: oldest})
}
