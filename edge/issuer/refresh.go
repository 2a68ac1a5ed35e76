package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Overlap is how long a used refresh token is forgiven.
const Overlap = 10 * time.Second

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// verdict is what a refresh token that is shown is worth.
type verdict uint8

const (
	// worthless: it expired, or its sign-in is over.
	worthless verdict = iota
	// unused: rotate it.
	unused
	// repeated within the overlap: a new child, and the family lives on.
	repeated
	// stolen: used long ago by somebody.
	stolen
)

func (t RefreshToken) judge(now time.Time) verdict {
	switch {
	case !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt):
		return worthless
	case t.RotatedAt.IsZero():
		return unused
	case now.Sub(t.RotatedAt) <= Overlap:
		return repeated
	}
	return stolen
}

func (i *Issuer) refresh(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" {
		i.refuse(w, r, "refresh_token_missing")
		return
	}
	ctx, now, hash := r.Context(), i.cfg.Now(), digest(c.Value)
	row, user, err := i.store.Refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		i.refuse(w, r, "refresh_token_invalid")
		return
	} else if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	// The new tokens are made first: a failure here must not use up the old one.
	access, err := i.access(ctx, user, now)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	child, childRow := i.fresh(user.ID, row.Family, now)

	verdict := row.judge(now)
	switch verdict {
	case stolen:
		if err := i.store.RevokeFamily(ctx, row.Family, now); err != nil {
			unavailable(w, "database_unavailable")
			return
		}
		i.refuse(w, r, "refresh_token_reused")
		return
	case worthless:
		i.refuse(w, r, "refresh_token_invalid")
		return
	}
	alive, err := i.store.Add(ctx, childRow)
	if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	if !alive {
		i.refuse(w, r, "refresh_token_invalid")
		return
	}
	if verdict == unused {
		// Last, so that whatever fails before leaves the old token good; a child
		// that nobody was given harms nobody. Not to win here means that somebody
		// else was quicker, this very moment: the overlap, or a logout.
		won, err := i.store.Rotate(ctx, hash, now)
		if err == nil && !won {
			row, _, err = i.store.Refresh(ctx, hash)
		}
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			unavailable(w, "database_unavailable")
			return
		case err != nil || !won && row.judge(now) == worthless:
			i.refuse(w, r, "refresh_token_invalid")
			return
		}
	}
	_ = i.store.Sweep(ctx, user.ID, now) // see login
	i.answer(w, r, access, child, user.ID)
}

// refuse asks for a new login. The cookie is left alone: by the time this answer
// arrives, another tab may have signed in and been given a new one.
func (i *Issuer) refuse(w http.ResponseWriter, r *http.Request, reason string) {
	fail(w, &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: "The sign-in has ended: sign in again."})
}

// logout ends the sign-in the cookie belongs to. It is answered alike whether
// there was one: the user wanted out, and is.
func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil && c.Value != "" {
		row, _, err := i.store.Refresh(r.Context(), digest(c.Value))
		if err == nil {
			err = i.store.RevokeFamily(r.Context(), row.Family, i.cfg.Now())
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			unavailable(w, "database_unavailable")
			return
		}
	}
	http.SetCookie(w, cookie(r, "", 0))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}
