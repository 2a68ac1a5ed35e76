package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

// account is what a tab knows of who is signed in, beside its token.
type account struct {
	askAt      time.Time // someone else may have signed in: ask the app
	asked      time.Time // when that was last done
	askedTwice bool      // the app said that nobody is signed in, and is asked once more
}

// Check is seed S2's validation before a connection is tried: document and
// token present, three parts, not expired. The returned error is a *Failure.
func Check(document, token string, now time.Time) error {
	if document == "" {
		return ErrMissingDocument
	}
	claims, err := clientconn.ReadToken(token)
	if err != nil {
		return fromWire(err)
	}
	if !now.Before(time.Unix(claims.Exp, 0)) {
		return ErrTokenExpired
	}
	return nil
}

// isUs reports whether another tab means this session's user. It may know them by what
// their token says, where this one knows what the server calls them, or the other way.
func (c *Client) isUs(user string) bool {
	t := &c.conn.Token
	return user == c.conn.User() || user == t.User || c.session.userID == "" && peek.Names(t.Seen, user)
}

// tokenFailed takes the app's refusal. Another tab may have renewed the sign-in at the same
// moment, and the issuer answered the app that it is used up. Then the token which that tab
// got serves here too, so this tab asks the app once more.
func (c *Client) tokenFailed(e TokenFailed) {
	if e.Final && c.conn.Token.Fetching() && c.tabs.leading && !c.account.askedTwice && c.mayHaveRaced() {
		c.account.askedTwice = true
		c.conn.FetchAgain(max(raceWait+c.conn.Rand.UpTo(raceWait), e.RetryAfter))
		return
	}
	c.conn.TokenFailed(e)
}

// mayHaveRaced reports whether this session has stood before: then a lost race is more
// likely than nobody having signed in.
func (c *Client) mayHaveRaced() bool {
	return c.session.userID != "" || c.conn.Token.User != "" || c.tabs.epoch > c.tabs.first
}

// refresh is the app asking for a new token now.
func (c *Client) refresh() {
	if c.tabs.leading {
		c.conn.Refresh()
		return
	}
	w := c.message("tab_refresh")
	w.Uint("exp", uint64(c.conn.Token.Exp)) // so that fifty tabs that ask at once cause one refresh
	c.post(w)
}

// askWhoIsSignedIn has the leader ask the app for a token, although the one in use
// is good: that of another user ends the session, and so does there being none.
func (c *Client) askWhoIsSignedIn() {
	a := &c.account
	if !c.tabs.leading || c.conn.User() == "" && !c.conn.Token.Fetching() || !a.askAt.IsZero() {
		return
	}
	a.askAt = c.now
	if !a.asked.IsZero() && a.asked.Add(hintPause).After(c.now) {
		a.askAt = a.asked.Add(hintPause) // a script that hints without end makes no storm
	}
}

// askAgainAt is when the app is asked who is signed in. An answer that is on its way was
// given before, so its turn is after that.
func (c *Client) askAgainAt() time.Time {
	if c.conn.Token.Fetching() {
		return zero
	}
	return c.account.askAt
}

func (c *Client) accountDue() {
	if !c.conn.Token.Fetching() && c.conn.Past(&c.account.askAt) {
		c.account.asked = c.now
		c.conn.FetchFresh()
	}
}

// signedOutElsewhere is the user signing out in another tab.
func (c *Client) signedOutElsewhere() {
	if c.cfg.Offline {
		c.do(EraseKept{})
	}
	c.conn.Leave("signed_out")
	f := failureOf(protocol.AuthenticationFailed, "signed_out", "You signed out in another tab.")
	f.Action = protocol.ActionStop
	c.finalHere("autherror", f, 0)
}
