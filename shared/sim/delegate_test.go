package sim_test

import (
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// delegation is by what a client acts for its user that is a program.
type delegation struct {
	withheld permission.Set
	made     time.Time
	// over says that the program has learnt that it is revoked: it never comes back.
	over bool
}

// delegateTo gives the user's programs a client each on a document, some with less than the user may.
func (u *user) delegateTo(d *docObject) {
	w := u.w
	for range w.rng.IntN(1 + w.docCfg.DelegatesPerUser) {
		w.ids++
		c := newClient(w, u, d, protocol.DelegateClient(fmt.Sprintf("%016x", w.ids)))
		c.embedded = false
		c.delegation = &delegation{made: w.Now, withheld: permission.Set(w.rng.IntN(int(permission.All)+1)) &^ permission.Read}
		u.clients = append(u.clients, c)
	}
}

// key is the delegation's as a token: it never changes, and outlives the run.
func (d *delegation) key(c *client) accessToken {
	return accessToken{id: c.id, issued: d.made, expires: d.made.Add(24 * time.Hour)}
}

// claims are what the front Worker finds out about a client that connects.
func (c *client) claims(t accessToken) session.Claims {
	claims := t.claims(c.user.id)
	if c.delegation != nil {
		claims.Name, claims.Withheld = "Agent "+c.id, c.delegation.withheld
	}
	return claims
}

// sendUsersToken tries to become the user, by a token of theirs that a program got hold of.
func (c *client) sendUsersToken() {
	c.w.ids++
	c.w.counts.Impersonated++
	t := accessToken{id: fmt.Sprintf("token%d", c.w.ids), issued: c.w.Now, expires: c.w.Now.Add(time.Hour)}
	c.system(protocol.EventTokenRefresh, protocol.TokenRefresh{Token: t.String()}.Append(nil))
}

// subset holds every delegate to its user: what it may do is what the newest grant that the
// document knows of the user allows, without what is withheld.
func (d *docObject) subset(snap document.Snapshot) {
	newest := map[string]document.Grant{}
	for _, row := range snap.Channels {
		if g := row.Grant; row.Channel.State != channel.Gone && g.Epoch >= newest[g.UserID].Epoch {
			newest[g.UserID] = g
		}
	}
	delegates := map[string]int{}
	for _, row := range snap.Channels {
		g, c := row.Grant, d.delegateOf(row.Channel.ClientID)
		if row.Channel.State == channel.Gone || c == nil {
			if c == nil && g.Withheld != 0 {
				d.w.fail("%s: something is withheld of %s itself", d.id, g.UserID)
			}
			continue
		}
		d.w.counts.Delegated++
		delegates[g.UserID]++
		user := newest[g.UserID]
		if g.Epoch != user.Epoch || permission.Diff(g.May(), permission.Set(user.Permissions)) != 0 {
			d.w.fail("%s: %s may %v at epoch %d, and its user %v at %d", d.id, c.id, g.May().Names(), g.Epoch, permission.Set(user.Permissions).Names(), user.Epoch)
		}
		if g.May()&c.delegation.withheld != 0 {
			d.w.fail("%s: %s may %v, of which %v is withheld", d.id, c.id, g.May().Names(), c.delegation.withheld.Names())
		}
		if g.UserID != c.user.id || g.TokenID != c.id {
			d.w.fail("%s: %s lives by %s of %s", d.id, c.id, g.TokenID, g.UserID)
		}
	}
	for user, n := range delegates {
		if n > d.w.docCfg.DelegatesPerUser {
			d.w.fail("%s: %d delegates of %s", d.id, n, user)
		}
	}
}

// delegateOf is the client of a delegate's id, nil for any other.
func (d *docObject) delegateOf(id string) *client {
	if !protocol.IsDelegate(id) {
		return nil
	}
	for _, u := range d.w.users {
		for _, c := range u.clients {
			if c.id == id {
				return c
			}
		}
	}
	d.w.fail("%s: %s is nobody's delegate", d.id, id)
	return nil
}

// wrote holds an entry of a delegate's to what its user could have written at that moment.
func (d *docObject) wrote(e document.Entry, g document.Grant) {
	c := d.delegateOf(e.ClientID)
	if c == nil {
		return
	}
	d.w.counts.DelegateWrote++
	need := permission.Write
	switch e.Kind {
	case document.KindCreate, document.KindReply:
		need = permission.Comment
	case document.KindResolve:
		need = permission.Moderate
	}
	if user := permission.Set(g.Permissions); !user.Has(need) || c.delegation.withheld.Has(need) {
		d.w.fail("%s: an entry of %s was accepted, whose user may %v and of which %v is withheld", d.id, c.id, user.Names(), c.delegation.withheld.Names())
	}
}

// docGrant is what crosses from the session object to the document.
func docGrant(g session.Grant) document.Grant {
	return document.Grant{
		UserID: g.UserID, Name: g.Name, SessionID: g.SessionID, WorkspaceID: g.WorkspaceID, Role: g.WorkspaceRole,
		Permissions: uint8(g.Permissions), Epoch: g.Epoch, Locked: g.Locked, AccessAt: g.AccessAt, Access: g.Access, Expires: g.Expires, IssuedAt: g.IssuedAt, TokenID: g.TokenID,
		AdmittedAt: g.AdmittedAt, Share: g.Share, Withheld: uint8(g.Withheld),
	}
}
