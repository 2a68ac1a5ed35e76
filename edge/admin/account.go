package admin

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The default lives of one-time tokens. A reset that an e-mail brings lasts 24 hours at most
// (NIST SP 800-63B-4, section 4.2.1.2).
const (
	DefaultInvitationTTL = 7 * 24 * time.Hour
	DefaultResetTTL      = 24 * time.Hour
)

const (
	reasonTaken     = "email_taken"
	reasonDisabled  = "account_disabled"
	reasonIsSubject = "email_is_subject"
)

// subject returns what all else calls the user of an account.
func (a *API) subject(one account.Account) string {
	if a.cfg.EmailSubjects {
		return one.Email
	}
	return one.ID
}

// embedded refuses what is about the embedded issuer where there is none.
func (c *request) embedded() *protocol.Error {
	if c.cfg.Embedded {
		return nil
	}
	return &protocol.Error{Code: protocol.NotFound, Reason: "no_embedded_issuer", Message: "People sign in with another issuer: ask there."}
}

// found returns the account that the path names.
func (c *request) found() (account.Account, *protocol.Error) {
	if err := c.embedded(); err != nil {
		return account.Account{}, err
	}
	one, err := c.accounts.Account(c.ctx, c.account, c.cfg.Now())
	if err != nil {
		return one, accountError(err)
	}
	c.user = c.subject(one)
	return one, nil
}

func accountError(err error) *protocol.Error {
	if errors.Is(err, account.ErrNotFound) {
		return noAccount()
	}
	return rest.Unavailable("database_unavailable")
}

func noAccount() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "account_not_found", Message: "There is no such account."}
}

func taken() *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonTaken, Message: "Another account has this e-mail."}
}

// email returns the field that is an e-mail, as it is stored.
func (c *request) email() (string, *protocol.Error) {
	text, _ := jsonscan.Str(c.fields["email"])
	if email := account.Email(text); email != "" {
		return email, nil
	}
	return "", rest.BadField("email")
}

// name returns the field that is a name.
func (c *request) name() (string, *protocol.Error) {
	text, _ := jsonscan.Str(c.fields["name"])
	if !account.Name(text) {
		return "", rest.BadField("name")
	}
	return text, nil
}

// newPassword returns what is stored of the field that is a password.
func (c *request) newPassword(email string) (account.Password, *protocol.Error) {
	text, isText := jsonscan.Str(c.fields["password"])
	if !isText {
		return account.Password{}, rest.BadField("password")
	}
	if err := account.CheckNew(text, email, c.cfg.PasswordMin); err != nil {
		return account.Password{}, err
	}
	p, err := account.Hash(text, c.cfg.Random, c.cfg.Derive)
	if err != nil {
		return p, rest.Unavailable("crypto_unavailable")
	}
	return p, nil
}

// createAccount makes an account: with a password, or with a token by which its user sets one.
func createAccount(c *request) (answer, *protocol.Error) {
	if err := c.embedded(); err != nil {
		return answer{}, err
	}
	email, err := c.email()
	if err != nil {
		return answer{}, err
	}
	one := account.Account{ID: account.NewID(c.cfg.Random), Email: email, Name: account.NameOf(email), CreatedAt: c.cfg.Now()}
	if c.fields["name"] != nil {
		if one.Name, err = c.name(); err != nil {
			return answer{}, err
		}
	}
	var (
		password account.Password
		token    account.Token
		text     string
	)
	if c.fields["password"] != nil {
		if password, err = c.newPassword(email); err != nil {
			return answer{}, err
		}
		one.HasPassword = true
	} else {
		text, token = c.newToken(one)
		one.Token, one.TokenUntil = token.Kind, token.Until
	}
	stored, failed := c.accounts.Create(c.ctx, one, password, token)
	switch {
	case failed != nil:
		return answer{}, rest.Unavailable("database_unavailable")
	case !stored:
		return answer{}, taken()
	}
	c.account, c.user = one.ID, c.subject(one)
	w := jsonscan.NewObject(nil)
	c.append(&w, "account", one)
	if text != "" {
		appendToken(&w, text, token)
	}
	return created(w.End()), nil
}

// newToken makes the token that an account needs.
func (c *request) newToken(one account.Account) (string, account.Token) {
	kind, ttl := account.Invitation, c.cfg.InvitationTTL
	if one.HasPassword {
		kind, ttl = account.Reset, c.cfg.ResetTTL
	}
	return account.NewToken(c.cfg.Random, kind, c.cfg.Now().Add(ttl).Truncate(time.Millisecond))
}

func appendToken(w *jsonscan.Writer, text string, token account.Token) {
	w.Open("token")
	w.Str("kind", string(token.Kind))
	w.Str("token", text)
	w.Time("expires_at", token.Until)
	w.Close()
}

// append appends an account as a member, or as an item for no name.
func (c *request) append(w *jsonscan.Writer, name string, one account.Account) {
	if name == "" {
		w.OpenItem()
	} else {
		w.Open(name)
	}
	w.Str("id", one.ID)
	w.Str("user_id", c.subject(one))
	w.Str("email", one.Email)
	w.Bool("email_verified", !one.Unverified)
	w.Str("name", one.Name)
	w.Bool("password", one.HasPassword)
	w.Bool("disabled", !one.DisabledAt.IsZero())
	if !one.CreatedAt.IsZero() {
		w.Time("created_at", one.CreatedAt)
	}
	if one.Token != "" {
		w.Str("token_kind", string(one.Token))
		w.Time("token_expires_at", one.TokenUntil)
	}
	w.Close()
}

func listAccounts(c *request) (answer, *protocol.Error) {
	if err := c.embedded(); err != nil {
		return answer{}, err
	}
	limit, err := c.count("limit", c.cfg.MaxEntries, 100)
	if err != nil {
		return answer{}, err
	}
	after, err := c.query("after")
	if err != nil || after != "" && !account.IsID(after) {
		return answer{}, rest.BadField("after")
	}
	email, err := c.query("email")
	if err != nil {
		return answer{}, err
	}
	if email != "" {
		if email = account.Email(email); email == "" {
			return answer{}, rest.BadField("email")
		}
	}
	list, failed := c.accounts.Accounts(c.ctx, after, email, limit+1, c.cfg.Now())
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	w := jsonscan.NewObject(nil)
	w.Array("accounts")
	for _, one := range list[:min(len(list), limit)] {
		c.append(&w, "", one)
	}
	w.CloseArray()
	w.Bool("more", len(list) > limit)
	return ok(w.End()), nil
}

func getAccount(c *request) (answer, *protocol.Error) {
	one, err := c.found()
	if err != nil {
		return answer{}, err
	}
	return c.told(one), nil
}

// told is the answer that is an account.
func (c *request) told(one account.Account) answer {
	w := jsonscan.NewObject(nil)
	c.append(&w, "account", one)
	return ok(w.End())
}

// changeAccount changes an account's name, its e-mail, and whether that is verified. An e-mail
// that an operator gives is taken for verified, as it is for an account that an operator makes.
func changeAccount(c *request) (answer, *protocol.Error) {
	one, err := c.found()
	if err != nil {
		return answer{}, err
	}
	if len(c.fields) == 0 {
		return answer{}, rest.BadField("body")
	}
	if c.fields["name"] != nil {
		if one.Name, err = c.name(); err != nil {
			return answer{}, err
		}
	}
	if c.fields["email"] != nil {
		before := one.Email
		if one.Email, err = c.email(); err != nil {
			return answer{}, err
		}
		if one.Email != before {
			one.Unverified = false
			if c.cfg.EmailSubjects {
				return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonIsSubject,
					Message: "SUBJECT_CLAIM is email: with another e-mail it would be another user. Make a new account."}
			}
		}
	}
	if raw := c.fields["email_verified"]; raw != nil {
		verified, isFlag := jsonscan.Bool(raw)
		if !isFlag {
			return answer{}, rest.BadField("email_verified")
		}
		one.Unverified = !verified
	}
	stored, failed := c.accounts.Change(c.ctx, one)
	switch {
	case failed != nil:
		return answer{}, rest.Unavailable("database_unavailable")
	case !stored:
		return answer{}, taken()
	}
	return c.told(one), nil
}
