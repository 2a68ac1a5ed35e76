package issuer

import (
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// logout ends the sign-in that the cookie belongs to, or with {"everywhere":true} all of
// the user's sign-ins.
func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) *protocol.Error {
	everywhere, refusal := wants(r)
	if refusal != nil {
		return refusal
	}
	c, err := r.Cookie(nameOf(r))
	if everywhere {
		if err != nil || c.Value == "" {
			return over("refresh_token_missing")
		}
		return i.logoutEverywhere(w, r, c.Value)
	}
	// The answer is the same without a sign-in: the user wanted out, and is out.
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
			return unavailable("database_unavailable")
		}
	}
	return i.signedOut(w, r)
}

// logoutEverywhere is for a user who fears that somebody else has their sign-in. So it ends
// everything: connections, issued access tokens, refresh tokens and known browsers. It calls the
// user's object first, which needs no database, and which from then on refuses every token of an
// older sign-in, whenever the token was issued. The holder of an unusable token gets an error: if
// everybody got the same answer, users could not know whether they are safe.
func (i *Issuer) logoutEverywhere(w http.ResponseWriter, r *http.Request, text string) *protocol.Error {
	ctx := r.Context()
	row, user, err := i.store.Refresh(ctx, digest(text))
	switch {
	case errors.Is(err, ErrNotFound):
		return over("refresh_token_invalid")
	case err != nil:
		return unavailable("database_unavailable")
	case !row.mayEndAll(i.cfg.Now()):
		return over("refresh_token_invalid")
	}
	// Each step runs whether or not the other fails. The cookie stays, for another attempt.
	ended := i.cfg.Sessions.End(ctx, i.subject(user), "", "logout_everywhere")
	err = i.store.RevokeUser(ctx, row.UserID, i.cfg.Now())
	if err == nil {
		err = i.store.Forget(ctx, row.UserID)
	}
	if err == nil {
		err = i.store.EndDelegations(ctx, i.subject(user), i.cfg.Now())
	}
	switch {
	case ended != nil:
		return halfOut("session_unavailable", false, err == nil)
	case err != nil:
		return halfOut("database_unavailable", true, false)
	}
	i.log("info", "sign_out_everywhere", row.UserID, row.Family, "")
	return i.signedOut(w, r)
}

// halfOut reports which part of a logout everywhere took effect: that of the connections and
// access tokens, or that of the sign-ins.
func halfOut(reason string, connections, signIns bool) *protocol.Error {
	err := rest.Unavailable(reason)
	err.Message = "Not everything is signed out yet: try again."
	word := func(ended bool) []byte {
		if ended {
			return []byte(`"ended"`)
		}
		return []byte(`"not_ended"`)
	}
	err.Details = []protocol.Detail{{Name: "connections", Raw: word(connections)}, {Name: "sign_ins", Raw: word(signIns)}}
	return err
}

// mayEndAll reports whether the token's owner may present it: it is valid, was used just
// now, or was revoked just now by an attempt that failed.
func (t RefreshToken) mayEndAll(now time.Time) bool {
	if !t.RevokedAt.IsZero() && now.Sub(t.RevokedAt) <= AgainFor {
		t.RevokedAt = time.Time{}
	}
	verdict := t.judge(now)
	return verdict == unused || verdict == repeated
}

func (i *Issuer) signedOut(w http.ResponseWriter, r *http.Request) *protocol.Error {
	http.SetCookie(w, cookie(r, "", 0))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// wants reads the body of a logout, which may be absent.
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
