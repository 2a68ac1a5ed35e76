package object

import (
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
		each(s, stmt, entryColumns, func(e *document.Entry) {
			rows++
			if room {
				from, room = e.Version, f(*e)
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

// comment returns whether a comment is open, and how many replies it has.
func (s *store) comment(id uint64) (open bool, replies int) {
	s.query(selectComment, func(c []Value) { open, replies = true, int(c[0].Int) }, unsigned(id))
	return open, replies
}

// document reads what a document knows of itself.
func (s *store) document(snap *document.Snapshot) {
	each(s, selectState, stateColumns, func(st *document.State) { snap.State = *st })
	if s.remains {
		each(s, selectRemains, remainsColumns, func(st *document.State) { snap.State = *st })
	}
	each(s, selectSections, sectionColumns, func(sec *document.Section) { snap.Sections = append(snap.Sections, *sec) })
	each(s, selectUpload, uploadColumns, func(p *document.SavePart) {
		snap.Upload = p.Upload
		snap.Upload.Next = p.Part + 1
	}, unsigned(snap.State.Snapshot))
	s.query(countComments, func(c []Value) { snap.Comments = int(c[0].Int) })
	version, total, term := s.newest()
	snap.Version, snap.Total = max(version, snap.State.Floor), max(total, snap.State.Total)
	if version == snap.Version {
		snap.LastTerm = term
	}
}

func (s *store) saveState(st document.State) {
	remains := document.State{Access: st.Access, AccessAt: st.AccessAt, Erased: st.Erased, Workspace: st.Workspace}
	if s.bare && !s.created && st == remains {
		s.host.Write(remainsTable.create(), nil)
		s.host.Write(remainsTable.put(), parameters(s, &remainsTable, &st))
		s.remains = true
		return
	}
	save(s, &stateTable, &st)
}
