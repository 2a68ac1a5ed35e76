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
// together: it stops who has many. By these alone an attacker, or a neighbour behind the
// same address, could lock a user out for as long as they liked. So a browser in which the
// account was signed in has a limit of its own instead of both (the device cookie of OWASP's
// "Blocking brute force attacks"): there the user gets in whatever is tried elsewhere. What
// an attacker can do is keep a user out of a browser in which they have not been before; and
// with a stolen cookie, guess as often as the limit of one browser says, until that is
// forgotten with all else of the user (a logout everywhere, or an operator).
//
// OWASP signs the cookie. Here it is a random number, which is worth nothing unless the
// database knows it for this account: so it can be forgotten.
const (
	DefaultLoginFailures        = 10
	DefaultLoginFailuresAccount = 100
	DefaultLoginWindow          = 15 * time.Minute
)

// try is one try of a password, of which the buckets know.
type try struct {
	account, place string // the buckets
	// device is the browser's number, "" for none, and bucket its own.
	device, bucket string
	// known says that the browser is, and that its own bucket counts.
	known bool
}

// try counts a try before the password is looked at.
func (i *Issuer) try(ctx context.Context, r *http.Request, email string, now time.Time) (a try, refusal *protocol.Error) {
	a = try{
		account: digest("account " + email),
		place:   digest("place " + front.Network(r.Header.Get(front.AddressHeader)) + " " + email),
		device:  deviceOf(r),
	}
	if a.device == "" {
		a.device = i.random(16)
	}
	a.bucket = digest("device " + a.device + " " + email)
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

// right gives the attempt back: only what fails counts. That it could not be given back
// makes the next one wait a little sooner, and is no reason to refuse this one. A browser
// that could not be remembered is not given its number.
func (i *Issuer) right(ctx context.Context, a *try, userID string, now time.Time) {
	if !a.known {
		_ = i.store.Fill(ctx, a.place)
		_ = i.store.Return(ctx, a.account, i.account)
	}
	if i.store.Remember(ctx, a.bucket, userID, now.Add(i.cfg.SignInMax)) != nil {
		a.device = ""
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
