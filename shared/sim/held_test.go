package sim_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
)

// arrive is what the front Worker does with an attempt whose token it has found good: one that
// names a session goes straight to the document, any other to the user's object.
func (c *client) arrive(a attempt) {
	w := c.w
	if a.session == "" || c.delegation != nil && w.rng.Chance(0.5) {
		c.admit(a, false, time.Time{}, 0)
		return
	}
	who := document.Grant{UserID: c.user.id, TokenID: a.token.id, IssuedAt: a.token.issued, Expires: a.token.expires}
	w.After(w.rng.Between(0, 200*time.Millisecond), func() { c.doc.connectBy(c, a, who, false, true) })
}

// letIn holds a document that has let a client in by itself to what makes that right: the user's
// object knows of the channel, and so every change and every end reaches it; and the channel lives
// by that very token, as it did before.
func (d *docObject) letIn(c *client, a attempt) {
	w, row := d.w, d.store.Rows[c.key()]
	w.counts.LetIn++
	known := false
	for _, ch := range c.user.ses.Snapshot().Channels {
		known = known || ch.Channel == d.id && ch.ClientID == c.id && w.Now.Before(ch.Until)
	}
	switch {
	case row.Channel.State != channel.Active:
		return // only to be refused
	case !known:
		w.fail("%s lets in %s, of whom %s knows no channel", d.id, c.id, c.user.id)
	case c.delegation != nil:
		w.fail("%s lets in the delegate %s", d.id, c.id)
	case row.Grant.TokenID != a.token.id || !row.Grant.Expires.Equal(a.token.expires) || !w.Now.Before(a.token.expires):
		w.fail("%s lets in %s by %+v, whose channel lives by %+v", d.id, c.id, a.token, row.Grant)
	}
	if _, refused := c.user.ses.Unusable(a.token.claims(c.user.id)); refused {
		w.counts.Overtaken++ // the revocation is on its way, and not answered: confirmed says so
	}
}
