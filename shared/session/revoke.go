package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// isRevoked reports whether a token was taken back: it itself, its sign-in, or all that
// were issued up to a moment. A token of a sign-in that began before everything was
// revoked is unusable, whenever it was issued: the sign-in may live on for as long as its
// issuer could not be notified.
//
// Most tokens are issued in a second, not at a moment. One of the very second of a
// revocation may be older or younger, which perhaps says: it is not let in, but the next
// one will be.
func (s *Session) isRevoked(c Claims) (revoked, perhaps bool) {
	if at, known := signin.At(c.TokenID, c.IssuedAt); known && !at.After(s.row.SignInsBefore) {
		return true, false
	}
	if _, found := s.revokedToken(c.TokenID); found && c.TokenID != "" {
		return true, false
	}
	if id := signin.Of(c.TokenID); id != "" {
		if _, found := s.revokedToken(signin.Tokens(id)); found {
			return true, false
		}
	}
	before := s.row.RevokedBefore
	if !signin.Revoked(c.TokenID, c.IssuedAt, nil, before) {
		return false, false
	}
	issued := signin.Issued(c.TokenID, c.IssuedAt)
	return true, issued.Equal(issued.Truncate(time.Second)) && issued.Add(time.Second-time.Millisecond).After(before)
}

func (s *Session) revokedToken(id string) (int, bool) {
	return rows.Find(s.revoked, ofRevoked, id)
}

// revoke remembers what is revoked before any document is notified, so that no admission
// between the two lets it in.
func (s *Session) revoke(now time.Time, e Revoke) {
	s.know(e.UserID)
	entry := audit.Entry{Event: audit.TokensRevoked, Reason: e.Reason, By: e.By}
	j := job{ask: e.Ask, ends: true, began: now}
	var refused *protocol.Error
	switch {
	case e.Before.After(now.Add(skew)):
		// It would keep out who has yet to sign in.
		refused = &protocol.Error{Code: protocol.MalformedMessage, Reason: "before_in_the_future"}
	case e.TokenID != "":
		if entry.Detail = "one token"; protocol.IsDelegate(e.TokenID) {
			entry.Detail, entry.ClientID = "one delegation", e.TokenID
		}
		refused = s.revokeTokens(now, e.TokenID)
	case e.SignIn != "":
		entry.Detail = "one sign-in"
		refused = s.revokeTokens(now, signin.Tokens(e.SignIn))
	case e.ClientID != "":
		entry.Detail, entry.ClientID = "one client", e.ClientID
		if j.signIns, j.tokens, refused = s.tokensOf(e.ClientID); refused == nil {
			ids := slices.Clone(j.tokens)
			for _, id := range j.signIns {
				ids = append(ids, signin.Tokens(id))
			}
			refused = s.revokeTokens(now, ids...)
		}
	case e.All:
		entry.Detail = "all"
		before := later(now, s.row.IssuedAhead)
		s.row.RevokedBefore = later(s.row.RevokedBefore, before)
		s.row.SignInsBefore = later(s.row.SignInsBefore, before)
	case e.Before.IsZero():
		refused = &protocol.Error{Code: protocol.MalformedMessage, Reason: "nothing_named"}
	default:
		entry.Detail = "all issued up to a moment"
		// The whole second is meant, of the one that runs what has passed of it.
		before := e.Before.Truncate(time.Second)
		if end := before.Add(time.Second - time.Millisecond); before.After(now) || end.Before(now) {
			before = end
		} else {
			before = now
		}
		s.row.RevokedBefore = later(s.row.RevokedBefore, before)
	}
	if refused != nil {
		s.finish(now, job{ask: e.Ask, ends: true, began: now}, refused)
		return
	}
	s.record(now, entry)
	s.endChannels(now, j, "", false)
}

// revokeTokens remembers tokens, or all those of sign-ins, for as long as they may live.
func (s *Session) revokeTokens(now time.Time, ids ...string) *protocol.Error {
	fresh := 0
	for _, id := range ids {
		if _, known := s.revokedToken(id); !known {
			fresh++
		}
	}
	if fresh > 0 && len(s.revoked)+fresh > s.cfg.MaxRevoked {
		return &protocol.Error{
			Code: protocol.RateLimitExceeded, Reason: "too_many_revoked",
			Message: "Too many single tokens of this user are revoked: revoke all that were issued before a moment.",
		}
	}
	for _, id := range ids {
		row := RevokedRow{TokenID: id, Until: now.Add(s.cfg.MaxTokenLife)}
		for _, c := range s.channels {
			if c.TokenID == id && !c.Expires.IsZero() {
				row.Until = c.Expires.Add(leeway)
			}
		}
		if protocol.IsDelegate(id) {
			row.Until = now.Add(delegateMemory)
		}
		if i, known := s.revokedToken(id); known {
			row.Until = later(row.Until, s.revoked[i].Until)
			s.revoked[i] = row
		} else {
			s.revoked = rows.Insert(s.revoked, i, row)
		}
		s.emit(SaveRevoked{Row: row})
	}
	return nil
}

// tokensOf is what a client's connections live by: sign-ins with the embedded issuer, and
// single tokens of another. A client's id is its own word and keeps nobody out, so
// revoking a client revokes these; where there are none, nothing can be.
func (s *Session) tokensOf(clientID string) (signIns, tokens []string, refused *protocol.Error) {
	found := false
	for _, c := range s.channels {
		if c.ClientID != clientID {
			continue
		}
		found = true
		id, list := signin.Of(c.TokenID), &signIns
		if id == "" {
			id, list = c.TokenID, &tokens
		}
		if id == "" {
			return nil, nil, &protocol.Error{
				Code: protocol.MalformedMessage, Reason: "token_without_id",
				Message: "This client's token has no jti: revoke what was issued before a moment.",
			}
		}
		if !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	if !found {
		refused = &protocol.Error{
			Code: protocol.NotFound, Reason: "client_not_connected",
			Message: "The user has no connection of this client: revoke its sign-in, or everything.",
		}
	}
	return signIns, tokens, refused
}

const (
	// leeway is the longest that a token may be let in after its expiry (token.MaxLeeway).
	leeway = 5 * time.Minute
	// skew is how far ahead of ours the clock of whoever names a moment may be.
	skew = 5 * time.Second
	// delegateMemory is how long a revoked delegation is remembered here, and for as long as a
	// channel lives by it: the front Worker asks the database, which remembers it for good, so
	// this is for who was on the way, and for a database that could not be told at once.
	delegateMemory = 24 * time.Hour
)

// kick ends channels whatever token they live by.
func (s *Session) kick(now time.Time, e Kick) {
	s.know(e.UserID)
	s.record(now, audit.Entry{Event: audit.Kicked, Document: e.Channel, Reason: e.Reason, By: e.By})
	s.endChannels(now, job{ask: e.Ask, ends: true, began: now}, e.Channel, true)
}

// endChannels raises the fence: grants that were given before may not be let in any
// more, and every document that may hold a channel is notified. Which of them live by a
// revoked token the documents know best: a refresh may be on its way either way.
func (s *Session) endChannels(now time.Time, j job, document string, kick bool) {
	s.row.Epoch = s.epoch() + 1
	s.save()
	for i := range s.channels {
		c := &s.channels[i]
		if !s.first(i) || document != "" && document != c.Channel {
			continue
		}
		c.Fence, c.Pushes = s.epoch(), 0
		if kick {
			c.Kick = s.epoch()
		}
		j.waiting = append(j.waiting, c.Channel)
		s.flush(now, c)
	}
	s.begin(now, j)
}

func (s *Session) endChannel(c *ChannelRow) {
	e := EndChannel{
		Channel: c.Channel, UserID: s.row.UserID, Fence: c.Fence, Kick: c.Kick, Before: s.row.RevokedBefore,
		AdmittedAt: newest(s.of(c.Channel)),
	}
	for _, r := range s.revoked {
		e.TokenIDs = append(e.TokenIDs, r.TokenID)
	}
	s.emit(e)
}

// ended takes a document's answer.
func (s *Session) ended(now time.Time, e Ended) {
	if !e.OK {
		s.unsettled(now, e.Channel, true, documentUnreachable)
		return
	}
	if i, live := s.channel(e.Channel); live {
		c := &s.channels[i]
		if c.Fence != 0 && e.Fence >= c.Fence {
			c.Fence, c.Kick = 0, 0
			s.keep(c)
		}
		if e.Gone {
			s.removeOf(now, ChannelGone{Channel: e.Channel, Reason: "ended", AdmittedAt: e.AdmittedAt})
		}
		s.heard(now, e)
	}
	for i := range s.jobs {
		if j := &s.jobs[i]; j.ends && e.Closed && slices.Contains(j.waiting, e.Channel) {
			j.closed = append(j.closed, e.Channel)
			j.last = append(j.last, LastAccepted{e.Channel, e.LastMessageID})
		}
	}
	if i, live := s.channel(e.Channel); !live || s.channels[i].Fence == 0 {
		s.settled(now, e.Channel, true)
	}
}
