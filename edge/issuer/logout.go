package issuer

import (
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// logout ends the sign-in the cookie belongs to, or with {"everywhere":true} all of
// its user's.
func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) {
	everywhere, refusal := wants(r)
	if refusal != nil {
		fail(w, refusal)
		return
	}
	c, err := r.Cookie(nameOf(r))
	if everywhere {
		if err != nil || c.Value == "" {
			i.refuse(w, "refresh_token_missing")
			return
		}
		i.logoutEverywhere(w, r, c.Value)
		return
	}
	// It is answered alike whether there was a sign-in: the user wanted out, and is.
	if err == nil && c.Value != "" {
		row, _, err := i.store.Refresh(r.Context(), digest(c.Value))
		if err == nil {
			err = i.store.RevokeFamily(r.Context(), row.Family, i.cfg.Now())
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			unavailable(w, "database_unavailable")
			return
		}
	}
	i.signedOut(w, r)
}

// logoutEverywhere is for somebody who fears that another has their sign-in, so it
// leaves nothing: no refresh token, no access token that is out, no connection. The
// refresh tokens go first, or one of them could bring an access token that is younger
// than the end of all others. Whoever holds a token that is worth nothing learns so:
// to answer a stranger's like the user's own would tell the user they are safe.
func (i *Issuer) logoutEverywhere(w http.ResponseWriter, r *http.Request, text string) {
	ctx := r.Context()
	row, _, err := i.store.Refresh(ctx, digest(text))
	switch {
	case errors.Is(err, ErrNotFound):
		i.refuse(w, "refresh_token_invalid")
		return
	case err != nil:
		unavailable(w, "database_unavailable")
		return
	case !row.mayEndAll(i.cfg.Now()):
		i.refuse(w, "refresh_token_invalid")
		return
	}
	if err := i.store.RevokeUser(ctx, row.UserID, i.cfg.Now()); err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	if err := i.cfg.Sessions.EndAll(ctx, row.UserID, i.cfg.Now()); err != nil {
		unavailable(w, "session_unavailable") // the cookie stays, to try again with
		return
	}
	i.signedOut(w, r)
}

// mayEndAll reports whether the token is one its owner could come with: good, or used
// just now, or revoked just now by a try that went wrong.
func (t RefreshToken) mayEndAll(now time.Time) bool {
	if !t.RevokedAt.IsZero() && now.Sub(t.RevokedAt) <= AgainFor {
		t.RevokedAt = time.Time{}
	}
	verdict := t.judge(now)
	return verdict == unused || verdict == repeated
}

func (i *Issuer) signedOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, cookie(r, "", 0))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// wants reads a logout's body, which may be absent.
func wants(r *http.Request) (everywhere bool, refusal *protocol.Error) {
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal != nil || len(body) == 0 {
		return false, refusal
	}
	if refusal := needJSON(r, body); refusal != nil {
		return false, refusal
	}
	raw := jsontext.Field(body, "everywhere")
	everywhere, ok := jsontext.Bool(raw)
	if raw != nil && !ok {
		return false, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField}
	}
	return everywhere, nil
}
