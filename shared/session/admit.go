package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// maxAsked is how many questions may be under way; more than that is a source
// that hangs.
const maxAsked = 256

// admit answers at once when the cache can, and asks the source otherwise.
func (s *Session) admit(now time.Time, a Admit) {
	switch {
	case a.Claims.UserID == "" || a.Document == "":
		s.refuse(a, protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_field"})
		return
	case s.row.UserID != "" && s.row.UserID != a.Claims.UserID:
		// One object, one user. Whoever routed this here was wrong, and the one
		// answer that leaks nothing is none.
		s.refuse(a, protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"})
		return
	}
	if s.row.UserID == "" {
		s.row.UserID = a.Claims.UserID
		s.emit(SaveSession{Row: s.row})
	}
	if a.Gone {
		if i, ok := s.channel(a.Document); ok {
			s.removeChannel(i)
		}
	}
	if i, ok := s.cached(a.Document); ok && s.fresh(s.access[i], now) {
		s.decide(now, a, s.access[i])
		return
	}
	if len(s.asked) >= maxAsked {
		s.failed(now, a)
		return
	}
	s.asked = append(s.asked, a)
	s.emit(LookUp{Ask: a.Ask, UserID: a.Claims.UserID, Document: a.Document})
}

// fresh reports whether a cached answer still counts. One from the future is a
// clock set back, and does not.
func (s *Session) fresh(a AccessRow, now time.Time) bool {
	ttl := s.cfg.PermissionTTL
	if !a.Permissions.Has(permission.Read) {
		ttl = s.cfg.RefusalTTL
	}
	age := now.Sub(a.FetchedAt)
	return age >= 0 && age < ttl
}

// found caches the source's answer and decides by it.
func (s *Session) found(now time.Time, a Admit, access Access) {
	s.decide(now, a, s.learn(now, a.Document, access, "permissions_changed"))
}

// makeRoom keeps the cache bounded: the oldest answer that no live channel
// needs goes first.
func (s *Session) makeRoom() {
	if len(s.access) < s.cfg.MaxAccess {
		return
	}
	oldest, spare := 0, -1
	for i, a := range s.access {
		if a.FetchedAt.Before(s.access[oldest].FetchedAt) {
			oldest = i
		}
		if _, live := s.channel(a.Document); !live && (spare < 0 || a.FetchedAt.Before(s.access[spare].FetchedAt)) {
			spare = i
		}
	}
	if spare < 0 {
		spare = oldest
	}
	s.removeAccess(spare)
}

// failed falls back on the last known answer for somebody who is in already.
func (s *Session) failed(now time.Time, a Admit) {
	i, known := s.cached(a.Document)
	c, live := s.channel(a.Document)
	resume := live && (a.Refresh || s.channels[c].ClientID == a.ClientID)
	if known && resume && now.Sub(s.access[i].FetchedAt) < s.cfg.StaleAccess {
		s.decide(now, a, s.access[i])
		return
	}
	s.refuse(a, protocol.Error{
		Code: protocol.ServiceUnavailable, Reason: "permission_source", RetryAfter: s.cfg.RetryAfter,
	})
}

// decide answers by what the source said, and only then begins what has to begin.
func (s *Session) decide(now time.Time, a Admit, access AccessRow) {
	switch {
	case !access.Found:
		s.refuse(a, protocol.Error{Code: protocol.DocumentNotFound})
		return
	case !access.Permissions.Has(permission.Read):
		s.refuse(a, protocol.Error{Code: protocol.InsufficientPermissions, Reason: "no_access"})
		return
	}
	if _, live := s.channel(a.Document); a.Refresh && !live {
		// The channel went while its token was being looked at. A document that
		// thinks otherwise keeps its old token, and the next connect mends it.
		s.refuse(a, protocol.Error{Code: protocol.ServiceUnavailable, Reason: "no_channel", RetryAfter: s.cfg.RetryAfter})
		return
	}
	if s.row.ID == "" {
		if a.NewSessionID == "" {
			s.refuse(a, protocol.Error{Code: protocol.InternalError, Reason: "no_session_id"})
			return
		}
		s.row = SessionRow{UserID: a.Claims.UserID, ID: a.NewSessionID, StartedAt: now, Epoch: s.epoch()}
		s.emit(SaveSession{Row: s.row})
	}
	c := s.keepChannel(now, a)
	s.emit(Answer{Ask: a.Ask, Grant: Grant{
		UserID: a.Claims.UserID, Name: a.Claims.Name, SessionID: s.row.ID, Document: a.Document,
		WorkspaceID: access.WorkspaceID, WorkspaceRole: access.Role,
		Permissions: access.Permissions, Epoch: s.epoch(), Locked: access.Locked,
		Expires: a.Claims.Expires, TokenID: a.Claims.TokenID, AdmittedAt: c.AdmittedAt,
	}})
}

// keepChannel notes the channel as live until its token, the read-only time and
// the grace period have all run out, and at least as long as before. A refresh
// is no admission: the document may lose the channel before it hears of it, and
// must still be believed when it says so.
func (s *Session) keepChannel(now time.Time, a Admit) ChannelRow {
	row := ChannelRow{
		Document: a.Document, ClientID: a.ClientID, AdmittedAt: later(now, s.admitted.Add(time.Millisecond)),
		Until: later(now, a.Claims.Expires).Add(s.cfg.ReadOnly + s.cfg.Grace),
	}
	i, ok := s.channel(a.Document)
	if !ok {
		s.channels = slices.Insert(s.channels, i, row)
	} else {
		old := s.channels[i]
		row.Until = later(row.Until, old.Until)
		row.Owed, row.Reason, row.NextPush, row.Pushes = old.Owed, old.Reason, old.NextPush, old.Pushes
		if a.Refresh {
			row.AdmittedAt = old.AdmittedAt
		}
		s.channels[i] = row
	}
	s.admitted = later(s.admitted, row.AdmittedAt)
	s.emit(SaveChannel{Row: row})
	return row
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// epoch is the permission epoch, which starts at 1.
func (s *Session) epoch() uint64 { return max(1, s.row.Epoch) }

func (s *Session) refuse(a Admit, e protocol.Error) { s.emit(Answer{Ask: a.Ask, Err: &e}) }
