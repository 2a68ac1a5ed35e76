package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What of a document's log is kept, and counted.

// maxTrimmed is how many message ids of entries that are gone are kept for all clients
// together: as many as a full document's clients have.
func maxTrimmed(cfg document.Config) int { return cfg.MaxMembers * cfg.Unacknowledged }

// compact drops what a snapshot makes too much. The order matters: which comments are
// left decides which entries go, and all are listed first. Ops up to Kept are gone by the
// state that was stored before.
func (s *store) compact(e document.Compact, cfg document.Config) {
	s.write(deleteOldParts, unsigned(e.Oldest))
	s.write(trimComments, unsigned(e.Floor))
	s.list()
	s.write(trimSaid, unsigned(e.Kept))
	s.write(boundAllListed, unsigned(e.Kept), integer(int64(maxTrimmed(cfg))))
	if s.slots.dry, s.slots.wait = false, 2; cfg.LogAge > 0 {
		s.trimGone(0)
	}
}

func (s *store) restore(e document.RestoreLog) {
	if e.Base > 0 {
		s.write(restoreParts, unsigned(e.Snapshot), instant(e.At), unsigned(e.Base))
	} else {
		s.write(restoreEmpty, unsigned(e.Snapshot), instant(e.At), Value{Kind: Blob, Bytes: []byte(document.EmptyPart)})
	}
	s.write(restoreOps, unsigned(e.Snapshot), unsigned(e.Mark), unsigned(e.Base), unsigned(e.To), unsigned(e.Term))
	s.write(unsayListed, unsigned(e.To), unsigned(e.Snapshot))
	s.write(unsayUndone, unsigned(e.To), unsigned(e.Snapshot))
	s.write(trimComments, unsigned(e.Snapshot))
}

// share is what a user has of the comments that are open, and of those on one.
func (s *store) share(user string, id uint64) (share document.CommentShare) {
	s.query(selectShare, func(c []Value) {
		share.OwnComments, share.OwnReplies, share.OwnHere = int(c[0].Int), int(c[1].Int), int(c[2].Int)
	}, text(user), unsigned(id))
	return share
}

// upTo is how many bytes the entries up to a version came to; all is that of all entries.
func (s *store) upTo(version, all uint64) uint64 {
	bytes := all
	s.query(selectUpTo, func(c []Value) { bytes = uint64(max(0, c[0].Int)) }, unsigned(version))
	return bytes
}

func (s *store) pinned(version uint64) (bytes uint64) {
	s.query(selectPinned, func(c []Value) { bytes = uint64(c[0].Int) }, unsigned(version))
	return bytes
}

// history is what a snapshot of a version is judged by.
func (o *documentObject) history(now time.Time, version uint64, last bool) (h document.Posting) {
	s, kept := &o.store, o.core.Kept()
	s.query(selectAt, func(c []Value) { h.At = c[0].time() }, unsigned(version))
	if !last {
		return h
	}
	if before := o.cfg.LogBefore(now); !before.IsZero() {
		h.Aged = version
		s.query(selectYoung, func(c []Value) { h.Aged = uint64(c[0].Int) - 1 }, unsigned(kept), unsigned(version), instant(before))
	}
	_, all, _ := s.newest()
	h.Total, h.Kept, h.Pinned = s.upTo(version, all), s.upTo(kept, all), s.pinned(version)
	h.Snapshots = s.kept(all, selectKept, integer(document.KeptPage))
	s.query(sumKept, func(c []Value) { h.Bytes = uint64(c[0].Int) })
	return h
}

func (s *store) kept(all uint64, stmt Stmt, args ...Value) (list []document.Kept) {
	each(s, stmt, keptColumns, func(k *document.Kept) {
		if int64(k.Total) < 0 {
			k.Total = all
		}
		list = append(list, *k)
	}, args...)
	return list
}

// restorable fills in what is kept for a restore. Without a base, it is the newest there is.
func (s *store) restorable(e *document.RestoreRequested, from uint64, named bool) {
	least, most := from, e.Version
	if named {
		least, most = max(from, e.Base), min(most, e.Base)
	}
	base := e.Base
	e.Base = 0
	s.query(selectBase, func(c []Value) { e.Base, e.Parts, e.Found = uint64(c[0].Int), int(c[1].Int), true }, unsigned(least), unsigned(most))
	if !e.Found { // the log may reach back to its beginning
		e.Found = from == 0 && (!named || base == 0)
	}
	s.query(countRestored, func(c []Value) { e.Entries, e.Bytes = int(c[0].Int), uint64(c[1].Int) }, unsigned(e.Base), unsigned(e.Version))
	newest, _, _ := s.newest()
	e.Pinned = s.pinned(newest)
}

// authored are open comments of one author, of one client or of all, oldest first, and whether
// there are more.
func (s *store) authored(user, client string, most int) (ids []uint64, more bool) {
	s.query(selectAuthored, func(c []Value) { ids = append(ids, uint64(c[0].Int)) }, text(user), text(client), integer(int64(most)+1))
	if more = len(ids) > most; more {
		ids = ids[:most]
	}
	return ids, more
}

// snapshotsBefore are the newest snapshots before a version, newest first.
func (s *store) snapshotsBefore(version uint64, most int) []document.Kept {
	_, all, _ := s.newest()
	return s.kept(all, selectKeptBefore, unsigned(version), integer(int64(most)))
}

// maxListed is how many snapshots are listed, or comments resolved, at once, and
// defaultListed how many where nobody says.
const (
	maxListed     = 500
	defaultListed = 100
)

func listed(most int) int {
	if most <= 0 {
		most = defaultListed
	}
	return min(most, maxListed)
}

// appendSnapshots lists the snapshots that are kept, newest first, the document's own
// included. Versions from kept_from on can be restored: from the newest of these up to
// them, or from any other, and from nothing where kept_from is 0.
func (o *documentObject) appendSnapshots(before uint64, most int) []byte {
	if before == 0 {
		before = protocol.MaxSeq
	}
	list := o.store.snapshotsBefore(before, listed(most)+1)
	more := len(list) > listed(most)
	w := jsonscan.NewObject(nil)
	w.Uint("document_version", o.core.Version())
	w.Uint("snapshot_version", o.core.SnapshotVersion())
	w.Uint("kept_from", o.core.Kept())
	w.Array("snapshots")
	for i := range list[:min(len(list), listed(most))] {
		w.Item()
		w.Buf = appendKept(w.Buf, &list[i])
	}
	w.CloseArray()
	w.Bool("more", more)
	return w.End()
}

func appendKept(dst []byte, k *document.Kept) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("version", k.Version)
	w.Time("at", k.At)
	w.Str("user_id", k.UserID)
	w.Str("client_id", k.ClientID)
	w.Int("bytes", int64(k.Bytes))
	w.Int("parts", int64(k.Parts))
	return w.End()
}

func appendRestored(dst []byte, e document.Restored) []byte {
	if e.Err != nil {
		return call.AppendError(dst, e.Err)
	}
	r := call.Restored{Version: e.Version, Snapshot: e.Snapshot, Operations: e.Entries}
	return r.Append(dst)
}

// logForOperators logs the entries that operators act on.
func (o *documentObject) logForOperators(e audit.Entry) {
	level := "info"
	switch e.Event {
	case audit.LogFull, audit.HistoryErased:
		level = "warn"
	case audit.LogHasRoom, audit.Restored, audit.CommentsResolved:
	default:
		return
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", level)
	w.Str("event", "document_"+string(e.Event))
	w.Str("document", o.name)
	if e.UserID != "" {
		w.Str("user_id", e.UserID)
	}
	o.host.Log(w.End())
}
