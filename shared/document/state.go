package document

import (
	"errors"
	"time"
)

// State is what a document knows of itself, beside its channels and its log.
type State struct {
	Lock Lock
	// Floor is the version up to which the log was trimmed: of the entries up to there
	// only those of comments are left.
	Floor uint64
	// Snapshot is the version of the snapshot, 0 for none; Parts how many it has.
	Snapshot uint64
	Parts    int
	// Access is the document's access version: it grows with each change of who may do
	// what here that is told of the document, not of one user. AccessAt is when it last did.
	Access   uint64
	AccessAt time.Time
	// Erased is when all content was last erased, zero for never: what clients say of a
	// log from before means nothing.
	Erased time.Time
}

// Lock is the newest word on whether the document is locked for writing.
type Lock struct {
	On     bool
	At     time.Time
	Reason string
	Retry  time.Duration // what clients are told to wait; 0 for Config.LockRetry
	Held   bool          // whatever the permission source says, which does not know of it
}

// Section is a part of the document that one user has to itself for a while.
type Section struct {
	Name             string
	UserID, ClientID string
	Until            time.Time
}

// Upload is a snapshot of which some parts are here; Version is 0 for none.
type Upload struct {
	Version          uint64
	UserID, ClientID string
	// Next is the part that comes next.
	Parts, Next int
	Bytes       int       // of the parts' data so far
	At          time.Time // the newest part's
	Began       time.Time // when the client's turn did
}

// restoreState takes a snapshot's part of it.
func (d *Document) restoreState(s Snapshot) error {
	u := s.Upload
	switch {
	case s.State.Floor > s.Version || s.State.Snapshot > s.Version || s.State.Floor > s.State.Snapshot:
		return errors.New("document: a snapshot beyond the log")
	case (s.State.Snapshot > 0) != (s.State.Parts > 0):
		return errors.New("document: a snapshot without parts")
	case u.Version > s.Version || u.Version > 0 && (u.Version <= s.State.Snapshot || u.Next < 1 || u.Next >= u.Parts):
		return errors.New("document: an upload that cannot be")
	case (s.State.Access > 0) == s.State.AccessAt.IsZero():
		return errors.New("document: a change of access that never was")
	case s.Comments < 0:
		return errors.New("document: fewer comments than none")
	}
	for i, sec := range s.Sections {
		if sec.Name == "" || sec.UserID == "" || sec.Until.IsZero() || i > 0 && s.Sections[i-1].Name >= sec.Name {
			return errors.New("document: a section that cannot be")
		}
	}
	d.state, d.upload, d.comments = s.State, u, s.Comments
	d.sections = append(d.sections, s.Sections...)
	return nil
}
