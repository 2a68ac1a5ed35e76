package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// tokenRefresh hands a new token over to be verified. Until the answer the old
// one counts.
//
// A delegate has no token: taking its user's would give it all that the user may.
func (d *Document) tokenRefresh(now time.Time, m *member, f protocol.Frame) {
	if m.delegate() {
		d.sendError(m, protocol.Error{Code: protocol.AuthenticationFailed, Reason: "delegate_has_no_token", MessageID: f.MessageID})
		return
	}
	token, a := m.conn.Refresh(now, &d.cfg.Conn, f)
	if a != nil {
		d.answer(now, m, a)
		return
	}
	d.emit(VerifyToken{Conn: m.self[0], Token: token, UserID: m.userID(), ClientID: m.ch.ClientID()})
}

// tokenVerified swaps the token in place: the same subject, and not a token that
// has expired while it was looked at.
func (d *Document) tokenVerified(now time.Time, m *member, g Grant) {
	a := m.conn.Verified(now, g.UserID == m.userID(), g.Expires)
	switch {
	case a != nil:
		d.answer(now, m, a)
		return
	case g.Epoch < m.fence || d.outdated(g):
		// It was granted before a revocation, and may be the very token; or before a change.
		d.sendError(m, protocol.Error{Code: protocol.ServiceUnavailable, Reason: "permissions_changed", RetryAfter: time.Second})
		return
	}
	d.lockSaid(now, g)
	old := m.grant
	g.Access = d.state.Access
	g = d.newest(m, g)
	d.passOn(now, g)
	m.grant = g
	m.ch.Adopt(d.sessionID(g.SessionID))
	m.ch.Refresh(now, g.Expires)
	d.stale = true
	d.save(m)
	d.sendTo(m, m.conn.Refreshed(now, g.Expires, g.Epoch))
	if g.May() != old.May() {
		d.permissionsChanged(now, m, old.May(), "token_refreshed")
	}
}

// tokenRefused leaves the connection on its old token, unless the answer was
// that the user has no business here any more.
func (d *Document) tokenRefused(now time.Time, m *member, e *protocol.Error) {
	d.answer(now, m, m.conn.Refused(now, e))
}

// grantChanged takes what the session object pushes. Epochs order it against
// the grants that connects and refreshes bring: an older one is only late.
func (d *Document) grantChanged(now time.Time, m *member, g Grant, reason string) {
	if g.Epoch <= m.grant.Epoch {
		return
	}
	old := m.grant.May()
	m.grant = withPermissions(m.grant, g)
	d.save(m)
	if m.grant.May() == old {
		return // the role, say
	}
	if reason == "" {
		reason = "permissions_changed"
	}
	d.permissionsChanged(now, m, old, reason)
}

// newest returns the grant as it counts beside those that are known of its user, for a
// member or, where that is nil, for one that is new. Grants come by different ways and may
// overtake each other: the newer epoch says what is allowed, the newer admission which session
// it is.
func (d *Document) newest(m *member, g Grant) Grant {
	var newer time.Time
	for _, o := range d.of(g.UserID) {
		if g.Epoch < o.grant.Epoch {
			g = withPermissions(g, o.grant)
		}
		if at := o.grant.AdmittedAt; o.ch.Live() && g.AdmittedAt.Before(at) && !at.Before(newer) {
			g.SessionID, newer = o.grant.SessionID, at
		}
	}
	if m != nil && m.ch.Live() {
		g.AdmittedAt = serverconn.Latest(g.AdmittedAt, m.grant.AdmittedAt)
	}
	return g
}

// withPermissions returns g with what from allows its user: what g withholds stays withheld.
func withPermissions(g, from Grant) Grant {
	g.Permissions, g.Epoch, g.Locked, g.Role = from.Permissions, from.Epoch, from.Locked, from.Role
	return g
}

// permissionsChanged notifies the client; without read there is nothing left to
// connect for.
func (d *Document) permissionsChanged(now time.Time, m *member, old permission.Set, reason string) {
	updated := m.grant.May()
	d.data = protocol.PermissionChange{
		Permissions: updated.Names(), Removed: permission.Diff(old, updated).Names(),
		Reason: reason, EffectiveAt: now, PermEpoch: m.grant.Epoch,
	}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPermissionChange, Data: d.data})
	if !updated.Allows(permission.LockSection) {
		d.releaseSections(m, nil)
	}
	switch {
	case updated.Has(permission.Read):
		if d.moves(now, m, old) {
			return
		}
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
	if m.delegate() {
		return // there is none to be had
	}
	d.sendTo(m, serverconn.RefreshRequired(reason, m.ch.NoticeLeft(now)))
}
