package issuer

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// bodyBytes is the largest body there is here; the front Worker sees to it first.
	bodyBytes = access.SignInBytes
	// Iterations of PBKDF2, for a new hash.
	Iterations = account.Iterations
)

// nobody is the user whose password is checked for an unknown e-mail, so that the answer
// takes as long, and reveals as little, as for a known one.
var nobody = User{Hash: make([]byte, 32), Salt: []byte("holdfast-nobody!"), Iterations: Iterations}

func (i *Issuer) login(w http.ResponseWriter, r *http.Request) *protocol.Error {
	email, password, refusal := credentials(r)
	if refusal != nil {
		return refusal
	}
	ctx, now := r.Context(), i.cfg.Now()
	tried, refusal := i.try(ctx, r, email, now)
	if refusal != nil {
		if refusal.Code == protocol.RateLimitExceeded {
			i.log("warn", "sign_in_failed", "", "", refusal.Reason)
		}
		return refusal
	}
	user, err := i.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		user = nobody
	} else if err != nil {
		return unavailable("database_unavailable")
	}
	hash, err := i.derive(password, user)
	if err != nil {
		return unavailable("crypto_unavailable")
	}
	i.cfg.After(func() { _ = i.store.SweepAttempts(ctx, now) }) // as below
	if subtle.ConstantTimeCompare(hash, user.Hash) != 1 || user.ID == "" || user.Disabled {
		return i.wrong(user)
	}
	if user.Iterations < Iterations {
		// A hash that could not be renewed is as good as before.
		_ = i.rehash(ctx, user, password)
	}
	return i.begin(w, r, user, &tried, "sign_in")
}

// begin answers with a new sign-in of a user whose password was right.
func (i *Issuer) begin(w http.ResponseWriter, r *http.Request, user User, tried *try, event string) *protocol.Error {
	// The sign-in begins now, not before the slow steps before: so it is newer than anything
	// revoked meanwhile.
	ctx, now := r.Context(), i.cfg.Now()
	key := i.newKey(now)
	_, family := keyOf(key + ".")
	refresh, row := i.fresh(r, key, RefreshToken{Family: family, UserID: user.ID, SignedInAt: now}, now)
	members, err := i.store.Memberships(ctx, i.subject(user))
	if err != nil {
		return unavailable("database_unavailable")
	}
	access, err := i.access(user, members, row, i.cfg.AccessTTL, now)
	if err != nil {
		return unavailable("crypto_unavailable")
	}
	begun, err := i.store.Begin(ctx, row, user)
	switch {
	case err != nil:
		return unavailable("database_unavailable")
	case !begun: // the password is not the right one any more
		return i.wrong(user)
	}
	i.right(ctx, tried, user.ID, now)
	// Old rows harm nobody: after a failed sweep the next login sweeps again.
	i.cfg.After(func() {
		_ = i.store.Sweep(ctx, user.ID, "", now, now)
		_ = i.store.SweepExpired(ctx, now)
	})
	i.log("info", event, user.ID, family, "")
	http.SetCookie(w, cookie(r, refresh, row.ExpiresAt.Sub(now)))
	if tried.device != "" {
		http.SetCookie(w, deviceCookie(r, tried.device, i.cfg.SignInMax))
	}
	return i.answer(w, access, i.lasts(row, i.cfg.AccessTTL, now), i.subject(user))
}

// wrong answers a password that is not the right one. It does not say whether there is such an
// account, and whether that is disabled.
func (i *Issuer) wrong(user User) *protocol.Error {
	i.log("warn", "sign_in_failed", user.ID, "", "invalid_credentials")
	return &protocol.Error{
		Code: protocol.AuthenticationFailed, Reason: "invalid_credentials", Message: "The e-mail or the password is wrong.",
	}
}

// derive hashes a password as the user's stored hash was made. For an old, cheaper hash it does
// the rest of the work in vain, so that all take equally long.
func (i *Issuer) derive(password string, user User) ([]byte, error) {
	hash, err := i.crypto.Derive(password, user.Salt, user.Iterations)
	if more := Iterations - user.Iterations; err == nil && more > 0 {
		_, err = i.crypto.Derive(password, user.Salt, more)
	}
	return hash, err
}

// rehash replaces the hash of a password that is known to be right with one of today's form.
func (i *Issuer) rehash(ctx context.Context, user User, password string) error {
	old := user.Hash
	user.Salt, user.Iterations = make([]byte, 16), Iterations
	i.cfg.Random(user.Salt)
	var err error
	if user.Hash, err = i.crypto.Derive(password, user.Salt, user.Iterations); err != nil {
		return err
	}
	return i.store.Rehash(ctx, user, old)
}

// needJSON checks that a body is declared as JSON: a form of another site can send its
// fields, but not with this content type.
func needJSON(r *http.Request, body []byte) *protocol.Error {
	if !rest.IsJSON(r) {
		return &protocol.Error{Code: protocol.MalformedMessage, Reason: "content_type_not_json"}
	}
	if jsonscan.Check(body, 4) != nil {
		return &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonInvalidJSON}
	}
	return nil
}

// credentials reads the body of a login.
func credentials(r *http.Request) (email, password string, refusal *protocol.Error) {
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal != nil {
		return "", "", refusal
	}
	if refusal = needJSON(r, body); refusal != nil {
		return "", "", refusal
	}
	email, ok1 := jsonscan.Str(jsonscan.Field(body, "email"))
	password, ok2 := jsonscan.Str(jsonscan.Field(body, "password"))
	if email = account.Lookup(email); !ok1 || !ok2 || email == "" || password == "" {
		return "", "", &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField}
	}
	return email, password, nil
}
