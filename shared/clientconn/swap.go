package clientconn

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// swap hands the live connection the new token.
func (c *Conn[O]) swap() {
	c.swaps++
	c.swapID = c.cfg.Name + "-t" + strconv.FormatUint(c.swaps, 10)
	c.Token.swapBy = c.now.Add(renewal.SwapTimeout)
	c.Write(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefresh, MessageID: c.swapID,
		Data: protocol.TokenRefresh{Token: c.Token.Raw}.Append(nil),
	})
}

// swapped is the server's yes.
func (c *Conn[O]) swapped(p protocol.TokenRefreshed) {
	c.Token.swapBy, c.swapID = time.Time{}, ""
	c.measure(p.ServerTime, p.ExpiresAt)
	c.tokenStands()
	c.owner.TokenAccepted(p)
}

// swapRefused is its no: that token is of no use, another one may be.
func (c *Conn[O]) swapRefused(err *protocol.Error) {
	t := &c.Token
	t.swapBy, c.swapID = time.Time{}, ""
	end := t.End
	action, limited := err.Row().Action, err.Code == protocol.RateLimitExceeded
	wait := action == protocol.ActionWait && err.RetryAfter > 0 && t.stands.End.After(c.now.Add(err.RetryAfter))
	switch {
	case action == protocol.ActionRefresh:
		t.refuse()
	case wait, limited:
		t.Forget() // nothing was said against it
	default:
		c.redialWithToken() // the server's trouble, not the token's
		return
	}
	if t.stands.End.After(c.now) {
		// The connection goes on with the token it has, and so does the next one.
		t.Standing = t.stands
		if !t.End.Equal(end) {
			c.owner.ExpiryChanged()
		}
	}
	if wait && !limited {
		// Its key may not be known yet, say: that is no refusal, however often.
		c.tryAgain(err, 1, err.RetryAfter)
		return
	}
	c.refusedAgain(err)
}

// refusedAgain counts a token that the server refused. One more after so many would be
// refused as well: then the one it has accepted lasts to its end.
func (c *Conn[O]) refusedAgain(err *protocol.Error) {
	t := &c.Token
	switch t.Refusals++; {
	case t.Refusals < TokenTries:
		c.tryAgain(err, t.Refusals, err.RetryAfter)
	case t.Raw != "":
		c.owner.TokenMissed(err)
		t.endAt = t.End
	default:
		c.giveUp(err)
	}
}

// redialWithToken is seed S2's refreshAndReconnect.
func (c *Conn[O]) redialWithToken() {
	c.HangUp(1000, "Token refresh")
	c.owner.Disconnected(Outage{Reason: "token_refresh"})
	c.Connect()
}

// tokenStands notes that the server has accepted the token: only that makes good what was
// refused or failed before.
func (c *Conn[O]) tokenStands() {
	t := &c.Token
	t.tries, t.Refusals, t.endAt = 0, 0, time.Time{}
	t.stands = t.Standing
}

// measure takes the server's clock and the token's end by it.
func (c *Conn[O]) measure(serverTime, expiresAt time.Time) {
	if serverTime.IsZero() {
		return
	}
	t := &c.Token
	t.Clock.Measure(c.now, serverTime)
	if expiresAt.IsZero() || t.Raw == "" {
		return
	}
	if end := c.now.Add(expiresAt.Sub(serverTime)); !end.Equal(t.End) && end.After(c.now) {
		t.End = end
		c.PlanRefresh()
		c.owner.ExpiryChanged()
	}
}
