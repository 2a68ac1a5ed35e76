package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// swap hands the live connection the new token.
func (c *Client) swap() {
	n := &c.conn
	n.frames++
	n.swapID = c.messageID("t", n.frames)
	c.write(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefresh, MessageID: n.swapID,
		Data: protocol.TokenRefresh{Token: c.token.raw}.Append(nil),
	})
	c.token.swapBy = c.now.Add(SwapTimeout)
}

// swapped is the server's yes.
func (c *Client) swapped(p protocol.TokenRefreshed) {
	c.token.swapBy = time.Time{}
	c.conn.swapID = ""
	if p.PermEpoch > c.session.permEpoch {
		c.session.permEpoch = p.PermEpoch
	}
	c.measure(p.ServerTime, p.ExpiresAt)
	c.tokenStands()
	c.shareToken()
	c.unstall() // what was refused for the old token goes out again
}

// swapRefused is its no: that token is of no use, another one may be.
func (c *Client) swapRefused(f *Failure) {
	c.token.swapBy = time.Time{}
	c.conn.swapID = ""
	t := &c.token
	refused := t.end
	wait := f.Action == protocol.ActionWait && f.RetryAfter > 0 && t.stands.end.After(c.now.Add(f.RetryAfter))
	switch {
	case f.Action == protocol.ActionRefresh:
		t.refuse()
	case wait, f.Code == string(protocol.RateLimitExceeded):
		t.forget() // nothing was said against it
	default:
		c.redialWithToken() // the server's trouble, not the token's
		return
	}
	if old := t.stands; old.end.After(c.now) {
		// The connection goes on with the token it has, and so does the next one.
		t.raw, t.exp, t.end, t.ttl = old.raw, old.exp, old.end, old.ttl
		if !old.end.Equal(refused) {
			c.emitToken("", "")
		}
	}
	if wait && f.Code != string(protocol.RateLimitExceeded) {
		// Its key may not be known yet, say: that is no refusal, however often.
		c.tryAgain(f, 1, f.RetryAfter)
		return
	}
	c.refusedAgain(f)
}

// refusedAgain counts a token that the server would not have. One more after so many
// would be refused as well: then the one it has taken lasts to its end.
func (c *Client) refusedAgain(f *Failure) {
	t := &c.token
	switch t.refusals++; {
	case t.refusals < TokenTries:
		c.tryAgain(f, t.refusals, f.RetryAfter)
	case t.raw != "":
		c.emitAgain(f)
		t.endAt = t.end
	default:
		c.giveUpToken(f)
	}
}

// tokenStands notes that the server has taken the token: only that makes good what was
// refused or failed before.
func (c *Client) tokenStands() {
	t := &c.token
	t.tries, t.refusals, t.endAt = 0, 0, time.Time{}
	t.stands = standing{t.raw, t.exp, t.end, t.ttl}
}

// measure takes the server's clock and the token's end by it.
func (c *Client) measure(serverTime, expiresAt time.Time) {
	if serverTime.IsZero() {
		return
	}
	t := &c.token
	t.clock.Measure(c.now, serverTime)
	if expiresAt.IsZero() || t.raw == "" {
		return
	}
	if end := c.now.Add(expiresAt.Sub(serverTime)); !end.Equal(t.end) && end.After(c.now) {
		t.end = end
		c.planRefresh()
		c.emitToken("", "")
		c.shareToken()
	}
}
