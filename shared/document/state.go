package document

import (
	"errors"
	"time"
)

// State is what a document knows of itself, beside its channels and its log.
type State struct {
	Lock Lock
	// Generation names the log (see generation.go); Began is the version at which it did so
	// first: all logs of the generation have the same entries up to there.
	Generation string
	Began      uint64
	// Previous is the generation before an operator's restore, and Common the version up to
	// which what it held was put forward.
	Previous string
	Common   uint64
	// Floor is the version up to which the log was trimmed: of the entries up to there
	// only those of comments are left.
	Floor uint64
	// Snapshot is the version of the snapshot, 0 for none; Parts how many it has.
	Snapshot uint64
	Parts    int
	// Access is the document's access version: it grows with each change of who may do
	// what here that is reported of the document, not of one user. AccessAt is when it last did.
	Access   uint64
	AccessAt time.Time
	// Workspace is the workspace in whose list of opened documents this one is, "" for
	// none: who reports a change of all of a workspace finds its documents there.
	Workspace string
	// Erased is when all content was last erased, zero for never: what clients say of a
	// log from before means nothing.
	Erased time.Time
	// Forgot is when a user was last erased from here (Forget), zero for never.
	Forgot time.Time
	// Kept is the version up to which entries are gone for good. Those from there to
	// Floor no reader gets, but an operator may restore them (see history.go).
	Kept uint64
	// Total is how many bytes of entries had been counted when this was stored: Snapshot.Total
	// may be more. Mark is how many of them the snapshot takes the place of, and Pinned
	// how many of those are of open comments, which stay.
	Total, Mark, Pinned uint64
	// Full says that the log is, so that nobody may write.
	Full bool
}

// Lock is the newest word on whether the document is locked for writing.
type Lock struct {
	On     bool
	At     time.Time
	Reason string
	Retry  time.Duration // how long clients have to wait; 0 for Config.LockRetry
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
	case s.State.Floor > s.Version || s.State.Snapshot > s.Version || s.State.Floor > s.State.Snapshot || s.State.Kept > s.State.Floor:
		return errors.New("document: a snapshot beyond the log")
	case (s.State.Snapshot > 0) != (s.State.Parts > 0):
		return errors.New("document: a snapshot without parts")
	case u.Version > s.Version || u.Version > 0 && (u.Version <= s.State.Snapshot || u.Next < 1 || u.Next >= u.Parts):
		return errors.New("document: an upload that cannot be")
	case (s.State.Access > 0) == s.State.AccessAt.IsZero():
		return errors.New("document: a change of access that never was")
	case s.State.Began > s.Version:
		return errors.New("document: a generation beyond the log")
	case s.State.Total > s.Total || s.State.Mark > s.Total:
		return errors.New("document: fewer bytes than were counted")
	case s.Comments < 0:
		return errors.New("document: fewer comments than none")
	}
	for i, sec := range s.Sections {
		if sec.Name == "" || sec.UserID == "" || sec.Until.IsZero() || i > 0 && s.Sections[i-1].Name >= sec.Name {
			return errors.New("document: a section that cannot be")
		}
	}
	d.fresh, d.term, d.lastTerm = s.Fresh, s.Term, s.LastTerm
	d.state, d.upload, d.comments, d.total = s.State, u, s.Comments, s.Total
	d.sections = append(d.sections, s.Sections...)
	return nil
}
