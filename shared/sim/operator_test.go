package sim_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// accessToken is what a client was issued.
type accessToken struct {
	id              string
	issued, expires time.Time
}

// issue is a token of the client's sign-in, which begins with it if there is none; a
// token of another issuer knows of none.
func (c *client) issue() accessToken {
	w := c.w
	if c.delegation != nil {
		return c.delegation.key(c)
	}
	w.ids++
	t := accessToken{id: fmt.Sprintf("token%d", w.ids), issued: w.Now.Truncate(time.Second), expires: w.Now.Add(w.ttl)}
	if c.embedded {
		if c.signIn == "" {
			c.signIn = signin.NewID(w.Now, fmt.Appendf(nil, "%012d", w.ids))
		}
		t.id = fmt.Sprintf("%s.%022d", c.signIn, w.ids)
	}
	return t
}

func (t accessToken) String() string {
	return strings.Join([]string{t.id, t.issued.Format(time.RFC3339Nano), t.expires.Format(time.RFC3339Nano)}, " ")
}

func (t accessToken) claims(user string) session.Claims {
	return session.Claims{UserID: user, TokenID: t.id, IssuedAt: t.issued, Expires: t.expires}
}

func parseToken(text string) (t accessToken, err error) {
	var issued, expires string
	if _, err = fmt.Sscan(text, &t.id, &issued, &expires); err == nil {
		t.issued, err = time.Parse(time.RFC3339Nano, issued)
	}
	if err == nil {
		t.expires, err = time.Parse(time.RFC3339Nano, expires)
	}
	return t, err
}

// operator is what was asked about one user by hand, and what of it has been
// confirmed: from then on it must hold.
type operator struct {
	version int // of the user's roles at the source
	settled int // of those, the newest that everybody is confirmed to know
	asked   map[uint64]func()
	before  time.Time
	// everything is when all was revoked: sign-ins that began until then are over.
	everything time.Time
	tokens     []string
}

func (w *world) operate() {
	u := w.users[w.rng.IntN(len(w.users))]
	if w.quiet || u.erasure != nil {
		return
	}
	w.askNo++
	ask := w.askNo
	switch w.rng.IntN(8) {
	case 6:
		w.restoreDocument()
	case 7:
		w.resolveAll(w.docs[w.rng.IntN(len(w.docs))], u.id)
	case 0, 1: // a role, in the midst of everything
		u.changeRole(permission.Source{Workspace: []permission.WorkspaceRole{permission.ViewerRole, "", u.role.Workspace, u.role.Workspace}[w.rng.IntN(4)]}, true)
		if w.rng.Chance(0.3) && !w.down {
			w.down = true
			w.After(w.rng.Between(time.Second, 40*time.Second), func() { w.down = false })
		}
		if c := u.clients[w.rng.IntN(len(u.clients))]; w.rng.Chance(0.5) && c.ready { // and the user goes, and comes back
			c.system(protocol.EventDisconnect, nil)
		}
	case 2:
		doc := ""
		if w.rng.Chance(0.5) {
			doc = w.docs[w.rng.IntN(len(w.docs))].id
		}
		u.op.asked[ask] = func() { w.counts.Kicked++ }
		u.step(session.Kick{Ask: ask, UserID: u.id, Channel: doc})
	case 3:
		now := w.Now
		u.op.asked[ask] = func() { u.op.before, u.op.everything = now, now; w.counts.Revoked++ }
		u.step(session.Revoke{Ask: ask, UserID: u.id, All: true})
	default:
		c := u.clients[w.rng.IntN(len(u.clients))]
		id := c.token.id
		if id == "" {
			return
		}
		what := session.Revoke{Ask: ask, UserID: u.id, TokenID: id}
		if c.signIn != "" && w.rng.Chance(0.5) {
			id, what.TokenID, what.SignIn = signin.Tokens(c.signIn), "", c.signIn
		}
		u.op.asked[ask] = func() { u.op.tokens = append(u.op.tokens, id); w.counts.Revoked++ }
		u.step(what)
	}
}

// receipt is the operator's answer.
func (u *user) receipt(r session.Receipt) {
	confirmed := u.op.asked[r.Ask]
	if confirmed == nil {
		u.w.fail("%s: a receipt for %d, which nobody asked for", u.id, r.Ask)
	}
	delete(u.op.asked, r.Ask)
	if r.Err == nil {
		confirmed()
	} else {
		u.w.counts.Unconfirmed++
		if e := u.erasure; e != nil && e.ask == r.Ask {
			u.w.After(u.w.rng.Between(0, 5*time.Second), e.begin)
		}
	}
}

// notify says that the user's roles at the source have changed.
func (u *user) notify() {
	w := u.w
	w.askNo++
	version := u.op.version
	u.op.asked[w.askNo] = func() { u.op.settled = max(u.op.settled, version) }
	e := session.AccessChanged{Ask: w.askNo, UserID: u.id, Reason: "workspace_role_changed"}
	if w.rng.Chance(0.5) {
		e.WorkspaceID = "ws"
	}
	u.step(e)
}

// confirmed holds a grant that is used to what the answers to operators said.
func (d *docObject) confirmed(g document.Grant, what string) {
	w := d.w
	op := &w.user(g.UserID).op
	at, known := signin.At(g.TokenID, g.IssuedAt)
	if signin.Revoked(g.TokenID, g.IssuedAt, op.tokens, op.before) || known && !at.After(op.everything) {
		w.fail("%s: %s of %s by %s, which was revoked and confirmed", d.id, what, g.UserID, g.TokenID)
	}
	if may, _ := permission.Resolve(w.source[g.UserID]); op.settled == op.version && permission.Diff(permission.Set(g.Permissions), may) != 0 {
		w.fail("%s: %s of %s who may %v, and it was confirmed that they may %v", d.id, what, g.UserID, permission.Set(g.Permissions).Names(), may.Names())
	}
}

// endChannel calls the document. The call may fail on the way there or on the way
// back.
func (w *world) endChannel(u *user, e session.EndChannel) {
	lostThere, lostBack := !w.quiet && w.rng.Chance(0.1), !w.quiet && w.rng.Chance(0.1)
	d := w.doc(e.Channel)
	w.After(w.rng.Between(0, 200*time.Millisecond), func() {
		answer := session.Ended{Channel: e.Channel, Fence: e.Fence}
		ev := document.End{UserID: e.UserID, Fence: e.Fence, Kick: e.Kick, TokenIDs: e.TokenIDs, Before: e.Before, AdmittedAt: e.AdmittedAt}
		if lostThere && w.rng.Chance(0.3) { // it arrives when nobody waits for it any more
			w.After(w.rng.Between(0, 6*time.Second), func() { d.step(ev) })
		}
		if !lostThere {
			d.ended = nil
			d.step(ev)
			if d.ended == nil {
				w.fail("%s: no answer to %+v", d.id, e)
			}
			if !lostBack {
				answer = session.Ended{
					Channel: e.Channel, Fence: d.ended.Fence, OK: true, Closed: d.ended.Closed, Gone: d.ended.Gone, Clients: d.ended.Clients,
					LastMessageID: d.ended.LastMessageID, AdmittedAt: d.ended.AdmittedAt,
				}
			}
		}
		w.After(w.rng.Between(0, 100*time.Millisecond), func() { u.step(answer) })
	})
}

// turnedAway is what a client does about a token that counts for nothing: it signs in
// again, or, if the token is merely too old, asks for a new one.
func (c *client) turnedAway(code protocol.Code) {
	switch {
	case code == protocol.TokenRevoked && c.delegation != nil:
		c.w.counts.DelegateEnded++
		c.delegation.over = true
	case code == protocol.TokenRevoked:
		c.w.counts.Rejected++
		c.token, c.signIn = accessToken{}, ""
	case protocol.Lookup(code).Action == protocol.ActionRefresh:
		c.token = accessToken{}
	}
}
