package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// maxAsked is how many questions may be under way; more than that is a source
// that hangs.
const maxAsked = 256

// admit answers at once when the cache can, and asks the source otherwise.
func (s *Session) admit(now time.Time, a Admit) {
	if !s.ours(a) || !a.Look && s.tooOften(now, a) {
		return
	}
	if e, refused := s.Unusable(a.Claims); refused && !a.Look {
		s.refuse(now, a, e)
		return
	}
	if a.Probe && a.Channel == "" {
		s.emit(Answer{Ask: a.Ask, Grant: Grant{UserID: a.Claims.UserID}})
		return
	}
	if i, ok := s.client(a); ok && !a.GoneAt.IsZero() && !s.channels[i].AdmittedAt.After(a.GoneAt) {
		s.removeChannel(now, i, "not_there")
	}
	if a.Channel == protocol.DeviceChannel {
		s.decide(now, a, deviceAccess(now))
		return
	}
	if i, ok := s.cached(a.Channel); ok && s.fresh(s.access[i], now) && s.access[i].Access >= a.Access && !s.stale(a.Channel) {
		s.decide(now, a, s.access[i])
		return
	}
	s.knowAccess(a.Channel, a.Access)
	if len(s.asked) >= maxAsked {
		s.failed(now, question{Question: Question{Ask: a.Ask}, admit: a, document: a.Channel})
		return
	}
	q := Question{Ask: a.Ask}
	s.asked = append(s.asked, question{Question: q, admit: a, document: a.Channel, at: now, access: s.knownAccess(a.Channel, a.Access)})
	s.emit(LookUp{Question: q, UserID: a.Claims.UserID, Document: a.Channel})
}

// ours reports whether a question is of this object's user, and notes who that is. Any
// other is answered.
func (s *Session) ours(a Admit) bool {
	switch {
	case a.Claims.UserID == "" || a.Channel == "" && !a.Probe:
		s.answer(a, protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_field"})
		return false
	case s.row.UserID != "" && s.row.UserID != a.Claims.UserID:
		// One object, one user: whoever routed this here was wrong. The answer says nothing
		// of the user whose object this is.
		s.answer(a, protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"})
		return false
	}
	s.know(a.Claims.UserID)
	return true
}

// know notes whose object this is, the first time, for a caller whose Snapshot did not
// say. It is not stored: an object that has only refused keeps nothing.
func (s *Session) know(userID string) {
	if s.row.UserID == "" {
		s.row.UserID = userID
	}
}

// Unusable reports whether a token counts for nothing here, however good its signature,
// and why.
func (s *Session) Unusable(c Claims) (e protocol.Error, refused bool) {
	delegate := protocol.IsDelegate(c.TokenID)
	switch revoked, perhaps := s.isRevoked(c); {
	case perhaps && !delegate: // which gets no next one
		// Not the end, for a user who has signed in again meanwhile.
		return protocol.Error{Code: protocol.TokenExpired, Reason: "issued_as_tokens_were_revoked"}, true
	case revoked:
		return protocol.Error{Code: protocol.TokenRevoked, Reason: "token_revoked"}, true
	case c.Expires.Sub(c.IssuedAt) > s.cfg.MaxTokenLife && !c.IssuedAt.IsZero() && !delegate:
		// Nobody could revoke it for as long as it lives.
		return protocol.Error{Code: protocol.AuthenticationFailed, Reason: "token_lives_too_long"}, true
	}
	return e, false
}

// stale reports whether the source has yet to be asked anew about a document.
func (s *Session) stale(document string) bool {
	i, live := s.channel(document)
	return live && s.channels[i].Stale
}

// fresh reports whether a cached answer still counts. One from the future is a
// clock set back, and does not; and a refusal never does. Nobody can tell this object
// that a document was made or opened to all, and whoever asks too often is stopped by
// Connects: another document's name each time would get round any cache.
func (s *Session) fresh(a AccessRow, now time.Time) bool {
	age := now.Sub(a.FetchedAt)
	return a.Permissions.Has(permission.Read) && age >= 0 && age < s.cfg.PermissionTTL
}

// found caches the source's answer and decides by it. One that may be older than a
// change that was notified since is asked for again.
func (s *Session) found(now time.Time, q question, access Access) {
	switch {
	case q.outdated && q.Own == 0:
		q.outdated, q.at, q.access = false, now, s.knownAccess(q.document, q.access)
		s.asked = append(s.asked, q)
		s.emit(LookUp{Question: q.Question, UserID: s.row.UserID, Document: q.document})
	case q.outdated: // the one that follows it counts
	default:
		row := s.learn(now, q, access)
		if q.Own == 0 {
			s.decide(now, q.admit, row)
		}
	}
}

// makeRoom keeps no more than so many answers that nobody lives by: the oldest goes. One
// that a live channel lives by never does, for with it would go the time at which the
// source is asked anew; how many those are is bounded by MaxChannels.
func (s *Session) makeRoom(most int) {
	for {
		spare, oldest := 0, -1
		for i, a := range s.access {
			if _, live := s.channel(a.Document); live {
				continue
			}
			if spare++; oldest < 0 || a.FetchedAt.Before(s.access[oldest].FetchedAt) {
				oldest = i
			}
		}
		if spare <= most {
			return
		}
		s.removeAccess(oldest)
	}
}

// failed falls back on the last known answer for somebody who is in already, unless
// it is known to have changed.
func (s *Session) failed(now time.Time, q question) {
	if q.Own != 0 {
		if !q.outdated {
			s.unsettled(now, q.document, false, protocol.Error{Code: protocol.ServiceUnavailable, Reason: "permission_source"})
		}
		return // asked again by and by
	}
	a := q.admit
	i, known := s.cached(a.Channel)
	c, live := s.client(a)
	resume := live && (a.Refresh || s.channels[c].ClientID == a.ClientID)
	if known && resume && s.access[i].Access >= a.Access && !s.stale(a.Channel) && now.Sub(s.access[i].FetchedAt) < s.cfg.StaleAccess {
		s.decide(now, a, s.access[i])
		return
	}
	s.refuse(now, a, protocol.Error{
		Code: protocol.ServiceUnavailable, Reason: "permission_source",
		RetryAfter: s.counts.unanswered.Next(now, s.cfg.RetryAfter, s.cfg.RetryAfter/100, s.cfg.RetryAfter),
	})
}

// decide answers by what the source said, and only then begins what has to begin.
func (s *Session) decide(now time.Time, a Admit, access AccessRow) {
	if a.Look {
		s.looked(a, access)
		return
	}
	if e, refused := s.Unusable(a.Claims); refused { // since it was asked about, perhaps
		s.refuse(now, a, e)
		return
	}
	switch {
	case !access.Found:
		s.refuse(now, a, protocol.Error{Code: protocol.DocumentNotFound})
		return
	case !access.Permissions.Has(permission.Read):
		s.refuse(now, a, protocol.Error{Code: protocol.InsufficientPermissions, Reason: "no_access"})
		return
	}
	if a.Probe {
		s.noteAhead(now, a.Claims)
		s.emit(Answer{Ask: a.Ask, Grant: Grant{UserID: a.Claims.UserID, Channel: a.Channel, Permissions: access.Permissions}})
		return
	}
	if _, live := s.client(a); a.Refresh && !live {
		// The channel went while its token was being looked at. A document that
		// thinks otherwise keeps its old token, and the next connect mends it.
		s.refuse(now, a, protocol.Error{Code: protocol.ServiceUnavailable, Reason: "no_channel", RetryAfter: s.cfg.RetryAfter})
		return
	}
	if _, live := s.channel(a.Channel); !live && s.documents() >= s.cfg.MaxChannels {
		s.refuse(now, a, protocol.Error{
			Code: protocol.RateLimitExceeded, Reason: "too_many_documents",
			RetryAfter: s.counts.crowded.Next(now, s.cfg.Grace, s.cfg.Connects.Slot(), s.cfg.Connects.Per),
		})
		return
	}
	s.noteAhead(now, a.Claims)
	anew := s.erased && a.Channel != protocol.DeviceChannel
	if s.row.ID == "" {
		if a.NewSessionID == "" {
			s.answer(a, protocol.Error{Code: protocol.InternalError, Reason: "no_session_id"})
			return
		}
		s.row.ID, s.row.StartedAt, s.row.Epoch, s.erased = a.NewSessionID, now, s.epoch(), false
		s.begun()
		s.record(now, audit.Entry{Event: audit.SessionStarted})
	}
	if i, cached := s.cached(a.Channel); anew && !cached { // learn has kept nothing of the answer
		s.access = rows.Insert(s.access, i, access)
		s.emit(SaveAccess{Row: access})
	}
	c := s.keepChannel(now, a)
	s.emit(Answer{Ask: a.Ask, Grant: Grant{
		UserID: a.Claims.UserID, Name: a.Claims.Name, SessionID: s.row.ID, Channel: a.Channel,
		WorkspaceID: access.WorkspaceID, WorkspaceRole: access.Role,
		Permissions: access.Permissions, Epoch: s.epoch(), Locked: access.Locked, AccessAt: access.FetchedAt, Access: access.Access,
		Expires: a.Claims.Expires, IssuedAt: a.Claims.IssuedAt, TokenID: a.Claims.TokenID, AdmittedAt: c.AdmittedAt,
		Share: s.share(now), Withheld: a.Claims.Withheld,
	}})
	event := audit.Admitted
	if a.Refresh {
		event = audit.TokenRefreshed
	}
	s.record(now, audit.Entry{Event: event, Document: a.Channel, ClientID: a.ClientID, Delegate: a.Claims.delegate()})
}

// noteAhead keeps the newest moment at which a token was issued by a clock ahead of ours.
func (s *Session) noteAhead(now time.Time, c Claims) {
	if ahead := signin.Issued(c.TokenID, c.IssuedAt); ahead.After(now) && ahead.After(s.row.IssuedAhead) {
		s.row.IssuedAhead = ahead
		s.save()
	}
}

// delegate is the name of a delegate, "" for the user's own.
func (c *Claims) delegate() string {
	if protocol.IsDelegate(c.TokenID) {
		return c.Name
	}
	return ""
}

// looked answers who only wants to know what the user may do.
func (s *Session) looked(a Admit, access AccessRow) {
	switch {
	case !access.Found:
		s.answer(a, protocol.Error{Code: protocol.DocumentNotFound})
	case !access.Permissions.Has(permission.Read):
		s.answer(a, protocol.Error{Code: protocol.InsufficientPermissions, Reason: "no_access"})
	default:
		// Before the server has the answer, and the document the user's name.
		s.emit(Visit{Document: a.Channel})
		s.emit(Answer{Ask: a.Ask, Grant: Grant{
			UserID: a.Claims.UserID, Channel: a.Channel, WorkspaceID: access.WorkspaceID, WorkspaceRole: access.Role,
			Permissions: access.Permissions, Epoch: s.epoch(), Locked: access.Locked, AccessAt: access.FetchedAt, Access: access.Access,
		}})
	}
}

// keepChannel notes the channel as live until its token, the read-only time and
// the grace period have all run out, and at least as long as before; or until its document is
// asked about it. A refresh
// is no admission: the document may lose the channel before it receives the new grant, and
// its ChannelGone must count all the same.
func (s *Session) keepChannel(now time.Time, a Admit) ChannelRow {
	row := ChannelRow{
		Channel: a.Channel, ClientID: a.ClientID, AdmittedAt: later(now, s.admitted.Add(time.Millisecond)),
		Expires: a.Claims.Expires, TokenID: a.Claims.TokenID, SessionID: s.row.ID, StartedAt: s.row.StartedAt,
	}
	row.Until = s.lastOf(&row, now)
	i, ok := s.client(a)
	before := time.Time{}
	if ok {
		before = s.channels[i].Until
	}
	if row.Until = later(row.Until, before); !a.Refresh {
		s.unheard(now, &row)
	}
	var used pace // another client id of the user brings no new allowance
	if others := s.of(a.Channel); len(others) > 0 {
		row.Pending = others[0].Pending
		first, _ := s.channel(a.Channel)
		used = s.paces[first+latest(others)]
	}
	if !ok {
		s.channels = rows.Insert(s.channels, i, row)
		s.paces = rows.Insert(s.paces, i, used)
	} else {
		old := s.channels[i]
		if a.Refresh {
			row.AdmittedAt = old.AdmittedAt
		}
		if old.ClientID != row.ClientID { // another device
			s.emit(DeleteChannel{Channel: old.Channel, ClientID: old.ClientID})
		}
		s.channels[i] = row
	}
	s.admitted = later(s.admitted, row.AdmittedAt)
	s.emit(SaveChannel{Row: row})
	return row
}

// latest returns which of some channels was admitted last.
func latest(of []ChannelRow) (at int) {
	for i := range of {
		if of[i].AdmittedAt.After(of[at].AdmittedAt) {
			at = i
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// epoch is the permission epoch, which starts at 1.
func (s *Session) epoch() uint64 { return max(1, s.row.Epoch) }

// refuse is an answer that is written down.
func (s *Session) refuse(now time.Time, a Admit, e protocol.Error) {
	s.answer(a, e)
	if a.Look || s.erased { // what servers ask is not the user's doing; of who was erased nothing is written down
		return
	}
	s.record(now, audit.Entry{
		Event: audit.Refused, Document: a.Channel, ClientID: a.ClientID, Code: string(e.Code), Reason: e.Reason, Delegate: a.Claims.delegate(),
	})
}

func (s *Session) answer(a Admit, e protocol.Error) { s.emit(Answer{Ask: a.Ask, Err: &e}) }
