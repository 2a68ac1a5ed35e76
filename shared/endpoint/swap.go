package endpoint

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// swap hands the live connection the new token.
func (e *Endpoint) swap() {
	t := &e.token
	t.swaps++
	t.swapID = e.cfg.Name + "-t" + strconv.FormatUint(t.swaps, 10)
	t.swapBy = e.now.Add(renewal.SwapTimeout)
	e.write(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefresh, MessageID: t.swapID,
		Data: protocol.TokenRefresh{Token: t.raw}.Append(nil),
	})
}

// swapped is the server's yes.
func (e *Endpoint) swapped(p protocol.TokenRefreshed) {
	e.token.swapBy, e.token.swapID = time.Time{}, ""
	e.measure(p.ServerTime, p.ExpiresAt)
	e.tokenStands()
	e.lane.stalled = false // what was refused for the old token goes out again
	e.flush()
}

// swapRefused is its no: that token is of no use, another one may be.
func (e *Endpoint) swapRefused(err *protocol.Error) {
	e.token.swapBy, e.token.swapID = time.Time{}, ""
	t := &e.token
	wait := err.Row().Action == protocol.ActionWait && err.RetryAfter > 0 && t.stands.end.After(e.now.Add(err.RetryAfter))
	switch {
	case err.Row().Action == protocol.ActionRefresh:
		t.refuse()
	case wait, err.Code == protocol.RateLimitExceeded:
		t.raw, t.end, t.refreshAt = "", time.Time{}, time.Time{} // nothing was said against it
	default:
		e.redialWithToken() // the server's trouble, not the token's
		return
	}
	if old := t.stands; old.end.After(e.now) {
		// The connection goes on with the token it has, and so does the next one.
		t.raw, t.end, t.ttl = old.raw, old.end, old.ttl
	}
	if wait && err.Code != protocol.RateLimitExceeded {
		// Its key may not be known yet, say: that is no refusal, however often.
		e.failed(err, protocol.ActionRefresh)
		t.retryAt = e.now.Add(max(e.rng.Wait(1), err.RetryAfter))
		return
	}
	e.refusedAgain(err)
}

// refusedAgain counts a token that the server would not have. One more after so many
// would be refused as well: then the one it has taken lasts to its end.
func (e *Endpoint) refusedAgain(err *protocol.Error) {
	t := &e.token
	switch t.refusals++; {
	case t.refusals < renewal.Tries:
		e.failed(err, protocol.ActionRefresh)
		t.retryAt = e.now.Add(max(e.rng.Wait(t.refusals), min(err.RetryAfter, maxPause)))
	case t.raw != "":
		e.failed(err, protocol.ActionRefresh)
		t.endAt = t.end
	default:
		e.giveUpToken(err)
	}
}

// tokenStands notes that the server has taken the token: only that makes good what was
// refused or failed before.
func (e *Endpoint) tokenStands() {
	t := &e.token
	t.tries, t.refusals, t.endAt = 0, 0, time.Time{}
	t.stands = standing{t.raw, t.end, t.ttl}
}

// aboutToken reports whether an error without a message id answers a token_refresh that is
// still open.
func aboutToken(code protocol.Code) bool {
	return code == protocol.AuthenticationFailed || code == protocol.TokenExpired || code == protocol.ServiceUnavailable
}

// measure takes the server's clock and the token's end by it.
func (e *Endpoint) measure(serverTime, expiresAt time.Time) {
	if serverTime.IsZero() {
		return
	}
	t := &e.token
	t.clock.Measure(e.now, serverTime)
	if expiresAt.IsZero() || t.raw == "" {
		return
	}
	if end := e.now.Add(expiresAt.Sub(serverTime)); !end.Equal(t.end) && end.After(e.now) {
		t.end = end
		e.planRefresh()
	}
}
