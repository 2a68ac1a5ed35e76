package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What of a document's log is kept that no reader gets, as a shell keeps it.

func (s *DocumentStorage) compact(e document.Compact) {
	if s.Upload.Version <= e.Snapshot { // else the log went for its age
		s.Upload = document.Upload{}
	}
	s.trimComments(e.Floor)
	for version := range s.Parts {
		if version < e.Oldest {
			delete(s.Parts, version)
			delete(s.Kept, version)
		}
	}
	s.Log = slices.DeleteFunc(s.Log, func(entry document.Entry) bool {
		_, kept := s.Comments[entry.Comment]
		drop := entry.Version <= e.Kept && !(entry.Kind != document.KindOp && kept)
		if drop {
			s.Gone = max(s.Gone, entry.Version)
			s.Trimmed = append(s.Trimmed, entry)
		}
		return drop
	})
}

func (s *DocumentStorage) trimComments(floor uint64) {
	maps.DeleteFunc(s.Comments, func(_, resolved uint64) bool { return resolved > 0 && resolved <= floor })
}

func (s *DocumentStorage) restore(e document.RestoreLog) {
	parts, bytes := [][]byte{[]byte(document.EmptyPart)}, len(document.EmptyPart)
	if e.Base > 0 {
		parts, bytes = s.Parts[e.Base], s.Kept[e.Base].Bytes
	}
	s.Parts[e.Snapshot] = parts
	s.Kept[e.Snapshot] = document.Kept{Version: e.Snapshot, At: e.At, Parts: len(parts), Bytes: bytes}
	total, version := e.Mark, e.Snapshot
	for _, entry := range slices.Clone(s.Log) {
		if entry.Version > e.Base && entry.Version <= e.To && entry.Kind == document.KindOp {
			version++
			entry.Version, entry.ClientID, entry.MessageID = version, "", ""
			total += Size(entry)
			entry.Total, entry.Term = total, e.Term
			s.Log = append(s.Log, entry)
		}
	}
	for i := range s.Log {
		if entry := &s.Log[i]; entry.Version > e.To && entry.Version < e.Snapshot && entry.Kind == document.KindOp {
			entry.MessageID = ""
		}
	}
	s.trimComments(e.Snapshot)
}

// Size is how an entry is counted.
func Size(e document.Entry) uint64 {
	return uint64(len(e.Op) + len(e.UserID) + len(e.ClientID) + len(e.MessageID) + document.EntryBytes)
}

// Total is that of the newest entry, or what was counted when the state was stored.
func (s *DocumentStorage) Total() uint64 {
	if len(s.Log) == 0 {
		return s.State.Total
	}
	return max(s.State.Total, s.Log[len(s.Log)-1].Total)
}

// upTo is how many bytes the entries up to a version came to.
func (s *DocumentStorage) upTo(version uint64) uint64 {
	for _, e := range s.Log {
		if e.Version > version {
			return max(e.Total, Size(e)) - Size(e) // a name that stands for another may be longer
		}
	}
	return s.Total()
}

func (s *DocumentStorage) pinned(version uint64) (bytes uint64) {
	for _, e := range s.Log {
		if resolved, known := s.Comments[e.Comment]; e.Kind != document.KindOp && e.Version <= version && known && resolved == 0 {
			bytes += Size(e)
		}
	}
	return bytes
}

func (s *DocumentStorage) history(version uint64, last bool) (h document.Posting) {
	for _, e := range s.Log {
		if e.Version == version {
			h.At = e.At
		}
	}
	if !last {
		return h
	}
	if !s.Before.IsZero() {
		h.Aged = version
		for _, e := range s.Log {
			if e.Version > s.State.Kept && e.Version <= version && e.At.After(s.Before) {
				h.Aged = e.Version - 1
				break
			}
		}
	}
	h.Total, h.Kept, h.Pinned = s.upTo(version), s.upTo(s.State.Kept), s.pinned(version)
	for _, v := range slices.Sorted(maps.Keys(s.Kept)) {
		k := s.Kept[v]
		k.Total = s.upTo(v)
		h.Bytes += uint64(k.Bytes)
		if len(h.Snapshots) < document.KeptPage {
			h.Snapshots = append(h.Snapshots, k)
		}
	}
	return h
}

// Aged has the log looked at for its age.
func (s *DocumentStorage) Aged() document.LogAged {
	return document.LogAged{Posting: s.history(s.State.Snapshot, true)}
}

// NewestSnapshot leaves it to RestoreTo which snapshot is taken: the newest there is.
const NewestSnapshot = 1<<64 - 1

// RestoreTo is an operator's request, with what a shell looks up for it.
func (s *DocumentStorage) RestoreTo(version, base uint64, by string) document.RestoreRequested {
	e := document.RestoreRequested{Version: version, Base: base, By: by, Pinned: s.pinned(s.Version()), Generation: s.Generation()}
	if base == NewestSnapshot {
		e.Base = 0
		for v := range s.Kept {
			if v <= version && v >= s.State.Kept {
				e.Base = max(e.Base, v)
			}
		}
	}
	_, e.Found = s.Kept[e.Base]
	e.Found = e.Found || e.Base == 0
	e.Parts = s.Kept[e.Base].Parts
	for _, entry := range s.Log {
		if entry.Version > e.Base && entry.Version <= version && entry.Kind == document.KindOp {
			e.Entries++
			entry.ClientID, entry.MessageID = "", ""
			e.Bytes += Size(entry)
		}
	}
	return e
}

// share is what a comment's author has of what is everybody's.
func (s *DocumentStorage) share(f protocol.Frame, user string) (share document.CommentShare) {
	id, _ := document.Named(f)
	for _, e := range s.Log {
		if resolved, known := s.Comments[e.Comment]; !known || resolved > 0 {
			continue
		}
		switch {
		case e.Kind == document.KindCreate && e.UserID == user:
			share.OwnComments++
		case e.Kind == document.KindReply:
			if e.Comment == id {
				share.Replies++
			}
			if e.UserID == user {
				share.OwnReplies++
				if e.Comment == id {
					share.OwnHere++
				}
			}
		}
	}
	return share
}

// Old moves what is kept into the past, as if so much time had gone by since.
func (s *DocumentStorage) Old(by time.Duration) {
	for v, k := range s.Kept {
		k.At = k.At.Add(-by)
		s.Kept[v] = k
	}
}
