package issuer

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// MaxOthers is how many other sign-ins a change of the password ends one by one. If a user has
// more, it ends all of them, this one too, for each costs a call of the user's object.
const MaxOthers = 20

// changePassword sets a user's password, and ends all of the user's sign-ins except the one that
// asks: their refresh tokens, their access tokens and their connections. Who asks needs the cookie
// and the password: a thief of one has not got the account. The password counts against the
// limits of a login (attempts.go).
func (i *Issuer) changePassword(w http.ResponseWriter, r *http.Request) *protocol.Error {
	fields, refusal := texts(r, "current_password", "new_password")
	if refusal != nil {
		return refusal
	}
	c, err := r.Cookie(nameOf(r))
	if err != nil || c.Value == "" {
		return over("refresh_token_missing")
	}
	ctx, now := r.Context(), i.cfg.Now()
	row, user, err := i.store.Refresh(ctx, digest(c.Value))
	if err == nil {
		if verdict := row.judge(now); verdict != unused && verdict != repeated || user.Disabled || !now.Before(i.end(row)) {
			err = ErrNotFound
		} else if user, err = i.store.UserByEmail(ctx, user.Email); err == nil && user.ID != row.UserID {
			err = ErrNotFound // another account has got the e-mail just now
		}
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return over("refresh_token_invalid")
	case err != nil:
		return unavailable("database_unavailable")
	}
	if refusal := account.CheckNew(fields[1], user.Email, i.cfg.PasswordMin); refusal != nil {
		return refusal
	}
	tried, refusal := i.try(ctx, r, user.Email, now)
	if refusal != nil {
		return refusal
	}
	hash, err := i.derive(fields[0], user)
	if err != nil {
		return unavailable("crypto_unavailable")
	}
	set := subtle.ConstantTimeCompare(hash, user.Hash) == 1
	if set {
		if user, err = i.hashed(user, fields[1]); err != nil {
			return unavailable("crypto_unavailable")
		}
		now = i.cfg.Now()
		if set, err = i.store.SetPassword(ctx, user, now); err != nil {
			return unavailable("database_unavailable")
		}
	}
	if !set {
		i.log("warn", "password_change_failed", user.ID, row.Family, "invalid_credentials")
		return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "invalid_credentials", Message: "The current password is wrong."}
	}
	i.log("info", "password_changed", user.ID, row.Family, "")
	n, kept, err := i.endOthers(ctx, user, row.Family, now)
	if err != nil {
		return notAllEnded()
	}
	i.right(ctx, &tried, user.ID, now)
	if tried.device != "" {
		http.SetCookie(w, deviceCookie(r, tried.device, i.cfg.SignInMax))
	}
	if !kept {
		http.SetCookie(w, cookie(r, "", 0))
	}
	body := jsonscan.NewObject(nil)
	body.Str("password", "changed")
	body.Int("other_sign_ins_ended", int64(n))
	body.Bool("still_signed_in", kept)
	return write(w, http.StatusOK, body.End(), "no-store")
}

// endOthers ends a user's sign-ins except one, which is kept unless there are too many. It
// forgets the user's browsers as well. Access tokens outlive a sign-in that has ended, so it
// ends those of late, too.
func (i *Issuer) endOthers(ctx context.Context, user User, except string, now time.Time) (n int, kept bool, err error) {
	others, err := i.store.Families(ctx, user.ID, except, now.Add(-i.cfg.AccessTTL), now, MaxOthers+1)
	if err != nil {
		return 0, false, err
	}
	if len(others) > MaxOthers {
		return len(others), false, i.endAll(ctx, user, "password_changed", now)
	}
	// Each step runs whether or not the others fail.
	for _, family := range others {
		err = errors.Join(err, i.cfg.Sessions.End(ctx, i.subject(user), family, "password_changed"))
	}
	return len(others), true, errors.Join(err, i.store.RevokeOthers(ctx, user.ID, except, now), i.store.Forget(ctx, user.ID))
}

// endAll ends all that a user has.
func (i *Issuer) endAll(ctx context.Context, user User, reason string, now time.Time) error {
	return errors.Join(i.cfg.Sessions.End(ctx, i.subject(user), "", reason), i.store.RevokeUser(ctx, user.ID, now), i.store.Forget(ctx, user.ID),
		i.store.EndDelegations(ctx, i.subject(user), now))
}

// notAllEnded answers a user whose new password is stored, while something of before still
// stands. The old password is of no use for another attempt, but a sign-out everywhere is one.
func notAllEnded() *protocol.Error {
	err := rest.Unavailable("sign_ins_not_ended")
	err.Message = "The password is changed, but not all sign-ins have ended: sign in with it, and sign out everywhere."
	err.Details = []protocol.Detail{{Name: "password", Raw: []byte(`"changed"`)}}
	return err
}

// hashed returns a user with another password.
func (i *Issuer) hashed(user User, password string) (User, error) {
	p, err := account.Hash(password, i.cfg.Random, i.crypto.Derive)
	user.Hash, user.Salt, user.Iterations = p.Hash, p.Salt, p.Iterations
	return user, err
}

// redeem sets a password by a one-time token. Whoever has the token is whom an operator sent it
// to; a wrong one and one that is over get the same answer, before any work that costs time. The
// browser is known from then on (attempts.go): so a user whom an attacker keeps out gets in.
func (i *Issuer) redeem(kind account.Kind, event string) handler {
	return func(w http.ResponseWriter, r *http.Request) *protocol.Error {
		fields, refusal := texts(r, "token", "password")
		if refusal != nil {
			return refusal
		}
		ctx, now, hash := r.Context(), i.cfg.Now(), account.TokenHash(fields[0])
		one, err := i.accounts.ByToken(ctx, hash, now)
		switch {
		case errors.Is(err, account.ErrNotFound) || err == nil && one.Token != kind:
			return i.noToken("")
		case err != nil:
			return unavailable("database_unavailable")
		}
		if refusal := account.CheckNew(fields[1], one.Email, i.cfg.PasswordMin); refusal != nil {
			return refusal
		}
		password, err := account.Hash(fields[1], i.cfg.Random, i.crypto.Derive)
		if err != nil {
			return unavailable("crypto_unavailable")
		}
		now = i.cfg.Now()
		set, err := i.accounts.Redeem(ctx, hash, password, now)
		switch {
		case err != nil:
			return unavailable("database_unavailable")
		case !set:
			return i.noToken(one.ID)
		}
		i.log("info", event, one.ID, "", "")
		user := User{ID: one.ID, Email: one.Email}
		if kind == account.Reset {
			if err := i.endAll(ctx, user, event, now); err != nil {
				return notAllEnded()
			}
		}
		known := i.newcomer(r, one.Email)
		i.right(ctx, &known, one.ID, now)
		if known.device != "" {
			http.SetCookie(w, deviceCookie(r, known.device, i.cfg.SignInMax))
		}
		body := jsonscan.NewObject(nil)
		body.Str("email", one.Email)
		return write(w, http.StatusOK, body.End(), "no-store")
	}
}

// noToken answers a one-time token that cannot be used, or not any more.
func (i *Issuer) noToken(userID string) *protocol.Error {
	i.log("warn", "account_token_refused", userID, "", "account_token_invalid")
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "account_token_invalid",
		Message: "The link is not valid, or not any more: ask for another."}
}

// newcomer is the try of somebody who has proven otherwise who they are.
func (i *Issuer) newcomer(r *http.Request, email string) try {
	t := try{device: deviceOf(r), known: true}
	if t.device == "" {
		t.device = i.random(16)
	}
	t.bucket = deviceBucket(t.device, email)
	return t
}

// texts reads a body of fields that are texts and not empty.
func texts(r *http.Request, fields ...string) ([]string, *protocol.Error) {
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal == nil {
		refusal = needJSON(r, body)
	}
	if refusal != nil {
		return nil, refusal
	}
	values := make([]string, len(fields))
	for n, field := range fields {
		text, isText := jsonscan.Str(jsonscan.Field(body, field))
		if !isText || text == "" {
			return nil, rest.BadField(field)
		}
		values[n] = text
	}
	return values, nil
}
