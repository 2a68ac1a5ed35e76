package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A delegate is a program that acts for a user: one more client of the user's, with a reserved
// client id (protocol.DelegateClient) and the delegate's own name in its grant. What is pushed to
// the user is pushed to it.

// May is what the holder of a grant may do: all that the user may, but for what is withheld of a
// delegate. Nothing else reads Permissions to decide by (a test says so): a change of the user's
// rights is then a change of the delegate's, in the same epoch.
//
// Admin is everything: who lacks something does not have it.
func (g *Grant) May() permission.Set {
	withheld := permission.Set(g.Withheld)
	if withheld != 0 {
		withheld |= permission.Admin
	}
	return permission.Diff(permission.Set(g.Permissions), withheld)
}

// user is what the user may do whose grant it is, whatever is withheld of its holder: for what a
// server posts in the user's own name.
func (g *Grant) user() permission.Set { return permission.Set(g.Permissions) }

func (m *member) delegate() bool { return protocol.IsDelegate(m.ch.ClientID()) }

// delegateName is what the audit log calls a delegate; "" for the user's own client.
func (m *member) delegateName() string {
	if m.delegate() {
		return m.grant.Name
	}
	return ""
}

// delegateRetry is how long a delegate has to wait for whom there is no room.
const delegateRetry = 30 * time.Second

// crowded reports whether as many of the user's delegates are here as may. None takes another's
// place: a program does not know what the other one is at.
func (d *Document) crowded(m *member) bool {
	if !m.delegate() || m.ch.Live() {
		return false
	}
	n := 0
	for _, o := range d.of(m.userID()) {
		if o.delegate() && o.ch.Live() {
			n++
		}
	}
	return n >= d.cfg.DelegatesPerUser
}

// passOn gives the user's delegates what a grant allows that one of the user's clients has brought,
// if it is newer than theirs: the push that brings it to all may be later, and until then a
// delegate could do what its user cannot do any more.
func (d *Document) passOn(now time.Time, g Grant) {
	for _, o := range append([]*member(nil), d.of(g.UserID)...) {
		if o.delegate() && o.ch.Live() {
			d.grantChanged(now, o, g, "")
		}
	}
}
