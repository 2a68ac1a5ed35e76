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
		Value{Kind: Blob, Bytes: e.Op}, instant(e.At), integer(int64(e.Kind)), unsigned(e.Comment), unsigned(e.Total))
	switch e.Kind {
	case document.KindCreate:
		s.write(openComment, unsigned(e.Comment), integer(0))
	case document.KindReply:
		s.write(addReply, unsigned(e.Comment))
	case document.KindResolve:
		s.write(resolveComment, unsigned(e.Version), unsigned(e.Comment))
	}
}

// comment returns whether a comment is open, and how many replies it has.
func (s *store) comment(id uint64) (open bool, replies int) {
	s.query(selectComment, func(c []Value) { open, replies = true, int(c[0].Int) }, unsigned(id))
	return open, replies
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
			Lock: document.Lock{On: c[3].bool(), At: c[4].time(), Reason: c[5].string(), Retry: time.Duration(c[6].Int) * time.Millisecond},
			Kept: uint64(c[7].Int), Total: uint64(c[8].Int), Mark: uint64(c[9].Int), Pinned: uint64(c[10].Int), Full: c[11].bool(),
			Access: uint64(c[12].Int), AccessAt: c[13].time(), Erased: c[14].time(),
		}
		snap.State.Lock.Held, snap.State.Workspace = c[15].bool(), c[16].string()
	})
	if s.remains && s.err == nil {
		s.err = s.host.Query(selectRemains, nil, func(c []Value) {
			snap.State.Access, snap.State.AccessAt, snap.State.Erased = uint64(c[0].Int), c[1].time(), c[2].time()
			snap.State.Workspace = c[3].string()
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
	version, total := s.newest()
	snap.Version, snap.Total = max(version, snap.State.Floor), max(total, snap.State.Total)
}

func (s *store) saveState(st document.State) {
	remains := document.State{Access: st.Access, AccessAt: st.AccessAt, Erased: st.Erased, Workspace: st.Workspace}
	if s.bare && !s.created && st == remains {
		s.host.Write(createRemains, nil)
		s.host.Write(upsertRemains, []Value{unsigned(st.Access), instant(st.AccessAt), instant(st.Erased), text(st.Workspace)})
		s.remains = true
		return
	}
	s.write(upsertState, unsigned(st.Floor), unsigned(st.Snapshot), integer(int64(st.Parts)),
		flag(st.Lock.On), instant(st.Lock.At), text(st.Lock.Reason), integer(st.Lock.Retry.Milliseconds()),
		unsigned(st.Kept), unsigned(st.Total), unsigned(st.Mark), unsigned(st.Pinned), flag(st.Full),
		unsigned(st.Access), instant(st.AccessAt), instant(st.Erased), flag(st.Lock.Held), text(st.Workspace))
}

func (s *store) saveSection(sec document.Section) {
	s.write(upsertSection, text(sec.Name), text(sec.UserID), text(sec.ClientID), instant(sec.Until))
}
