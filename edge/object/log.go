package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// What a document stores beside its channels and its ops: comments, the snapshot, and
// what is locked.

// logPage is how many entries are read at once: every query is read to its end, and
// a part may be full after one.
const logPage = 64

// Entries implements document.Log.
func (s *store) Entries(from, to uint64, comments bool, f func(document.Entry) bool) {
	stmt := selectOps
	if comments {
		stmt = selectCommentOps
	}
	for room, rows := true, logPage; room && rows == logPage && s.err == nil; {
		rows = 0
		s.query(stmt, func(cols []Value) {
			rows++
			if room {
				e := readEntry(cols)
				from, room = e.Version, f(e)
			}
		}, unsigned(from), unsigned(to), integer(logPage))
	}
}

// SnapshotPart implements document.Log.
func (s *store) SnapshotPart(version uint64, part int) []byte {
	data := []byte("null")
	s.query(selectPart, func(cols []Value) { data = append([]byte(nil), cols[0].Bytes...) }, unsigned(version), integer(int64(part)))
	return data
}

func (s *store) appendComment(e document.Entry) {
	s.write(insertComment, unsigned(e.Version), text(e.UserID), text(e.ClientID), text(e.MessageID),
		Value{Kind: Blob, Bytes: e.Op}, instant(e.At), integer(int64(e.Kind)), unsigned(e.Comment))
	switch e.Kind {
	case document.KindCreate:
		s.write(openComment, unsigned(e.Comment), integer(0))
	case document.KindResolve:
		s.write(resolveComment, unsigned(e.Version), unsigned(e.Comment))
	}
}

func (s *store) commentOpen(id uint64) (open bool) {
	s.query(selectComment, func([]Value) { open = true }, unsigned(id))
	return open
}

// maxTrimmed is how many message ids of trimmed entries are kept for all clients
// together: as many as a full document's clients have.
func maxTrimmed(cfg document.Config) int { return cfg.MaxMembers * cfg.Unacknowledged }

// compact makes a snapshot the only one and trims the log. The order matters: which
// comments are left decides which entries go, and those leave their receipts first.
func (s *store) compact(e document.Compact, cfg document.Config) {
	s.write(deleteOtherParts, unsigned(e.Snapshot))
	s.write(trimComments, unsigned(e.Floor))
	s.write(trimReceipts, unsigned(e.Floor), integer(int64(cfg.Unacknowledged)))
	s.write(trimOps, unsigned(e.Floor))
	s.write(boundTrimmed, integer(int64(cfg.Unacknowledged)))
	s.write(boundAllTrimmed, integer(int64(maxTrimmed(cfg))))
}

func (s *store) savePart(e document.SavePart) {
	u := e.Upload
	s.write(upsertPart, unsigned(u.Version), integer(int64(e.Part)), integer(int64(u.Parts)), text(u.UserID), text(u.ClientID),
		integer(int64(u.Bytes)), instant(u.At), Value{Kind: Blob, Bytes: e.Data}, instant(u.Began))
}

// document reads what a document knows of itself.
func (s *store) document(snap *document.Snapshot) {
	s.query(selectState, func(c []Value) {
		snap.State = document.State{
			Floor: uint64(c[0].Int), Snapshot: uint64(c[1].Int), Parts: int(c[2].Int),
			Lock:   document.Lock{On: c[3].bool(), At: c[4].time(), Reason: c[5].string(), Retry: time.Duration(c[6].Int) * time.Millisecond},
			Access: uint64(c[7].Int), AccessAt: c[8].time(), Erased: c[9].time(),
		}
		snap.State.Lock.Held = c[10].bool()
	})
	if s.remains && s.err == nil {
		s.err = s.host.Query(selectRemains, nil, func(c []Value) {
			snap.State.Access, snap.State.AccessAt, snap.State.Erased = uint64(c[0].Int), c[1].time(), c[2].time()
		})
	}
	s.query(selectSections, func(c []Value) {
		snap.Sections = append(snap.Sections, document.Section{Name: c[0].string(), UserID: c[1].string(), ClientID: c[2].string(), Until: c[3].time()})
	})
	s.query(selectUpload, func(c []Value) {
		snap.Upload = document.Upload{
			Version: uint64(c[0].Int), UserID: c[1].string(), ClientID: c[2].string(),
			Parts: int(c[3].Int), Next: int(c[4].Int) + 1, Bytes: int(c[5].Int), At: c[6].time(), Began: c[7].time(),
		}
	}, unsigned(snap.State.Snapshot))
	s.query(countComments, func(c []Value) { snap.Comments = int(c[0].Int) })
	snap.Version = max(s.version(), snap.State.Floor)
}

func (s *store) saveState(st document.State) {
	remains := document.State{Access: st.Access, AccessAt: st.AccessAt, Erased: st.Erased}
	if s.bare && !s.created && st == remains {
		s.host.Write(createRemains, nil)
		s.host.Write(upsertRemains, []Value{unsigned(st.Access), instant(st.AccessAt), instant(st.Erased)})
		s.remains = true
		return
	}
	s.write(upsertState, unsigned(st.Floor), unsigned(st.Snapshot), integer(int64(st.Parts)),
		flag(st.Lock.On), instant(st.Lock.At), text(st.Lock.Reason), integer(st.Lock.Retry.Milliseconds()),
		unsigned(st.Access), instant(st.AccessAt), instant(st.Erased), flag(st.Lock.Held))
}

func (s *store) saveSection(sec document.Section) {
	s.write(upsertSection, text(sec.Name), text(sec.UserID), text(sec.ClientID), instant(sec.Until))
}
