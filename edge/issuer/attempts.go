package issuer

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/front"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// How often a password may be tried. Both limits are kept in the database, so they hold
// for all of a deployment and through its restarts; and both count an e-mail nobody has
// like one that somebody has.
//
// The first is for an account from one address (an IPv4 address or an IPv6 /64): it
// stops who guesses from one place. The second is for the account from all addresses
// together: it stops who has many. By it alone an attacker could lock a user out for as
// long as he liked, so an address from which the account was signed in within the life
// of a refresh token has its own limit only: there the user gets in whatever is tried
// elsewhere. What an attacker can do is keep a user out at a place where they have not
// been before.
const (
	DefaultLoginFailures        = 10
	DefaultLoginFailuresAccount = 100
	DefaultLoginWindow          = 15 * time.Minute
)

// try is one try of a password, of which the buckets know.
type try struct {
	account, place string // the buckets
	known          bool   // the place has its own limit only
}

// try counts a try before the password is looked at.
func (i *Issuer) try(ctx context.Context, r *http.Request, email string, now time.Time) (try, *protocol.Error) {
	a := try{
		account: digest("account " + email),
		place:   digest("place " + front.Network(r.Header.Get(front.AddressHeader)) + " " + email),
	}
	wait, known, err := i.store.Attempt(ctx, a.place, i.place, now)
	if err == nil && wait == 0 && !known {
		wait, _, err = i.store.Attempt(ctx, a.account, i.account, now)
	}
	a.known = known
	switch {
	case err != nil:
		return a, rest.Unavailable("database_unavailable")
	case wait > 0:
		return a, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_attempts", RetryAfter: wait}
	}
	return a, nil
}

// right gives the attempt back: only what fails counts. That it could not be given back
// makes the next one wait a little sooner, and is no reason to refuse this one.
func (i *Issuer) right(ctx context.Context, a try, now time.Time) {
	_ = i.store.Succeeded(ctx, a.place, now.Add(i.cfg.RefreshTTL))
	if !a.known {
		_ = i.store.Return(ctx, a.account, i.account)
	}
}

// limit is so many failures in a window, all at once if need be.
func limit(failures, otherwise int, window time.Duration) rate.Limit {
	if failures <= 0 {
		failures = otherwise
	}
	if window <= 0 {
		window = DefaultLoginWindow
	}
	return rate.Limit{Count: failures, Per: window, Burst: failures}
}
