package sim

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DocumentStorage is what a Document object's shell keeps: the rows and the log.
// It is filled by effects only, so a core restored from it shows what a core
// forgot to store.
type DocumentStorage struct {
	ID  string
	Log []document.Entry
	// Unseen is how many of the newest entries a query does not see, because the event
	// that appends them has not ended.
	Unseen   int
	Rows     map[Client]document.Row
	State    document.State
	Sections map[string]document.Section
	Upload   document.Upload
	Parts    map[uint64][][]byte      // of the snapshots and the upload, by version
	Kept     map[uint64]document.Kept // the snapshots that are whole
	Comments map[uint64]uint64        // the version each was resolved at, 0 for open
	Gone     uint64                   // up to which ops are gone for good
	Before   time.Time                // entries that are older are too old (Config.LogBefore)
	Trimmed  []document.Entry         // what is kept of entries for Receipts
	Audit    []audit.Entry
	Shown    map[document.ConnID][]byte // what is attached to sockets
	drawn    *boots
}

// Client is one client of a user's, or on a document.
type Client struct{ Of, ID string }

// NewDocumentStorage returns an empty storage.
func NewDocumentStorage(id string) *DocumentStorage {
	return &DocumentStorage{
		ID: id, Rows: map[Client]document.Row{}, Sections: map[string]document.Section{},
		Parts: map[uint64][][]byte{}, Kept: map[uint64]document.Kept{}, Comments: map[uint64]uint64{}, Shown: map[document.ConnID][]byte{}, drawn: &boots{},
	}
}

// Apply carries out the storage effects; others pass.
func (s *DocumentStorage) Apply(e document.Effect) {
	switch e := e.(type) {
	case document.Append:
		e.Entry.Op = slices.Clone(e.Entry.Op) // it aliases the frame
		s.Log = append(s.Log, e.Entry)
		switch e.Entry.Kind {
		case document.KindCreate:
			s.Comments[e.Entry.Comment] = 0
		case document.KindResolve:
			if _, known := s.Comments[e.Entry.Comment]; known {
				s.Comments[e.Entry.Comment] = e.Entry.Version
			}
		}
	case document.Attach:
		s.Shown[e.Conn] = slices.Clone(e.Data)
	case document.Close:
		delete(s.Shown, e.Conn)
	case document.SaveChannel:
		s.Rows[Client{e.Row.Channel.UserID, e.Row.Channel.ClientID}] = e.Row
	case document.DeleteChannel:
		delete(s.Rows, Client{e.UserID, e.ClientID})
	case document.SaveState:
		s.State = e.State
	case document.SaveSection:
		s.Sections[e.Section.Name] = e.Section
	case document.DeleteSection:
		delete(s.Sections, e.Name)
	case document.SavePart:
		s.Upload = e.Upload
		s.Parts[e.Upload.Version] = append(s.Parts[e.Upload.Version], slices.Clone(e.Data))
		if u := e.Upload; u.Next == u.Parts {
			s.Kept[u.Version] = document.Kept{Version: u.Version, At: u.At, UserID: u.UserID, ClientID: u.ClientID, Parts: u.Parts, Bytes: u.Bytes}
		}
	case document.DropUpload:
		s.Upload = document.Upload{}
		delete(s.Parts, e.Version)
	case document.Compact:
		s.compact(e)
	case document.RestoreLog:
		s.restore(e)
	case document.EraseComment:
		s.silence(func(entry document.Entry) bool { return entry.Comment == e.ID })
	case document.ForgetUser:
		s.forget(e)
	case document.Record:
		s.Audit = append(s.Audit, e.Entry)
	case document.EraseAll:
		drawn := s.drawn
		*s = *NewDocumentStorage(s.ID)
		s.drawn = drawn
	}
}

// Version is the newest entry's. A log that was trimmed keeps it.
func (s *DocumentStorage) Version() uint64 {
	if len(s.Log) == 0 {
		return s.State.Floor
	}
	return max(s.State.Floor, s.Log[len(s.Log)-1].Version)
}

// Entries implements document.Log.
func (s *DocumentStorage) Entries(from, to uint64, comments bool, f func(document.Entry) bool) {
	to = min(to, s.Version()-uint64(s.Unseen))
	for _, e := range s.Log {
		_, left := s.Comments[e.Comment]
		if e.Version > from && e.Version <= to && (!comments || e.Kind != document.KindOp && (e.Version > s.State.Floor || left)) && !f(e) {
			return
		}
	}
}

// SnapshotPart implements document.Log.
func (s *DocumentStorage) SnapshotPart(version uint64, part int) []byte {
	if parts := s.Parts[version]; part < len(parts) {
		return parts[part]
	}
	return []byte("null")
}

// Deliver carries out a Replay or a Sync as a shell does, and returns the event
// that answers it; other effects pass.
func (s *DocumentStorage) Deliver(e document.Effect, frameBytes int, send func(text []byte)) (answer document.Delivered, ok bool) {
	switch e := e.(type) {
	case document.Replay:
		return e.Deliver(s, send), true
	case document.Sync:
		return e.Deliver(s, frameBytes, send), true
	}
	return answer, false
}

// Received is the event of a user's frame, with what a shell looks up for it.
func (s *DocumentStorage) Received(conn document.ConnID, user string, f protocol.Frame, size int) document.FrameReceived {
	e := document.FrameReceived{Conn: conn, Frame: f, Size: size}
	if id, ok := document.Named(f); ok {
		resolved, known := s.Comments[id]
		e.CommentOpen = known && resolved == 0
	}
	if document.Shares(f) {
		e.Share = s.share(f, user)
	}
	if version, last, ok := document.Posts(f); ok {
		e.Posting = s.history(version, last)
	}
	return e
}

// Receipts returns the newest ops and comments of one client, oldest first.
func (s *DocumentStorage) Receipts(userID, clientID string, most int) []document.Receipt {
	var out []document.Receipt
	for _, entries := range [][]document.Entry{s.Trimmed, s.Log} {
		for i := range entries { // an entry is large, and there are many of them
			if e := &entries[i]; e.MessageID != "" && e.UserID == userID && e.ClientID == clientID {
				out = append(out, document.Receipt{MessageID: e.MessageID, Version: e.Version})
			}
		}
	}
	slices.SortFunc(out, func(a, b document.Receipt) int { return cmp.Compare(a.Version, b.Version) })
	return out[max(0, len(out)-most):]
}

// Snapshot returns what a shell that boots hands to Restore.
func (s *DocumentStorage) Snapshot(receipts int) document.Snapshot {
	snap := document.Snapshot{
		DocumentID: s.ID, Version: s.Version(), Total: s.Total(), State: s.State, Upload: s.Upload,
		Shown: s.Shown, Fresh: s.Generation(), Term: s.drawn.draw(), LastTerm: s.lastTerm(),
	}
	for _, sec := range s.Sections {
		snap.Sections = append(snap.Sections, sec)
	}
	slices.SortFunc(snap.Sections, func(a, b document.Section) int { return strings.Compare(a.Name, b.Name) })
	for _, resolved := range s.Comments {
		if resolved == 0 {
			snap.Comments++
		}
	}
	for _, row := range s.Rows {
		snap.Channels = append(snap.Channels, row)
		snap.Receipts = append(snap.Receipts, s.Receipts(row.Channel.UserID, row.Channel.ClientID, receipts))
	}
	return snap
}
