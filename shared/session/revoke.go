package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// isRevoked reports whether a token was taken back. A token is issued in a second,
// not at a moment: one of the very second of a revocation is revoked too.
func (s *Session) isRevoked(c Claims) bool {
	if !s.row.RevokedBefore.IsZero() && !c.IssuedAt.After(s.row.RevokedBefore) {
		return true
	}
	_, found := s.revokedToken(c.TokenID)
	return found && c.TokenID != ""
}

func (s *Session) revokedToken(id string) (int, bool) {
	return rows.Find(s.revoked, ofRevoked, id)
}

// revoke remembers what is revoked before anybody is told, so that no admission
// between the two lets it in.
func (s *Session) revoke(now time.Time, e Revoke) {
	s.know(e.UserID)
	entry := audit.Entry{Event: audit.TokensRevoked, Reason: e.Reason, By: e.By}
	j := job{ask: e.Ask, ends: true, began: now}
	switch {
	case e.Before.After(now.Add(leeway)):
		// It would keep out who has yet to sign in.
		s.finish(now, j, &protocol.Error{Code: protocol.MalformedMessage, Reason: "before_in_the_future"})
		return
	case e.TokenID != "":
		i, known := s.revokedToken(e.TokenID)
		if !known && len(s.revoked) >= s.cfg.MaxRevoked {
			s.finish(now, j, &protocol.Error{
				Code: protocol.RateLimitExceeded, Reason: "too_many_revoked",
				Message: "Too many single tokens of this user are revoked: revoke all that were issued before a moment.",
			})
			return
		}
		row := RevokedRow{TokenID: e.TokenID, Until: now.Add(s.cfg.MaxTokenLife)}
		for _, c := range s.channels {
			if c.TokenID == e.TokenID && !c.Expires.IsZero() {
				row.Until = c.Expires.Add(leeway)
			}
		}
		if known {
			row.Until = later(row.Until, s.revoked[i].Until)
			s.revoked[i] = row
		} else {
			s.revoked = rows.Insert(s.revoked, i, row)
		}
		s.emit(SaveRevoked{Row: row})
		entry.Detail = "one token"
	case !e.All && e.Before.IsZero():
		s.finish(now, j, &protocol.Error{Code: protocol.MalformedMessage, Reason: "nothing_named"})
		return
	default:
		before := e.Before
		if entry.Detail = "all issued up to a moment"; e.All {
			before = later(now, s.row.IssuedAhead)
			entry.Detail = "all"
		}
		s.row.RevokedBefore = later(s.row.RevokedBefore, before.Truncate(time.Second))
	}
	s.record(now, entry)
	s.endChannels(now, j, "", false)
}

// leeway is how long after its expiry a token may still be let in (token.Leeway).
const leeway = 5 * time.Second

// kick ends channels whatever token they live by.
func (s *Session) kick(now time.Time, e Kick) {
	s.know(e.UserID)
	s.record(now, audit.Entry{Event: audit.Kicked, Document: e.Document, Reason: e.Reason, By: e.By})
	s.endChannels(now, job{ask: e.Ask, ends: true, began: now}, e.Document, true)
}

// endChannels raises the fence: grants that were given before may not be let in any
// more, and every document that may hold a channel is told. Which of them live by a
// revoked token the documents know best: a refresh may be on its way either way.
func (s *Session) endChannels(now time.Time, j job, document string, kick bool) {
	s.row.Epoch = s.epoch() + 1
	s.emit(SaveSession{Row: s.row})
	for i := range s.channels {
		c := &s.channels[i]
		if document != "" && document != c.Document {
			continue
		}
		c.Fence, c.Pushes = s.epoch(), 0
		if kick {
			c.Kick = s.epoch()
		}
		j.waiting = append(j.waiting, c.Document)
		s.press(now, c)
	}
	s.begin(now, j)
}

func (s *Session) endChannel(c *ChannelRow) {
	e := EndChannel{
		Document: c.Document, UserID: s.row.UserID, Fence: c.Fence, Kick: c.Kick, Before: s.row.RevokedBefore,
		AdmittedAt: c.AdmittedAt,
	}
	for _, r := range s.revoked {
		e.TokenIDs = append(e.TokenIDs, r.TokenID)
	}
	s.emit(e)
}

// ended takes a document's answer.
func (s *Session) ended(now time.Time, e Ended) {
	if !e.OK {
		s.unsettled(now, e.Document, true, documentUnreachable)
		return
	}
	if i, live := s.channel(e.Document); live {
		c := &s.channels[i]
		if c.Fence != 0 && e.Fence >= c.Fence {
			c.Fence, c.Kick = 0, 0
			s.keep(c)
		}
		if e.Gone && !e.AdmittedAt.Before(c.AdmittedAt) {
			s.removeChannel(now, i, "ended")
		}
	}
	for i := range s.jobs {
		if j := &s.jobs[i]; j.ends && e.Closed && slices.Contains(j.waiting, e.Document) {
			j.closed = append(j.closed, e.Document)
			j.last = append(j.last, LastAccepted{e.Document, e.LastMessageID})
		}
	}
	if i, live := s.channel(e.Document); !live || s.channels[i].Fence == 0 {
		s.settled(now, e.Document, true)
	}
}
