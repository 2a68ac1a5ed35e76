package issuer

import (
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
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
		_, family := keyOf(c.Value)
		if family == "" {
			var row RefreshToken
			row, _, err = i.store.Refresh(r.Context(), digest(c.Value))
			family = row.Family
		}
		var userID string
		if err == nil {
			userID, err = i.store.RevokeFamily(r.Context(), family, i.cfg.Now())
		}
		if userID != "" {
			i.log("info", "sign_out", userID, family, "")
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			unavailable(w, "database_unavailable")
			return
		}
	}
	i.signedOut(w, r)
}

// logoutEverywhere is for somebody who fears that another has their sign-in, so it
// leaves nothing: no connection, no access token that is out, no refresh token, no browser
// that is known. The session object goes first, for it needs no database, and takes no
// token of a sign-in of before from then on, whenever that was issued. Whoever holds a token that is worth nothing learns so:
// to answer a stranger's like the user's own would tell the user they are safe.
func (i *Issuer) logoutEverywhere(w http.ResponseWriter, r *http.Request, text string) {
	ctx := r.Context()
	row, user, err := i.store.Refresh(ctx, digest(text))
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
	// Each is done whatever becomes of the other. The cookie stays, to try again with.
	ended := i.cfg.Sessions.EndAll(ctx, i.subject(user))
	err = i.store.RevokeUser(ctx, row.UserID, i.cfg.Now())
	if err == nil {
		err = i.store.Forget(ctx, row.UserID)
	}
	switch {
	case ended != nil:
		halfOut(w, "session_unavailable", false, err == nil)
	case err != nil:
		halfOut(w, "database_unavailable", true, false)
	default:
		i.log("info", "sign_out_everywhere", row.UserID, row.Family, "")
		i.signedOut(w, r)
	}
}

// halfOut says which part of a logout everywhere took effect: the connections and access
// tokens, or the sign-ins.
func halfOut(w http.ResponseWriter, reason string, connections, signIns bool) {
	err := rest.Unavailable(reason)
	err.Message = "Not everything is signed out yet: try again."
	word := func(ended bool) []byte {
		if ended {
			return []byte(`"ended"`)
		}
		return []byte(`"not_ended"`)
	}
	err.Details = []protocol.Detail{{Name: "connections", Raw: word(connections)}, {Name: "sign_ins", Raw: word(signIns)}}
	rest.Fail(w, err)
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
	raw := jsonscan.Field(body, "everywhere")
	everywhere, ok := jsonscan.Bool(raw)
	if raw != nil && !ok {
		return false, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField}
	}
	return everywhere, nil
}
