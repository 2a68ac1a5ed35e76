package issuer

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// The limits of password attempts. Both are kept in the database, so they hold for all of a
// deployment and through restarts. Both treat an e-mail without an account like one with an
// account.
//
// The first limits an account from one address (an IPv4 address or an IPv6 /64): it stops an
// attacker who guesses from one place. The second limits the account from all addresses
// together: it stops an attacker who has many. By these alone an attacker, or a neighbour behind
// the same address, could lock a user out for as long as they liked. So a browser in which the
// user has signed in has a limit of its own instead of both (the device cookie of OWASP's "Blocking
// brute force attacks"): there the user gets in whatever others try. An attacker can still keep
// a user out of a browser in which they have not signed in before. And with a stolen
// cookie an attacker can guess as often as the limit of one browser allows, until everything of
// the user is forgotten (by a logout everywhere, or an operator).
//
// OWASP signs the cookie. Ours is a random number, which counts only if the database knows it
// for this account, so it can be forgotten.
const (
	DefaultLoginFailures        = 10
	DefaultLoginFailuresAccount = 100
	DefaultLoginWindow          = 15 * time.Minute
)

// try is one attempt at a password, with its buckets.
type try struct {
	account, place string // the buckets
	// device is the browser's number, or ""; bucket is its own bucket.
	device, bucket string
	// known says that the store knows the browser, so that its own bucket counts.
	known bool
}

// try counts an attempt before the password is checked.
func (i *Issuer) try(ctx context.Context, r *http.Request, email string, now time.Time) (a try, refusal *protocol.Error) {
	a = try{
		account: digest("account " + email),
		place:   digest("place " + access.Network(r.Header.Get(access.AddressHeader)) + " " + email),
		device:  deviceOf(r),
	}
	if a.device == "" {
		a.device = i.random(16)
	}
	a.bucket = deviceBucket(a.device, email)
	var (
		wait time.Duration
		err  error
	)
	if deviceOf(r) != "" {
		a.known, err = i.store.Known(ctx, a.bucket, now)
	}
	switch {
	case err != nil:
	case a.known:
		wait, err = i.store.Attempt(ctx, a.bucket, i.place, now)
	default:
		if wait, err = i.store.Attempt(ctx, a.place, i.place, now); err == nil && wait == 0 {
			wait, err = i.store.Attempt(ctx, a.account, i.account, now)
		}
	}
	switch {
	case err != nil:
		return a, rest.Unavailable("database_unavailable")
	case wait > 0:
		return a, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_attempts", RetryAfter: wait}
	}
	return a, nil
}

func deviceBucket(device, email string) string { return digest("device " + device + " " + email) }

// right gives the attempt back, because only failures count. If that fails the next attempt has
// to wait a little sooner, which is no reason to refuse this one. A browser that the store could
// not remember does not get its number.
func (i *Issuer) right(ctx context.Context, a *try, userID string, now time.Time) {
	if !a.known {
		_ = i.store.Fill(ctx, a.place)
		_ = i.store.Return(ctx, a.account, i.account)
	}
	if i.store.Remember(ctx, a.bucket, userID, now.Add(i.cfg.SignInMax)) != nil {
		a.device = ""
	}
}

// limit returns a limit of so many failures in a window, all of them at once if need be.
func limit(failures, otherwise int, window time.Duration) rate.Limit {
	if failures <= 0 {
		failures = otherwise
	}
	if window <= 0 {
		window = DefaultLoginWindow
	}
	return rate.Limit{Count: failures, Per: window, Burst: failures}
}
