package session

import (
	"errors"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// Session is the core of one user's session object. It is not safe for
// concurrent use.
type Session struct {
	cfg      Config
	row      SessionRow
	kept     SessionRow   // as it was stored last
	channels []ChannelRow // by document, then by client
	paces    []pace       // of the channels, in their order
	access   []AccessRow  // by document
	revoked  []RevokedRow // by token id
	asked    []question   // waiting for the permission source, oldest first
	lastOwn  uint64       // the newest Question.Own
	jobs     []job        // operators who wait for a Receipt
	counts   counts
	admitted time.Time // the newest admission's own time
	effects  []Effect
	erased   bool // the user was, and has not come back: nothing is written down of who tries
}

// question is one that the permission source has not answered: an admission's, or one of
// the session's own, that nobody waits for.
type question struct {
	Question
	admit    Admit
	document string
	// at is when it was asked: what changed since may not be in the answer.
	at time.Time
	// outdated says that the answer may be older than a change that was notified since.
	outdated bool
	// access is the newest access version of the document that was known then.
	access uint64
}

// New returns the session object of a user who was never seen.
func New(cfg Config) *Session { return &Session{cfg: cfg.WithDefaults()} }

// Restore returns the session a snapshot was taken from. It fails on a snapshot
// no session can have made.
func Restore(cfg Config, snap Snapshot) (*Session, error) {
	s := New(cfg)
	s.row, s.kept = snap.Session, snap.Session
	if len(snap.Channels) == 0 {
		s.row.ID, s.row.StartedAt = "", time.Time{}
	}
	for i := range snap.Channels {
		if c := &snap.Channels[i]; c.SessionID != "" {
			s.row.ID, s.row.StartedAt = c.SessionID, c.StartedAt
		}
	}
	s.erased = s.row.UserID == "" && !s.row.SignInsBefore.IsZero()
	s.channels = slices.Clone(snap.Channels)
	s.access = slices.Clone(snap.Access)
	s.revoked = slices.Clone(snap.Revoked)
	rows.Ascending(s.channels, ofChannel)
	s.paces = make([]pace, len(s.channels))
	rows.Ascending(s.access, ofAccess)
	rows.Ascending(s.revoked, ofRevoked)
	for i := range s.channels {
		c := &s.channels[i]
		s.admitted = later(s.admitted, c.AdmittedAt)
		if _, cached := s.cached(c.Channel); !cached && c.Channel != protocol.DeviceChannel {
			// Objects of before kept no more than so many answers, and asked no more about
			// the others: nothing is known of this one, so it is asked about now.
			c.Unpushed, c.Stale, c.NextPush = 0, true, c.AdmittedAt
		}
	}
	switch {
	case rows.Repeated(s.channels, ofChannel):
		return nil, errors.New("session: two channels of one client")
	case rows.Repeated(s.access, ofAccess):
		return nil, errors.New("session: two answers about one document")
	case rows.Repeated(s.revoked, ofRevoked):
		return nil, errors.New("session: one token revoked twice")
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
	return Snapshot{Session: s.stored(), Channels: slices.Clone(s.channels), Access: slices.Clone(s.access), Revoked: slices.Clone(s.revoked)}
}

// Channels calls f for each live channel, by document and then by client. f keeps nothing of it.
func (s *Session) Channels(f func(*ChannelRow)) {
	for i := range s.channels {
		f(&s.channels[i])
	}
}

// Deadline returns when Woken is due: when a channel cannot be alive any more, or
// something pending has to be sent again, or the source asked. The answer that a channel
// lives by is asked for anew once it is StaleAccess old.
func (s *Session) Deadline() (time.Time, bool) {
	var at time.Time
	for i, c := range s.channels {
		if i == 0 || c.Until.Before(at) {
			at = c.Until
		}
		if c.pending() && c.NextPush.Before(at) {
			at = c.NextPush
		}
		if a, cached := s.cached(c.Channel); cached && !c.Stale && s.access[a].FetchedAt.Add(s.cfg.StaleAccess).Before(at) {
			at = s.access[a].FetchedAt.Add(s.cfg.StaleAccess)
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
	case PreAdmit:
		s.preAdmit(now, e)
	case AccessFound:
		if q, ok := s.take(e.Question); ok {
			s.found(now, q, e.Access)
		}
	case Listed:
		if !s.row.Listed {
			s.row.Listed = true
			s.save()
		}
	case AccessFailed:
		if q, ok := s.take(e.Question); ok {
			s.failed(now, q)
		}
	case AccessChanged:
		s.accessChanged(now, e)
	case Pushed:
		s.pushed(now, e)
	case Revoke:
		s.revoke(now, e)
	case Kick:
		s.kick(now, e)
	case Ended:
		s.ended(now, e)
	case ChannelGone:
		s.channelGone(now, e)
	}
	return s.effects
}

func (s *Session) emit(e Effect) { s.effects = append(s.effects, e) }

// clockStep is how far ahead of now a moment may lie that is past: where it is further the
// clock was set back, and what is counted from it would stand still.
const clockStep = 2 * time.Second

// sweep drops the channels whose time is up and the answers too old for anything.
func (s *Session) sweep(now time.Time) {
	for i := 0; i < len(s.channels); {
		if now.Before(s.channels[i].Until) {
			i++
			continue
		}
		if c := &s.channels[i]; s.isUnheard(now, c) {
			s.hear(now, c)
			i++
			continue
		}
		s.removeChannel(now, i, "expired")
	}
	for i := 0; i < len(s.access); {
		a := s.access[i]
		c, live := s.channel(a.Document)
		switch {
		case now.Sub(a.FetchedAt) < s.cfg.StaleAccess && a.FetchedAt.Sub(now) < clockStep:
			i++
		case live:
			// Somebody lives by it: a change without an AccessChanged is found out so.
			if ch := &s.channels[c]; !ch.Stale {
				ch.Stale, ch.NextPush, ch.Pushes = true, now, 0
			}
			i++
		default:
			s.removeAccess(i)
		}
	}
	for i := 0; i < len(s.revoked); {
		if r := s.revoked[i]; now.Before(r.Until) || s.livesBy(r.TokenID) {
			i++
			continue
		}
		s.emit(DeleteRevoked{TokenID: s.revoked[i].TokenID})
		s.revoked = rows.Remove(s.revoked, i)
	}
	for i := range s.channels {
		if c := &s.channels[i]; s.first(i) && c.pending() && (!now.Before(c.NextPush) || c.NextPush.Sub(now) > backoff.Pause(0)) {
			s.flush(now, c)
		}
	}
}

// livesBy reports whether a channel is a delegate's of that name: until its document has taken the
// end, the revocation is sent along.
func (s *Session) livesBy(tokenID string) bool {
	if protocol.IsDelegate(tokenID) {
		for i := range s.channels {
			if s.channels[i].TokenID == tokenID {
				return true
			}
		}
	}
	return false
}

// channelGone believes the document, unless it speaks of an earlier session or
// of a channel that was admitted anew since. One that names no client has one of the user's.
func (s *Session) channelGone(now time.Time, e ChannelGone) {
	if e.SessionID != s.row.ID {
		return
	}
	s.removeOf(now, e)
}

// removeOf removes those channels on a document that are meant.
func (s *Session) removeOf(now time.Time, e ChannelGone) {
	for i, _ := s.channel(e.Channel); i < len(s.channels) && s.channels[i].Channel == e.Channel; {
		c := &s.channels[i]
		if (e.ClientID == "" || e.ClientID == c.ClientID) && (e.AdmittedAt.IsZero() || !e.AdmittedAt.Before(c.AdmittedAt)) {
			s.removeChannel(now, i, e.Reason)
		} else {
			i++
		}
	}
}

// removeChannel forgets a channel, and with the last one on a document what was pending for
// that; with the last of all the session ends.
func (s *Session) removeChannel(now time.Time, i int, reason string) {
	c := s.channels[i]
	last := len(s.of(c.Channel)) == 1
	if c.Stale && last {
		// What is known to have changed must not let the user in again.
		if a, cached := s.cached(c.Channel); cached {
			s.removeAccess(a)
		}
		s.outdate(c.Channel)
	}
	s.emit(DeleteChannel{Channel: c.Channel, ClientID: c.ClientID})
	s.channels, s.paces = rows.Remove(s.channels, i), rows.Remove(s.paces, i)
	s.makeRoom(s.cfg.MaxAccess) // what it lived by nobody does now
	s.record(now, audit.Entry{Event: audit.ChannelGone, Document: c.Channel, ClientID: c.ClientID, Reason: reason})
	if last {
		s.settled(now, c.Channel, false) // nobody is left to take it
	}
	if len(s.channels) == 0 {
		s.record(now, audit.Entry{Event: audit.SessionEnded})
		s.row.ID, s.row.StartedAt = "", time.Time{} // stored as it was: without a channel it means nothing
	}
}

// stored is the session as it is stored: whose it is nobody learns from what is left of somebody
// who was erased.
func (s *Session) stored() SessionRow {
	row := s.row
	if s.erased {
		row.UserID = ""
	}
	return row
}

func (s *Session) save() {
	s.kept = s.stored()
	s.emit(SaveSession{Row: s.kept})
}

// begun stores the session that has begun, unless its channel's row is all that is new. A user who is
// not listed yet is stored again, and so listed.
func (s *Session) begun() {
	row := s.stored()
	if row.ID, row.StartedAt = s.kept.ID, s.kept.StartedAt; row != s.kept || !row.Listed {
		s.save()
	}
}

// record writes a line of the audit log.
func (s *Session) record(now time.Time, e audit.Entry) {
	e.At, e.UserID = now, s.row.UserID
	s.emit(Record{Entry: e, SessionID: s.row.ID})
}

func (s *Session) removeAccess(i int) {
	s.emit(DeleteAccess{Document: s.access[i].Document})
	s.access = rows.Remove(s.access, i)
}

// channel returns where the first channel on a document is or would be, and whether there
// is one.
func (s *Session) channel(document string) (int, bool) {
	i, _ := s.place(document, "")
	return i, i < len(s.channels) && s.channels[i].Channel == document
}

// client returns where the channel of an attempt's client is or would be, and whether it is.
// A user has one device channel, whoever holds it.
func (s *Session) client(a Admit) (int, bool) {
	if a.Channel == protocol.DeviceChannel {
		return s.channel(a.Channel)
	}
	return s.place(a.Channel, a.ClientID)
}

func (s *Session) place(document, clientID string) (int, bool) {
	lo, hi := 0, len(s.channels)
	for lo < hi { // not by one key: there may be thousands, and each would be made anew
		mid := (lo + hi) / 2
		if c := &s.channels[mid]; c.Channel < document || c.Channel == document && c.ClientID < clientID {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(s.channels) && s.channels[lo].Channel == document && s.channels[lo].ClientID == clientID
}

// of returns the channels on a document: one of each client.
func (s *Session) of(document string) []ChannelRow {
	i, _ := s.channel(document)
	j := i
	for j < len(s.channels) && s.channels[j].Channel == document {
		j++
	}
	return s.channels[i:j]
}

// first reports whether a channel is the first on its document.
func (s *Session) first(i int) bool {
	return i == 0 || s.channels[i-1].Channel != s.channels[i].Channel
}

// documents is how many there are channels on.
func (s *Session) documents() (n int) {
	for i := range s.channels {
		if s.first(i) {
			n++
		}
	}
	return n
}

// newest is the newest admission of those channels.
func newest(channels []ChannelRow) (at time.Time) {
	for i := range channels {
		at = later(at, channels[i].AdmittedAt)
	}
	return at
}

func (s *Session) cached(document string) (int, bool) {
	return rows.Find(s.access, ofAccess, document)
}

// take removes the question from those under way. An answer nobody waits for
// any more has none.
func (s *Session) take(name Question) (question, bool) {
	for i, q := range s.asked {
		if q.Question == name {
			s.asked = rows.Remove(s.asked, i)
			return q, true
		}
	}
	return question{}, false
}
