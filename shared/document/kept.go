package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A snapshot may be false: the server does not look inside. So what it replaces, the
// snapshot before it and the entries between, is kept where no reader gets it, and an
// operator may restore it (see restore.go): for Config.KeepReplaced, and the newest for as
// long as it is, within Config.ReplacedBytes.

// Kept is a snapshot that is stored: the document's own, or one that was replaced.
type Kept struct {
	Version          uint64
	At               time.Time
	UserID, ClientID string // who posted it; "" for one that was restored
	Parts, Bytes     int
	// Total is how many bytes the entries up to it came to (see Entry.Total).
	Total uint64
}

// Posting is what a shell looks up for a snapshot that is being posted (see Posts): when
// the entry of its version was stored, and, for its last part, what of the log is kept.
type Posting struct {
	At time.Time
	// Total is how many bytes the entries up to that version came to; Kept how many of
	// them those up to State.Kept, and Pinned how many are of open comments.
	Total, Kept, Pinned uint64
	// Aged is the version up to which all entries after State.Kept are older than Config.LogAge.
	Aged uint64
	// Snapshots are the oldest there are, oldest first, at most KeptPage, and Bytes
	// those of all.
	Snapshots []Kept
	Bytes     uint64
}

// KeptPage is how many replaced snapshots one compaction looks at. It adds one, so that
// what is due is soon gone.
const KeptPage = 64

// Posts returns the version that a snapshot frame is of, and whether its part is the last
// one. Whoever steps such a FrameReceived looks its Posting up.
func Posts(f protocol.Frame) (version uint64, last, ok bool) {
	if f.Type != protocol.TypeOperation || f.Event != protocol.EventSnapshot {
		return 0, false, false
	}
	p, ok := protocol.ParseSnapshot(f.Data)
	return p.DocumentVersion, ok && p.Part+1 == p.Parts, ok
}

// erase decides what of the history a snapshot of a version makes too much: the snapshots
// before the one returned go, and the entries up to it. Early says that something goes
// before its time, for its size.
//
// A snapshot counts from when the next one replaced it. So what lies before a snapshot may
// go once that is old enough itself; what the newest replaces stays in any case.
func (c *Config) erase(now time.Time, h *Posting, version, kept uint64) (oldest uint64, early bool) {
	oldest = kept
	bytes := less(h.Total, h.Kept) + h.Bytes
	before := uint64(0) // bytes of the snapshots passed
	for _, k := range h.Snapshots {
		old := now.Sub(k.At) >= c.KeepReplaced
		if !old && bytes <= uint64(c.ReplacedBytes) {
			return oldest, early
		}
		early = early || !old && k.Version > kept
		oldest = max(oldest, k.Version)
		bytes = less(h.Total, k.Total) + less(h.Bytes, before)
		before += uint64(k.Bytes)
	}
	if bytes > uint64(c.ReplacedBytes) && len(h.Snapshots) < KeptPage {
		return version, true // even the newest is more than is kept
	}
	return oldest, early
}

// less is a - b, and 0 where counting began late: in a log from before it was counted.
func less(a, b uint64) uint64 { return a - min(a, b) }
