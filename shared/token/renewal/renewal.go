// Package renewal is what a client works out about its own token: whether it can be one,
// when it ends on this machine's clock, and when to fetch the next. It is the arithmetic
// of seed S2's TokenManager, for the browser's client and for devices alike, and verifies
// nothing.
package renewal

import (
	"cmp"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

const (
	// Margin is how long before its expiry a token is renewed (seed S2: 1 minute).
	Margin = 60 * time.Second
	// Pause is the least time between two tokens nobody asked for.
	Pause = 5 * time.Second
	// FetchTimeout is how long the program may take to give a token.
	FetchTimeout = 30 * time.Second
	// Tries is how many fetches in a row may fail.
	Tries = 5
	// SwapTimeout is how long the server may take to swap a token in place.
	SwapTimeout = 10 * time.Second
	// Usable is the least a token has to have left to be dialled with.
	Usable = 2 * time.Second

	maxTime = 1<<53 - 1
)

// Why a text is no token, as the reason of an error.
const (
	ReasonMissing = "missing_token"
	ReasonTooLong = "token_too_long"
	ReasonFormat  = "token_format"
)

// Read returns a token's claims, or the reason why it cannot be one.
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

// Subject is what tells the users of two tokens apart before the server has said who they
// are. What it calls them may be another claim: see peek.Names.
func Subject(claims peek.Claims) string {
	return cmp.Or(claims.UserID, claims.Sub, peek.Lower(claims.Email))
}

// Lifetime is exp − iat; a token without iat is taken for a short one.
func Lifetime(claims peek.Claims) time.Duration {
	if claims.Iat == 0 {
		return 2 * Margin
	}
	return time.Duration(min(claims.Exp-claims.Iat, 1<<32)) * time.Second
}

// Clock knows how far the server's clock is from this machine's, as far as that was said.
// The zero value knows nothing.
type Clock struct {
	// Ahead is how far the server's clock is ahead of this machine's.
	Ahead      time.Duration
	known      bool
	expiredIat int64 // the iat of a token that looked expired when it was new
}

// Measure takes the server's time.
func (c *Clock) Measure(now, server time.Time) { c.Ahead, c.known = server.Sub(now), true }

// End is when a token ends on this machine's clock, and whether that is past. With the
// server's clock known, exp is simply moved to ours. Without it, exp is believed as far as
// it agrees with exp − iat; a token that looks expired although it has just been renewed
// means that this clock is fast.
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

// At is when to renew a token of this life that ends at end: margin before that, or half
// of a life that is shorter than two margins. taken is when one was last given, zero for
// never: a program that keeps giving a token that is nearly spent is asked again ever
// sooner, but not in a tight loop.
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
