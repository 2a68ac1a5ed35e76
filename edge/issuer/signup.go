package issuer

import (
	"net/http"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The default limits of sign-ups in an hour. They are kept in the database, so they hold for all
// of a deployment. The first bounds what one address may make, and ask about; the second how
// many accounts an attacker with many addresses makes. Such an attacker can keep others from
// signing up; operators can still invite them.
const (
	DefaultSignUpsPlace = 5
	DefaultSignUps      = 100
)

// reasonTaken is an error with a status of its own, 409.
const reasonTaken = "email_taken"

// signUp makes an account for whoever asks, and signs them in. Nobody knows whose e-mail it is,
// and the tokens say so (email_verified).
//
// It says whether an e-mail is taken: it sends no mail, so it has no way to tell only the e-mail's
// owner. So somebody can find out about as many e-mails as they may try to sign up with,
// and a deployment where that must not be leaves sign-up off.
func (i *Issuer) signUp(w http.ResponseWriter, r *http.Request) *protocol.Error {
	switch {
	case !i.cfg.SignUp:
		return &protocol.Error{Code: protocol.NotFound}
	case i.cfg.EmailSubjects:
		err := rest.Unavailable("sign_up_unusable")
		err.Message = "Users are called by their e-mail here (SUBJECT_CLAIM), and of whoever signs up nobody has verified it."
		return err
	}
	one, password, refusal := i.application(r)
	if refusal != nil {
		return refusal
	}
	ctx, now := r.Context(), i.cfg.Now()
	wait, err := i.store.Attempt(ctx, digest("sign-up "+access.Network(r.Header.Get(access.AddressHeader))), i.signUpsPlace, now)
	if err == nil && wait == 0 {
		wait, err = i.store.Attempt(ctx, digest("sign-ups"), i.signUps, now)
	}
	switch {
	case err != nil:
		return unavailable("database_unavailable")
	case wait > 0:
		i.log("warn", "sign_up_failed", "", "", "too_many_sign_ups")
		return &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_sign_ups", RetryAfter: wait}
	}
	_ = i.store.SweepAttempts(ctx, now) // see login
	hash, err := account.Hash(password, i.cfg.Random, i.crypto.Derive)
	if err != nil {
		return unavailable("crypto_unavailable")
	}
	one.ID, one.CreatedAt, one.Unverified = account.NewID(i.cfg.Random), i.cfg.Now(), true
	made, err := i.accounts.Create(ctx, one, hash, account.Token{})
	switch {
	case err != nil:
		return unavailable("database_unavailable")
	case !made:
		i.log("warn", "sign_up_failed", "", "", reasonTaken)
		return &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonTaken, Message: "Another account has this e-mail."}
	}
	known := i.newcomer(r, one.Email)
	return i.begin(w, r, User{ID: one.ID, Email: one.Email, Name: one.Name, Unverified: true, PasswordAt: one.CreatedAt}, &known, "sign_up")
}

// application reads the body of a sign-up.
func (i *Issuer) application(r *http.Request) (one account.Account, password string, refusal *protocol.Error) {
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal == nil {
		refusal = needJSON(r, body)
	}
	if refusal != nil {
		return one, "", refusal
	}
	email, _ := jsonscan.Str(jsonscan.Field(body, "email"))
	if one.Email = account.Email(email); one.Email == "" {
		return one, "", rest.BadField("email")
	}
	one.Name = account.NameOf(one.Email)
	if raw := jsonscan.Field(body, "name"); raw != nil {
		if one.Name, _ = jsonscan.Str(raw); !account.Name(one.Name) {
			return one, "", rest.BadField("name")
		}
	}
	password, isText := jsonscan.Str(jsonscan.Field(body, "password"))
	if !isText {
		return one, "", rest.BadField("password")
	}
	return one, password, account.CheckNew(password, one.Email, i.cfg.PasswordMin)
}
