package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// boots counts what a shell draws at random. Storage that is put back does not put that back.
type boots struct{ n uint64 }

func (b *boots) draw() uint64 {
	b.n++
	return b.n
}

// Generation names a log, as a shell does for an event that makes another one.
func (s *DocumentStorage) Generation() string { return fmt.Sprintf("g%d", s.drawn.draw()) }

// Boot is Snapshot for a boot that finds these sockets.
func (s *DocumentStorage) Boot(receipts int, open map[document.ConnID]bool) document.Snapshot {
	snap := s.Snapshot(receipts)
	snap.Open = open
	return snap
}

// Asleep is Boot for an object that has only slept: all its sockets are there.
func (s *DocumentStorage) Asleep(receipts int) document.Snapshot {
	open := map[document.ConnID]bool{}
	for _, row := range s.Rows {
		open[row.Channel.Conn] = true
	}
	return s.Boot(receipts, open)
}

// LookUp fills in what a shell looks up for a client's position.
func (s *DocumentStorage) LookUp(c *document.Connect) {
	if p := &c.Position; p.Generation != "" {
		c.InTerm, c.AtBase = s.ofTerm(p.Term, c.LastSeq), s.ofTerm(p.BaseTerm, p.Base)
	}
}

func (s *DocumentStorage) ofTerm(term, version uint64) (found uint64) {
	for _, e := range s.Log {
		if e.Version <= version && e.Version+document.MatchEntries > version && e.Term == term {
			found = e.Version
		}
	}
	return found
}

// lastTerm is that of the newest entry, if there is one of the log's version.
func (s *DocumentStorage) lastTerm() uint64 {
	if n := len(s.Log); n > 0 && s.Log[n-1].Version == s.Version() {
		return s.Log[n-1].Term
	}
	return 0
}

// Copy is the storage as it is now, as somebody may keep it and put it back.
func (s *DocumentStorage) Copy() *DocumentStorage {
	c := *s
	c.Log, c.Trimmed, c.Audit = slices.Clone(s.Log), slices.Clone(s.Trimmed), slices.Clone(s.Audit)
	c.Rows, c.Sections, c.Parts = maps.Clone(s.Rows), maps.Clone(s.Sections), maps.Clone(s.Parts)
	c.Kept, c.Comments, c.Shown = maps.Clone(s.Kept), maps.Clone(s.Comments), map[document.ConnID][]byte{}
	return &c
}

// Rewind has the watch go on with another log.
func (w *DocumentWatch) Rewind(version uint64) { w.version = version }
