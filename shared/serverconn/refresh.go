package serverconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// Refresh takes a token_refresh. Where the answer is nil the token is to be verified; until
// Verified or Refused the old one counts, and no other is taken, so that they cannot
// overtake each other and nobody can pile them up.
func (c *Conn) Refresh(now time.Time, cfg *Config, f protocol.Frame) (token string, a *Answer) {
	p, ok := protocol.ParseTokenRefresh(f.Data)
	if !ok {
		return "", refuse(Malformed(f, "token_missing"))
	}
	e := protocol.Error{Code: protocol.RateLimitExceeded, MessageID: f.MessageID}
	if c.verifying {
		e.Reason, e.RetryAfter = "refresh_in_progress", time.Second
		return "", refuse(e)
	}
	if wait := c.refused.Wait(now, cfg.MaxRefusedTokens); wait > 0 {
		e.Reason, e.RetryAfter = "refreshes_refused", wait
		return "", refuse(e)
	}
	c.verifying = true
	return p.Token, nil
}

// Verified takes the answer that a new token is good, and returns nil where it takes the
// old one's place: it is the same subject's, expires, and has not while it was looked at.
// The caller may still have reasons of its own, and says Refreshed once it has none.
func (c *Conn) Verified(now time.Time, sameSubject bool, expires time.Time) *Answer {
	c.verifying = false
	switch {
	case !sameSubject:
		c.refused.Refuse(now)
		return refuse(protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"})
	case expires.IsZero(): // nothing would ever end what the connection lives by
		c.refused.Refuse(now)
		return refuse(protocol.Error{Code: protocol.AuthenticationFailed, Reason: "exp_missing"})
	case !now.Before(expires):
		c.refused.Refuse(now)
		return refuse(protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
	}
	return nil
}

// Refreshed takes the new token, and returns the frame that says so.
func (c *Conn) Refreshed(now, expires time.Time, epoch uint64) protocol.Frame {
	c.refused = rate.Refused{}
	data := protocol.TokenRefreshed{ExpiresAt: expires, ExpiresIn: max(0, expires.Sub(now)), PermEpoch: epoch, ServerTime: now}.Append(nil)
	return protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshed, Data: data}
}

// Refused takes the answer that a new token is not good enough; e may be nil. The connection
// lives on by its old one, unless the user has no business here any more.
func (c *Conn) Refused(now time.Time, e *protocol.Error) *Answer {
	c.verifying = false
	if e == nil {
		e = &protocol.Error{Code: protocol.AuthenticationFailed}
	}
	switch e.Code {
	case protocol.InsufficientPermissions, protocol.DocumentNotFound, protocol.TokenRevoked, protocol.SessionEnded:
		return end(*e)
	}
	if e.Row().Action == protocol.ActionRefresh {
		c.refused.Refuse(now)
	}
	return refuse(*e)
}

// RefreshRequired asks for a new token within what is left of the old one.
func RefreshRequired(reason string, left time.Duration) protocol.Frame {
	return protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshRequired,
		Data: protocol.TokenRefreshRequired{Reason: reason, ExpiresIn: left}.Append(nil),
	}
}
