package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DocumentWatch holds a document to what must be true after every step. Feed it
// every event and its effects, in order.
type DocumentWatch struct {
	// PerUser is how many clients of one user may be connected; 0 for any number.
	PerUser int

	open    map[document.ConnID]bool
	version uint64
}

// NewDocumentWatch returns a watch on a document at the given version.
func NewDocumentWatch(version uint64) *DocumentWatch {
	return &DocumentWatch{open: map[document.ConnID]bool{}, version: version}
}

// Event notes an event that the document was stepped with.
func (w *DocumentWatch) Event(ev document.Event) {
	if ev, ok := ev.(document.Disconnected); ok {
		delete(w.open, ev.Conn)
	}
}

// Undo notes that an event's effects were never carried out and its socket closed.
func (w *DocumentWatch) Undo(c document.ConnID) { delete(w.open, c) }

// Effects checks the answer: nothing goes to a socket that is closed or was
// never accepted, a connection's first frame is its connection_ack or an error, nothing is closed
// twice, versions follow one another, and what is stored comes before what is said about it.
func (w *DocumentWatch) Effects(ev document.Event, effects []document.Effect) error {
	var first document.ConnID // that was accepted and sent nothing yet
	for i, e := range effects {
		switch e := e.(type) {
		case nil:
			return fmt.Errorf("effect %d is nil", i)
		case document.Accept:
			if w.open[e.Conn] {
				return fmt.Errorf("%s accepted twice", e.Conn)
			}
			if _, ok := ev.(document.Connect); !ok || i != 0 {
				return fmt.Errorf("accept is effect %d of %T", i, ev)
			}
			w.open[e.Conn], first = true, e.Conn
		case document.Readmit:
			if _, ok := ev.(document.Connect); !ok || i != 0 {
				return fmt.Errorf("readmit is effect %d of %T", i, ev)
			}
		case document.Send:
			if len(e.Conns) == 0 || len(e.Text) == 0 {
				return fmt.Errorf("empty send")
			}
			for _, c := range e.Conns {
				if !w.open[c] {
					return fmt.Errorf("send to %s, which is not open: %s", c, e.Text)
				}
				if c == first {
					first = ""
					if !bytes.Contains(e.Text, []byte(`"event":"connection_ack"`)) && !bytes.Contains(e.Text, []byte(`"event":"error"`)) {
						return fmt.Errorf("the first frame on %s is %s", c, e.Text)
					}
				}
			}
		case document.Close:
			if !w.open[e.Conn] {
				return fmt.Errorf("close of %s, which is not open", e.Conn)
			}
			if len(e.Reason) > 123 || e.Code != 1000 && e.Code != 1011 && (e.Code < 4000 || e.Code > 4999) {
				return fmt.Errorf("close %d %q cannot be sent", e.Code, e.Reason)
			}
			delete(w.open, e.Conn)
		case document.Append:
			if e.Entry.Version != w.version+1 {
				return fmt.Errorf("version %d after %d", e.Entry.Version, w.version)
			}
			w.version++
		case document.EraseAll:
			w.version = 0
		case document.RestoreLog:
			if e.Snapshot != w.version+1 || e.Base > e.To || e.To > w.version || e.Entries < 0 {
				return fmt.Errorf("restored (%d,%d] as %d at %d", e.Base, e.To, e.Snapshot, w.version)
			}
			w.version = e.Snapshot + uint64(e.Entries)
		case document.Replay:
			if !w.open[e.Conn] || e.From >= e.To || e.To > w.version {
				return fmt.Errorf("replay (%d,%d] at %d to %s", e.From, e.To, w.version, e.Conn)
			}
		case document.Sync:
			if !w.open[e.Conn] || e.From > e.To || e.To > w.version || e.Snapshot > e.To || e.Part > e.Parts {
				return fmt.Errorf("sync (%d,%d] at %d to %s", e.From, e.To, w.version, e.Conn)
			}
		case document.VerifyToken:
			if !w.open[e.Conn] {
				return fmt.Errorf("verify for %s, which is not open", e.Conn)
			}
		}
	}
	return nil
}

// State checks the document at rest against what is stored.
func (w *DocumentWatch) State(snap document.Snapshot, s *DocumentStorage) error {
	stored := s.Rows
	if snap.Version != w.version {
		return fmt.Errorf("version %d, log %d", snap.Version, w.version)
	}
	kept := s.Snapshot(0)
	if snap.State != kept.State || snap.Upload != kept.Upload || snap.Comments != kept.Comments || !slices.Equal(snap.Sections, kept.Sections) {
		return fmt.Errorf("not stored as it is: %+v, stored %+v", snap, kept)
	}
	if snap.Total != kept.Total || s.Gone > snap.State.Kept {
		return fmt.Errorf("counted %d bytes, stored %d; ops are gone up to %d, said is %d", snap.Total, kept.Total, s.Gone, snap.State.Kept)
	}
	whole := len(s.Kept)
	if snap.Upload.Version > 0 {
		whole++
	}
	if len(s.Parts) != whole || len(s.Parts[snap.State.Snapshot]) != snap.State.Parts || len(s.Parts[snap.Upload.Version]) != snap.Upload.Next {
		return fmt.Errorf("%d snapshots are stored, for %+v and %+v", len(s.Parts), snap.State, snap.Upload)
	}
	if len(snap.Channels) != len(stored) {
		return fmt.Errorf("%d channels, %d rows", len(snap.Channels), len(stored))
	}
	last, live := Client{}, 0
	for _, row := range snap.Channels {
		c := row.Channel
		if c.UserID < last.Of || c.UserID == last.Of && c.ClientID <= last.ID && last != (Client{}) {
			return fmt.Errorf("two channels of %s/%s", c.UserID, c.ClientID)
		}
		if c.UserID != last.Of {
			live = 0
		}
		if (c.State == channel.Active || c.State == channel.Grace) && !protocol.IsDelegate(c.ClientID) {
			live++
		}
		if w.PerUser > 0 && live > w.PerUser {
			return fmt.Errorf("%d clients of %s have channels", live, c.UserID)
		}
		last = Client{c.UserID, c.ClientID}
		if c.State == channel.Active && !w.open[c.Conn] {
			return fmt.Errorf("%s is active on %s, which is not open", c.UserID, c.Conn)
		}
		kept := stored[last]
		// These may lag behind in storage; nothing else may.
		row.Channel.Acked, row.Channel.Seen, row.Channel.Pings = kept.Channel.Acked, kept.Channel.Seen, kept.Channel.Pings
		if row != kept {
			return fmt.Errorf("not stored as it is: %+v, stored %+v", row, kept)
		}
	}
	return nil
}
