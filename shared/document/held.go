package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A resume in one hop: a client that comes back by the very token that its channel lives by is let
// in by the document alone, and its user's object is not asked (Connect.Held).
//
// It gets nothing that it would not have if its connection had never dropped: no channel is made,
// the grant stays what it is, and with it the session, the epoch, the share and the token's end.
// So whatever holds for a connection that stays open holds for one that comes back so:
//
//   - A revocation, a sign-out or a kick is answered once every document has ended the channels
//     that are meant (End), those in their grace period too. A channel that was ended is not live,
//     and none is made here. So nobody is let in by what was taken back, once that was answered.
//   - A change of what the user may do is answered once every document has taken it (GrantChanged).
//   - What the document itself is told (AccessChanged, Forget, Erase) counts from that moment on.
//
// Who connects is held to more than who stays. In doubt the user's object is asked: about a grant
// that a fence was raised above, one from before the document's access last changed, a guest, a
// delegate, a token without an id, or one that has ended; by whom a message waits for that has not
// been heard; by whom has come back too often. And always in another term: sockets have been lost
// then, and with them it is not known whether somebody has put back the storage, which may hold a
// channel that was ended since.

// held returns the grant by which a client that comes back is let in, and false where its user's
// object has to be asked. c.Grant says who it is, and by which token.
func (d *Document) held(now time.Time, m *member, c *Connect) (g Grant, ok bool) {
	if m == nil || !m.ch.Live() || m.ch.ReadOnly(now) || m.term != d.term || m.called || m.guest() || m.delegate() {
		return g, false
	}
	g = m.grant
	switch {
	case !g.sameToken(&c.Grant), c.SessionID == "" || c.SessionID != m.ch.SessionID():
	case g.Epoch < d.fenceOf(g.UserID), g.Access != d.state.Access:
	case !g.May().Has(permission.Read):
	case m.resumes.Take(now, d.cfg.Resumes, 1) > 0:
	default:
		g.AccessAt = time.Time{} // it is no news of the lock
		return g, true
	}
	return g, false
}

// sameToken reports whether two grants live by one token.
func (g *Grant) sameToken(o *Grant) bool {
	return g.TokenID != "" && !protocol.IsDelegate(g.TokenID) && g.TokenID == o.TokenID &&
		!g.IssuedAt.IsZero() && g.IssuedAt.Equal(o.IssuedAt) && !g.Expires.IsZero() && g.Expires.Equal(o.Expires)
}

// calls notes whether something waits for a member's client at its user's object, which hears of
// the client when it connects.
func (d *Document) calls(m *member, called bool) {
	if m.called != called {
		m.called = called
		d.save(m)
	}
}
