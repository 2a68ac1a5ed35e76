package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// tokenRefresh hands a new token over to be verified. Until the answer the old one
// counts.
func (d *Device) tokenRefresh(now time.Time, f protocol.Frame) {
	p, ok := protocol.ParseTokenRefresh(f.Data)
	wait := d.refused.Wait(now, d.cfg.MaxRefusedTokens)
	switch {
	case !ok:
		d.malformed(f, "token_missing")
	case d.verifying:
		d.sendError(protocol.Error{
			Code: protocol.RateLimitExceeded, Reason: "refresh_in_progress", MessageID: f.MessageID, RetryAfter: time.Second,
		})
	case wait > 0:
		d.sendError(protocol.Error{Code: protocol.RateLimitExceeded, Reason: "refreshes_refused", MessageID: f.MessageID, RetryAfter: wait})
	default:
		d.verifying = true
		d.owner.Emit(VerifyToken{Conn: d.ch.Conn(), Token: p.Token})
	}
}

// tokenVerified swaps the token in place: the same subject, not expired or revoked while
// it was looked at.
func (d *Device) tokenVerified(now time.Time, c session.Claims) {
	d.verifying = false
	switch {
	case c.UserID != d.userID:
		d.refused.Refuse(now)
		d.sendError(protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"})
		return
	case c.Expires.IsZero() || !now.Before(c.Expires):
		d.refused.Refuse(now)
		d.sendError(protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		return
	}
	_, epoch, err := d.owner.Admit(now, Admission{ClientID: d.ch.ClientID(), Claims: c, Refresh: true})
	if err != nil {
		d.tokenRefused(now, err)
		return
	}
	d.token, d.refused = tokenOf(c), rate.Refused{}
	d.ch.Refresh(now, c.Expires)
	d.save()
	d.send(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshed,
		Data: protocol.TokenRefreshed{
			ExpiresAt: c.Expires, ExpiresIn: c.Expires.Sub(now), PermEpoch: epoch, ServerTime: now,
		}.Append(nil),
	})
}

// tokenRefused leaves the connection on its old token, unless the answer was that the
// user has no business here any more.
func (d *Device) tokenRefused(now time.Time, e *protocol.Error) {
	d.verifying = false
	if e == nil {
		e = &protocol.Error{Code: protocol.AuthenticationFailed}
	}
	switch {
	case e.Code == protocol.TokenRevoked || e.Code == protocol.SessionEnded:
		d.end(now, now, *e)
	default:
		if e.Row().Action == protocol.ActionRefresh {
			d.refused.Refuse(now)
		}
		d.sendError(*e)
	}
}
