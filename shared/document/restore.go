package document

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What operators ask of the content: an event and its answer each.
type (
	// RestoreRequested puts the document back to Version. Found says that the snapshot of
	// version Base is kept, of so many Parts, or that the log reaches back to its beginning
	// and Base is 0. Entries are the ops after it up to Version, Bytes what they will take,
	// Pinned as in Posting. Generation names the log from then on. The answer is Restored.
	RestoreRequested struct {
		Version, Base  uint64
		Found          bool
		Parts, Entries int
		Bytes, Pinned  uint64
		Generation     string
		Reason, By     string
	}
	// ResolveRequested resolves comments that are open, all of one author: a user, or a server that
	// wrote in nobody's name as ClientID. More says that there are others. The answer is Resolved.
	ResolveRequested struct {
		UserID     string
		ClientID   string
		Comments   []uint64
		More       bool
		Reason, By string
	}
)

// What comes of it.
type (
	// RestoreLog stores, At now, the snapshot of version Base (for 0 a part that is EmptyPart) as
	// that of version Snapshot, and the ops of (Base, To], which are Entries, behind it once
	// more under Term, with no client and no message id, their Total counted from Mark. The
	// message ids of the ops after To are no more, nor are comments that were resolved by then.
	RestoreLog struct {
		Base, To, Snapshot uint64
		Entries            int
		Mark, Term         uint64
		At                 time.Time
	}
	// Restored answers RestoreRequested, and Resolved ResolveRequested.
	Restored struct {
		Err               *protocol.Error
		Version, Snapshot uint64
		Entries           int
	}
	Resolved struct {
		Comments int
		More     bool
		Version  uint64
	}
)

func (RestoreRequested) isEvent() {}
func (ResolveRequested) isEvent() {}
func (RestoreLog) isEffect()      {}
func (Restored) isEffect()        {}
func (Resolved) isEffect()        {}

// restoreRequested puts the document back to what it was at a version: a snapshot that is
// kept, and the ops from there to the version. Both are put forward anew, the snapshot at
// the next version and the ops behind it, as a compaction up to there would leave the log.
// What they take the place of is kept in its turn. Comments stay as they are: those that
// are open no snapshot replaces.
//
// Nobody diverges in silence: every version sent so far lies before the new snapshot, so
// that every connection is closed, and a client that comes back receives a gap and syncs.
func (d *Document) restoreRequested(now time.Time, e RestoreRequested) {
	if refused := d.mayRestore(e); refused != nil {
		d.emit(Restored{Err: refused})
		return
	}
	d.dropUpload()
	d.posters = nil // what they have sent is read again, as it then is
	pause := restorePause
	for _, m := range d.members {
		m.forgot = true
		if m.active() {
			d.leaves(now, m, pause)
			pause += restoreStep
		}
	}
	s := &d.state
	at := d.version + 1
	d.version = at + uint64(e.Entries)
	s.Snapshot, s.Parts, s.Floor, s.Pinned = at, max(1, e.Parts), at, e.Pinned
	s.Mark, d.total = d.total, d.total+e.Bytes
	s.Previous, s.Common = s.Generation, e.Version
	d.newGeneration(e.Generation)
	s.Began, d.lastTerm = at, 0
	if e.Entries > 0 {
		d.lastTerm = d.term
	}
	d.saveState()
	d.told.Changed(now, d.version, d.Generation())
	d.emit(RestoreLog{Base: e.Base, To: e.Version, Snapshot: at, Entries: e.Entries, Mark: s.Mark, At: now, Term: d.term})
	d.emit(Record{Entry: audit.Entry{At: now, Event: audit.Restored, Document: d.id, By: e.By, Reason: e.Reason,
		Detail: "version " + strconv.FormatUint(e.Version, 10) + ", by snapshot " + strconv.FormatUint(e.Base, 10) + ", as " + strconv.FormatUint(at, 10) + " to " + strconv.FormatUint(d.version, 10)}})
	d.emit(Restored{Version: d.version, Snapshot: at, Entries: e.Entries})
}

// leaves closes a connection that comes back to another state of the document. The others
// are sent nothing of it: they are closed too.
func (d *Document) leaves(now time.Time, m *member, pause time.Duration) {
	e := protocol.Error{
		Code: protocol.ServiceUnavailable, Message: "The document was restored to an earlier version: reconnect, and take it over.",
		Reason: "document_restored", RetryAfter: pause,
	}
	d.sendError(m, e)
	d.shut(m.self[0], &e)
	d.recordClosed(now, m, &e, time.Time{}, false)
	d.detach(m)
	m.ch.Lose(now)
	d.save(m)
}

// Those who are closed by a restore come back one after the other.
const (
	restorePause = 500 * time.Millisecond
	restoreStep  = 20 * time.Millisecond
)

func (d *Document) mayRestore(e RestoreRequested) *protocol.Error {
	switch {
	case e.Version == 0 || e.Version > d.version || !e.Found || e.Base > e.Version || e.Base < d.state.Kept:
		return &protocol.Error{Code: protocol.NotFound, Reason: "version_not_kept", Message: "That version cannot be restored: what it is made of is not kept."}
	case e.Bytes > uint64(d.cfg.LogBytes):
		return &protocol.Error{Code: protocol.MessageTooLarge, Reason: logFull, Message: "What is to be restored is larger than a log may be: raise MAX_LOG_BYTES, or choose a later snapshot."}
	case d.version+1+uint64(e.Entries) > protocol.MaxSeq:
		return &protocol.Error{Code: protocol.InternalError}
	}
	return nil
}

// resolveRequested resolves open comments at an operator's word, as a moderator would one by
// one: each is an entry that everybody is sent.
func (d *Document) resolveRequested(now time.Time, e ResolveRequested) {
	for _, id := range e.Comments {
		entry := Entry{Version: d.version + 1, At: now, Kind: KindResolve, Comment: id, Op: protocol.Comment{CommentID: commentID(id)}.Append(nil)}
		d.stores(&entry)
		d.comments--
		d.data = protocol.Comment{CommentID: commentID(id), DocumentVersion: entry.Version, At: now}.Append(d.data[:0])
		d.sendOthers(nil, protocol.Frame{Type: protocol.TypeComment, Event: protocol.EventResolve, Data: d.data, Seq: entry.Version})
	}
	if n := len(e.Comments); n > 0 {
		d.emit(Record{Entry: audit.Entry{At: now, Event: audit.CommentsResolved, UserID: e.UserID, ClientID: e.ClientID, Document: d.id, By: e.By, Reason: e.Reason, Detail: strconv.Itoa(n)}})
	}
	d.emit(Resolved{Comments: len(e.Comments), More: e.More, Version: d.version})
}
