package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// tokenRefresh hands a new token over to be verified. Until the answer the old
// one counts.
func (d *Document) tokenRefresh(now time.Time, m *member, f protocol.Frame) {
	p, ok := protocol.ParseTokenRefresh(f.Data)
	if !ok {
		d.malformed(m, f, "token_missing")
		return
	}
	if m.verifying {
		d.sendError(m, protocol.Error{
			Code: protocol.RateLimitExceeded, Reason: "refresh_in_progress", MessageID: f.MessageID, RetryAfter: time.Second,
		})
		return
	}
	if wait := m.refused.Wait(now, d.cfg.MaxRefusedTokens); wait > 0 {
		d.sendError(m, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "refreshes_refused", MessageID: f.MessageID, RetryAfter: wait})
		return
	}
	m.verifying = true
	d.emit(VerifyToken{Conn: m.self[0], Token: p.Token, UserID: m.userID(), ClientID: m.ch.ClientID()})
}

// tokenVerified swaps the token in place: the same subject, and not a token that
// has expired while it was looked at.
func (d *Document) tokenVerified(now time.Time, m *member, g Grant) {
	m.verifying = false
	switch {
	case g.UserID != m.userID():
		m.refused.Refuse(now)
		d.sendError(m, protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"})
		return
	case g.Epoch < m.fence || d.outdated(g):
		// It was granted before a revocation, and may be the very token; or before a change.
		d.sendError(m, protocol.Error{Code: protocol.ServiceUnavailable, Reason: "permissions_changed", RetryAfter: time.Second})
		return
	case !g.Expires.IsZero() && !now.Before(g.Expires):
		m.refused.Refuse(now)
		d.sendError(m, protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		return
	}
	m.refused = rate.Refused{}
	d.lockSaid(now, g)
	old := m.grant
	g = m.newest(g)
	m.grant = g
	m.ch.Adopt(d.sessionID(g.SessionID))
	m.ch.Refresh(now, g.Expires)
	d.stale = true
	d.save(m)
	d.data = protocol.TokenRefreshed{
		ExpiresAt: g.Expires, ExpiresIn: max(0, g.Expires.Sub(now)), PermEpoch: g.Epoch, ServerTime: now,
	}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshed, Data: d.data})
	if g.Permissions != old.Permissions {
		d.permissionsChanged(now, m, old.Permissions, "token_refreshed")
	}
}

// tokenRefused leaves the connection on its old token, unless the answer was
// that the user has no business here any more.
func (d *Document) tokenRefused(now time.Time, m *member, e *protocol.Error) {
	m.verifying = false
	if e == nil {
		e = &protocol.Error{Code: protocol.AuthenticationFailed}
	}
	switch e.Code {
	case protocol.InsufficientPermissions, protocol.DocumentNotFound, protocol.TokenRevoked, protocol.SessionEnded:
		d.end(now, m, now, *e)
	default:
		if e.Row().Action == protocol.ActionRefresh {
			m.refused.Refuse(now)
		}
		d.sendError(m, *e)
	}
}

// grantChanged takes what the session object pushes. Epochs order it against
// the grants that connects and refreshes bring: an older one is only late.
func (d *Document) grantChanged(now time.Time, m *member, g Grant, reason string) {
	if g.Epoch <= m.grant.Epoch {
		return
	}
	old := m.grant.Permissions
	m.grant = withPermissions(m.grant, g)
	d.save(m)
	if m.grant.Permissions == old {
		return // the role, say
	}
	if reason == "" {
		reason = "permissions_changed"
	}
	d.permissionsChanged(now, m, old, reason)
}

// newest returns the grant as it counts beside the one that is known. Grants
// come by different ways and may overtake each other: the newer epoch says what
// is allowed, the newer admission which session it is.
func (m *member) newest(g Grant) Grant {
	if g.Epoch < m.grant.Epoch {
		g = withPermissions(g, m.grant)
	}
	if m.ch.Live() && g.AdmittedAt.Before(m.grant.AdmittedAt) {
		g.SessionID, g.AdmittedAt = m.grant.SessionID, m.grant.AdmittedAt
	}
	return g
}

// withPermissions returns g with what from allows.
func withPermissions(g, from Grant) Grant {
	g.Permissions, g.Epoch, g.Locked, g.Role = from.Permissions, from.Epoch, from.Locked, from.Role
	return g
}

// permissionsChanged tells the client; without read there is nothing left to
// connect for.
func (d *Document) permissionsChanged(now time.Time, m *member, old uint8, reason string) {
	updated := permission.Set(m.grant.Permissions)
	d.data = protocol.PermissionChange{
		Permissions: updated.Names(), Removed: permission.Diff(permission.Set(old), updated).Names(),
		Reason: reason, EffectiveAt: now, PermEpoch: m.grant.Epoch,
	}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPermissionChange, Data: d.data})
	if !updated.Allows(permission.LockSection) {
		d.releaseSections(m.userID())
	}
	switch {
	case updated.Has(permission.Read):
		if reason != "token_refreshed" {
			d.sendRefreshRequired(now, m, "permissions_changed")
		}
	case m.active():
		d.end(now, m, now, protocol.Error{Code: protocol.InsufficientPermissions, Reason: reason})
	default:
		d.gone(now, m, "final_error")
	}
}

// sendRefreshRequired asks for a new token within what is left of the old one.
func (d *Document) sendRefreshRequired(now time.Time, m *member, reason string) {
	d.data = protocol.TokenRefreshRequired{Reason: reason, ExpiresIn: m.ch.NoticeLeft(now)}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventTokenRefreshRequired, Data: d.data})
}
