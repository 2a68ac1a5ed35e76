package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Place is how far a server has read the content: the entries up to After, or, in the midst
// of the snapshot of a version, the parts before Part of that.
type Place struct {
	After, Snapshot uint64
	Part            int
}

// Content gives a page of the content, line by line, from a place on: what a reader at After
// lacks. That is the snapshot, part by part, if the log does not reach back so far, the comments
// from before it that are left, and all newer entries. There are so many lines at most, and
// about so many bytes; one line there is in any case, if there is anything. It returns the
// place behind them, and whether there is more.
//
// A reader in the midst of a snapshot that another has replaced is given that one from its
// beginning.
func (d *Document) Content(from Place, lines, bytes int, log Log, line func(text []byte)) (to Place, more bool) {
	s := &d.state
	put := func(text []byte) (room bool) {
		line(text)
		lines--
		bytes -= len(text)
		return lines > 0 && bytes > 0
	}
	room, whole := true, false // whether the snapshot is a part of it
	switch {
	case from.Snapshot > 0 && from.Snapshot == s.Snapshot && from.After < s.Snapshot:
		to, whole = Place{from.After, s.Snapshot, min(max(from.Part, 0), s.Parts)}, true
	case from.After < s.Floor:
		to, whole = Place{0, s.Snapshot, 0}, true
	default:
		to = Place{After: from.After}
	}
	if whole {
		for to.Part < s.Parts && room {
			room = put(AppendPart(nil, s.Snapshot, to.Part, s.Parts, log.SnapshotPart(s.Snapshot, to.Part)))
			to.Part++
		}
		if !room {
			return to, true
		}
		log.Entries(to.After, s.Snapshot, true, func(e Entry) bool {
			to.After = e.Version
			room = put(e.AppendJSON(nil))
			return room
		})
		if !room && to.After < s.Snapshot {
			return to, true
		}
		to = Place{After: s.Snapshot}
	}
	if room {
		log.Entries(to.After, d.version, false, func(e Entry) bool {
			to.After = e.Version
			room = put(e.AppendJSON(nil))
			return room
		})
	}
	if room {
		to.After = max(to.After, d.version)
	}
	return to, to.After < d.version
}

// AppendPart appends a part of a snapshot as servers and operators read it.
func AppendPart(dst []byte, version uint64, part, parts int, data []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", "snapshot")
	w.Uint("version", version)
	w.Int("part", int64(part))
	w.Int("parts", int64(parts))
	w.Raw("data", data)
	return w.End()
}

// AppendJSON appends the entry as servers and operators read it, wherever they do. One without a
// user is a server's, which client_id names.
func (e *Entry) AppendJSON(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", e.Kind.Event())
	w.Uint("version", e.Version)
	for _, m := range [...]struct{ name, value string }{{"user_id", e.UserID}, {"client_id", e.ClientID}, {"message_id", e.MessageID}} {
		if m.value != "" {
			w.Str(m.name, m.value)
		}
	}
	w.Time("at", e.At)
	if e.Kind == KindOp {
		w.Raw("op", e.Op)
	} else {
		w.Raw("comment", e.Op)
	}
	return w.End()
}

// Present is a client that is connected, and the newest presence that it has shown, nil for none.
type Present struct {
	UserID, Name, ClientID string
	Since                  time.Time
	Data                   []byte
}

// Present returns who is connected, by user and client.
func (d *Document) Present() (list []Present) {
	for _, m := range d.members {
		if !m.active() {
			continue
		}
		list = append(list, Present{
			UserID: m.userID(), Name: m.grant.Name, ClientID: m.ch.ClientID(), Since: m.ch.Row().ConnectedAt, Data: m.looksLike(),
		})
	}
	return list
}
