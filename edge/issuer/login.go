package issuer

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// bodyBytes is the largest body of a login.
	bodyBytes = 4 << 10
	// Iterations of PBKDF2: the most that the platform's WebCrypto takes.
	Iterations = 100_000
)

// nobody is whose password is tried for an unknown e-mail, so that the answer
// takes as long and says as little as for a known one.
var nobody = User{Hash: make([]byte, 32), Salt: []byte("holdfast-nobody!"), Iterations: Iterations}

func (i *Issuer) login(w http.ResponseWriter, r *http.Request) {
	email, password, refusal := credentials(r)
	if refusal != nil {
		fail(w, refusal)
		return
	}
	user, err := i.store.UserByEmail(r.Context(), email)
	if errors.Is(err, ErrNotFound) {
		user = nobody
	} else if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	hash, err := i.crypto.Derive(password, user.Salt, user.Iterations)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	if subtle.ConstantTimeCompare(hash, user.Hash) != 1 || user.ID == "" {
		fail(w, &protocol.Error{
			Code: protocol.AuthenticationFailed, Reason: "invalid_credentials", Message: "The e-mail or the password is wrong.",
		})
		return
	}
	now := i.cfg.Now()
	access, err := i.access(r.Context(), user, now)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	refresh, row := i.fresh(user.ID, i.random(16), now)
	if _, err := i.store.Add(r.Context(), row); err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	// Old rows are in nobody's way: a sweep that fails is done by the next login.
	_ = i.store.Sweep(r.Context(), user.ID, now)
	i.answer(w, r, access, refresh, user.ID)
}

// credentials reads a login's body. Only JSON is taken: a form of another site
// can send its fields, but not with this content type.
func credentials(r *http.Request) (email, password string, refusal *protocol.Error) {
	if !rest.IsJSON(r) {
		return "", "", &protocol.Error{Code: protocol.MalformedMessage, Reason: "content_type_not_json"}
	}
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal != nil {
		return "", "", refusal
	}
	if jsontext.Check(body, 4) != nil {
		return "", "", &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonInvalidJSON}
	}
	email, ok1 := jsontext.Str(jsontext.Field(body, "email"))
	password, ok2 := jsontext.Str(jsontext.Field(body, "password"))
	if email = strings.ToLower(strings.TrimSpace(email)); !ok1 || !ok2 || email == "" || password == "" {
		return "", "", &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField}
	}
	return email, password, nil
}

// fresh makes a refresh token and its row.
func (i *Issuer) fresh(userID, family string, now time.Time) (string, RefreshToken) {
	token := i.random(32)
	return token, RefreshToken{
		Hash: digest(token), Family: family, UserID: userID, CreatedAt: now, ExpiresAt: now.Add(i.cfg.RefreshTTL),
	}
}

func (i *Issuer) random(n int) string {
	b := make([]byte, n)
	i.cfg.Random(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
