// Package renewal is a client's arithmetic about its own token: whether a text can be a token,
// when it ends by this machine's clock, and when to fetch the next. Browsers, devices and apps
// share it, after the TokenManager of seed S2. It verifies nothing. Its one state is Clock,
// what is known of the server's time; callers pass now.
package renewal

import (
	"cmp"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

const (
	// Margin is how long before its expiry a client renews a token (seed S2: 1 minute).
	Margin = 60 * time.Second
	// Pause is the least time between two renewals that the client starts by itself.
	Pause = 5 * time.Second
	// FetchTimeout is how long the program may take to supply a token.
	FetchTimeout = 30 * time.Second
	// Tries is how many fetches in a row may fail.
	Tries = 5
	// SwapTimeout is how long the server may take to swap a token in place.
	SwapTimeout = 10 * time.Second
	// Usable is the least remaining life of a token that a client dials with.
	Usable = 2 * time.Second

	maxTime = 1<<53 - 1
)

// The reasons of errors about a text that is no token.
const (
	ReasonMissing = "missing_token"
	ReasonTooLong = "token_too_long"
	ReasonFormat  = "token_format"
)

// Read returns the claims of a token, or the reason why the text cannot be one.
func Read(token string) (claims peek.Claims, reason string) {
	if token == "" {
		return peek.Claims{}, ReasonMissing
	}
	if len(token) > protocol.TokenBytes {
		return peek.Claims{}, ReasonTooLong
	}
	claims, err := peek.Peek(token)
	if err != nil || claims.Exp <= 0 || claims.Exp > maxTime || claims.Iat < 0 || claims.Iat > claims.Exp {
		return peek.Claims{}, ReasonFormat
	}
	return claims, ""
}

// Subject tells the users of two tokens apart before the server has named them. The server
// may name them by another claim: see peek.Names.
func Subject(claims peek.Claims) string {
	return cmp.Or(claims.UserID, claims.Sub, peek.Lower(claims.Email))
}

// Lifetime returns exp − iat. A token without iat counts as a short one.
func Lifetime(claims peek.Claims) time.Duration {
	if claims.Iat == 0 {
		return 2 * Margin
	}
	return time.Duration(min(claims.Exp-claims.Iat, 1<<32)) * time.Second
}

// Clock holds the difference between the server's clock and this machine's, once the server
// has sent its time. The zero value knows none.
type Clock struct {
	// Ahead is how far the server's clock is ahead of this machine's.
	Ahead      time.Duration
	known      bool
	expiredIat int64 // the iat of a token that looked expired when it was new
}

// Measure records the server's time.
func (c *Clock) Measure(now, server time.Time) { c.Ahead, c.known = server.Sub(now), true }

// End returns when a token ends by this machine's clock, and whether that has passed. If the
// server's clock is known, End moves exp to ours. Otherwise it believes exp as far as exp
// agrees with exp − iat. A token that looks expired although the client has just renewed it
// shows that this machine's clock is fast.
func (c *Clock) End(now time.Time, claims peek.Claims) (end time.Time, expired bool) {
	exp, ttl := time.Unix(claims.Exp, 0), Lifetime(claims)
	latest := now.Add(ttl)
	if c.known {
		exp = exp.Add(-c.Ahead)
	} else if !now.Before(exp) && c.expiredIat != 0 && claims.Iat > c.expiredIat {
		exp = latest
	}
	if !now.Before(exp) {
		c.expiredIat = claims.Iat
		return exp, true
	}
	if exp.After(latest) {
		exp = latest
	}
	return exp, false
}

// At returns when to renew a token of lifetime ttl that ends at end: margin before the end, or
// at half of a life shorter than two margins. taken is when the program last supplied a token,
// zero for never. A program that keeps supplying a token that has nearly expired is asked
// again at shrinking intervals, never shorter than Pause.
func At(now, end time.Time, ttl, margin time.Duration, taken time.Time) time.Time {
	if ttl <= 2*margin {
		margin = ttl / 2
	}
	at := end.Add(-margin)
	if !at.After(now) && !taken.IsZero() {
		at = taken.Add(max(end.Sub(taken)/2, Pause))
	}
	return at
}
