package issuer

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// bodyBytes is the largest body there is here; the front Worker sees to it first.
	bodyBytes = access.SignInBytes
	// Iterations of PBKDF2: the most that the platform's WebCrypto takes.
	Iterations = 100_000
)

// nobody is the user whose password is checked for an unknown e-mail, so that the answer
// takes as long, and reveals as little, as for a known one.
var nobody = User{Hash: make([]byte, 32), Salt: []byte("holdfast-nobody!"), Iterations: Iterations}

func (i *Issuer) login(w http.ResponseWriter, r *http.Request) {
	email, password, refusal := credentials(r)
	if refusal != nil {
		fail(w, refusal)
		return
	}
	ctx, now := r.Context(), i.cfg.Now()
	tried, refusal := i.try(ctx, r, email, now)
	if refusal != nil {
		if refusal.Code == protocol.RateLimitExceeded {
			i.log("warn", "sign_in_failed", "", "", refusal.Reason)
		}
		fail(w, refusal)
		return
	}
	user, err := i.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		user = nobody
	} else if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	hash, err := i.derive(password, user)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	_ = i.store.SweepAttempts(ctx, now) // as below
	if subtle.ConstantTimeCompare(hash, user.Hash) != 1 || user.ID == "" {
		i.log("warn", "sign_in_failed", user.ID, "", "invalid_credentials")
		fail(w, &protocol.Error{
			Code: protocol.AuthenticationFailed, Reason: "invalid_credentials", Message: "The e-mail or the password is wrong.",
		})
		return
	}
	// The sign-in begins now, not before the slow steps above: so it is newer than anything
	// revoked meanwhile.
	now = i.cfg.Now()
	i.right(ctx, &tried, user.ID, now)
	key := i.newKey(now)
	_, family := keyOf(key + ".")
	refresh, row := i.fresh(r, key, RefreshToken{Family: family, UserID: user.ID, SignedInAt: now}, now)
	access, err := i.access(ctx, user, row, i.cfg.AccessTTL, now)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	if _, err := i.store.Add(ctx, row, Room{}); err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	// Old rows harm nobody: after a failed sweep the next login sweeps again. And a hash
	// that could not be renewed is as good as before.
	_ = i.store.Sweep(ctx, user.ID, "", now, now)
	if user.Iterations < Iterations {
		_ = i.rehash(ctx, user, password)
	}
	i.log("info", "sign_in", user.ID, family, "")
	http.SetCookie(w, cookie(r, refresh, row.ExpiresAt.Sub(now)))
	if tried.device != "" {
		http.SetCookie(w, deviceCookie(r, tried.device, i.cfg.SignInMax))
	}
	i.answer(w, access, i.lasts(row, i.cfg.AccessTTL, now), i.subject(user))
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
	if email = strings.ToLower(strings.TrimSpace(email)); !ok1 || !ok2 || email == "" || password == "" {
		return "", "", &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField}
	}
	return email, password, nil
}
