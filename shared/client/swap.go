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
	c.shareToken()
	c.unstall() // what was refused for the old token goes out again
}

// swapRefused is its no: that token is of no use, another one may be.
func (c *Client) swapRefused(f *Failure) {
	c.token.swapBy = time.Time{}
	c.conn.swapID = ""
	if f.Action != protocol.ActionRefresh {
		c.redialWithToken() // the server's trouble, not the token's
		return
	}
	c.token.refuse()
	c.tokenMissing(f, 0)
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
