package session

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Session is the core of one user's session object. It is not safe for
// concurrent use.
type Session struct {
	cfg      Config
	row      SessionRow
	channels []ChannelRow // by document
	access   []AccessRow  // by document
	asked    []Admit      // waiting for the permission source, oldest first
	admitted time.Time    // the newest admission's own time
	effects  []Effect
}

// New returns the session object of a user who was never seen.
func New(cfg Config) *Session { return &Session{cfg: cfg.WithDefaults()} }

// Restore returns the session a snapshot was taken from. It fails on a snapshot
// no session can have made.
func Restore(cfg Config, snap Snapshot) (*Session, error) {
	s := New(cfg)
	s.row = snap.Session
	s.channels = slices.Clone(snap.Channels)
	s.access = slices.Clone(snap.Access)
	slices.SortFunc(s.channels, func(a, b ChannelRow) int { return cmp.Compare(a.Document, b.Document) })
	slices.SortFunc(s.access, func(a, b AccessRow) int { return cmp.Compare(a.Document, b.Document) })
	for i, c := range s.channels {
		s.admitted = later(s.admitted, c.AdmittedAt)
		if i > 0 && c.Document == s.channels[i-1].Document {
			return nil, errors.New("session: two channels of one document")
		}
	}
	for i := 1; i < len(s.access); i++ {
		if s.access[i].Document == s.access[i-1].Document {
			return nil, errors.New("session: two answers about one document")
		}
	}
	if (s.row.ID == "") != (len(s.channels) == 0) {
		return nil, errors.New("session: a session lives by its channels and for them")
	}
	if s.row.UserID == "" && (s.row.ID != "" || len(s.access) > 0) {
		return nil, errors.New("session: a session without a user")
	}
	return s, nil
}

// Snapshot returns everything Restore needs. Questions under way are not in it.
func (s *Session) Snapshot() Snapshot {
	return Snapshot{Session: s.row, Channels: slices.Clone(s.channels), Access: slices.Clone(s.access)}
}

// Deadline returns when Woken is due: when a channel cannot be alive any more, or
// a document has to be told again.
func (s *Session) Deadline() (time.Time, bool) {
	var at time.Time
	for i, c := range s.channels {
		if i == 0 || c.Until.Before(at) {
			at = c.Until
		}
		if c.Owed != 0 && c.NextPush.Before(at) {
			at = c.NextPush
		}
	}
	return at, len(s.channels) > 0
}

// Step takes one event and returns what is to be done about it, in order. The
// effects are valid until the next Step.
func (s *Session) Step(now time.Time, ev Event) []Effect {
	now = now.UTC().Truncate(time.Millisecond)
	clear(s.effects)
	s.effects = s.effects[:0]
	s.sweep(now)
	switch e := ev.(type) {
	case Admit:
		s.admit(now, e)
	case AccessFound:
		if a, ok := s.take(e.Ask); ok {
			s.found(now, a, e.Access)
		}
	case AccessFailed:
		if a, ok := s.take(e.Ask); ok {
			s.failed(now, a)
		}
	case AccessChanged:
		s.accessChanged(now, e)
	case Pushed:
		s.pushed(e)
	case ChannelGone:
		s.channelGone(e)
	}
	return s.effects
}

func (s *Session) emit(e Effect) { s.effects = append(s.effects, e) }

// sweep drops the channels whose time is up and the answers too old for anything.
func (s *Session) sweep(now time.Time) {
	for i := 0; i < len(s.channels); {
		if now.Before(s.channels[i].Until) {
			i++
			continue
		}
		s.removeChannel(i)
	}
	for i := 0; i < len(s.access); {
		if a := s.access[i]; now.Sub(a.FetchedAt) < s.cfg.StaleAccess {
			i++
			continue
		}
		s.removeAccess(i)
	}
	for i := range s.channels {
		if c := &s.channels[i]; c.Owed != 0 && !now.Before(c.NextPush) {
			s.push(now, c)
		}
	}
}

// channelGone believes the document, unless it speaks of an earlier session or
// of a channel that was admitted anew since.
func (s *Session) channelGone(e ChannelGone) {
	i, ok := s.channel(e.Document)
	if !ok || e.SessionID != s.row.ID {
		return
	}
	if !e.AdmittedAt.IsZero() && e.AdmittedAt.Before(s.channels[i].AdmittedAt) {
		return
	}
	s.removeChannel(i)
}

// removeChannel forgets a channel; with the last one the session ends.
func (s *Session) removeChannel(i int) {
	s.emit(DeleteChannel{Document: s.channels[i].Document})
	s.channels = slices.Delete(s.channels, i, i+1)
	if len(s.channels) == 0 {
		s.row.ID, s.row.StartedAt = "", time.Time{}
		s.emit(SaveSession{Row: s.row})
	}
}

func (s *Session) removeAccess(i int) {
	s.emit(DeleteAccess{Document: s.access[i].Document})
	s.access = slices.Delete(s.access, i, i+1)
}

// channel returns where the document's channel is or would be, and whether it is.
func (s *Session) channel(document string) (int, bool) {
	return slices.BinarySearchFunc(s.channels, document, func(c ChannelRow, d string) int { return cmp.Compare(c.Document, d) })
}

func (s *Session) cached(document string) (int, bool) {
	return slices.BinarySearchFunc(s.access, document, func(a AccessRow, d string) int { return cmp.Compare(a.Document, d) })
}

// take removes the question from those under way. An answer nobody waits for
// any more has none.
func (s *Session) take(ask uint64) (Admit, bool) {
	for i, a := range s.asked {
		if a.Ask == ask {
			s.asked = slices.Delete(s.asked, i, i+1)
			return a, true
		}
	}
	return Admit{}, false
}
