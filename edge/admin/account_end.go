package admin

import (
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// makeAccountToken makes the token by which a user sets a password without one, for the
// operator to send. Any earlier token of the account is over.
func makeAccountToken(c *request) (answer, *protocol.Error) {
	one, err := c.usable()
	if err != nil {
		return answer{}, err
	}
	text, token := c.newToken(one)
	stored, failed := c.accounts.SetToken(c.ctx, one.ID, token)
	if err := changed(stored, failed); err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	appendToken(&w, text, token)
	return created(w.End()), nil
}

// setAccountPassword sets a password, and ends whatever the old one has brought: an operator
// who sets one does not know who else had it.
func setAccountPassword(c *request) (answer, *protocol.Error) {
	one, err := c.usable()
	if err != nil {
		return answer{}, err
	}
	password, err := c.newPassword(one.Email)
	if err != nil {
		return answer{}, err
	}
	stored, failed := c.accounts.SetPassword(c.ctx, one.ID, password, c.cfg.Now())
	if err := changed(stored, failed); err != nil {
		return answer{}, err
	}
	return c.out("password_set")
}

// disableAccount keeps an account's user out, and ends what they have, until it is enabled.
func disableAccount(c *request) (answer, *protocol.Error) {
	one, err := c.found()
	if err != nil {
		return answer{}, err
	}
	if err := c.accounts.Disable(c.ctx, one.ID, c.cfg.Now()); err != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	return c.out(reasonDisabled)
}

func enableAccount(c *request) (answer, *protocol.Error) {
	one, err := c.found()
	if err != nil {
		return answer{}, err
	}
	if err := c.accounts.Enable(c.ctx, one.ID); err != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	return getAccount(c)
}

// deleteAccount removes an account with its roles. It disables the account first: so nobody
// signs in while what they have is ended, and a call that failed can be repeated.
func deleteAccount(c *request) (answer, *protocol.Error) {
	one, err := c.found()
	if err != nil {
		return answer{}, err
	}
	if err := c.accounts.Disable(c.ctx, one.ID, c.cfg.Now()); err != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	out, err := c.out("account_deleted")
	if err != nil {
		return answer{}, err
	}
	failed := c.accounts.RemoveRoles(c.ctx, c.user)
	if failed == nil {
		failed = c.accounts.RemoveGrants(c.ctx, c.user)
	}
	if failed == nil {
		// Another account may get the e-mail, which may be what users are called by: its user
		// must not be let in by what the session object remembers of this one. Nor is anybody by
		// this one's links.
		lost := change{user: c.user, reason: permissions, by: c.by}
		if _, err := c.askAgain(c.ctx, lost); err != nil {
			return answer{}, afterStore(err)
		}
		if err := c.guestsUnder(lost); err != nil {
			return answer{}, afterStore(err)
		}
		failed = c.accounts.Delete(c.ctx, one.ID)
	}
	if failed != nil {
		return answer{}, afterStore(rest.Unavailable("database_unavailable"))
	}
	return out, nil
}

// usable returns the account that the path names, unless it is disabled.
func (c *request) usable() (account.Account, *protocol.Error) {
	one, err := c.found()
	if err == nil && !one.DisabledAt.IsZero() {
		err = disabled()
	}
	return one, err
}

func disabled() *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonDisabled, Message: "The account is disabled: enable it first."}
}

// changed is the error of a change of an account that was there, and usable, just now.
func changed(stored bool, failed error) *protocol.Error {
	switch {
	case failed != nil:
		return rest.Unavailable("database_unavailable")
	case !stored:
		return disabled()
	}
	return nil
}

// out ends all that the user of an account has: connections, tokens and sign-ins. It returns
// the receipt of the session object.
func (c *request) out(reason string) (answer, *protocol.Error) {
	r := c.ending(protocol.TokenRevoked, reason)
	r.All = true
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	c.endDelegations(r)
	_, failed := c.store.EndSignIns(c.ctx, c.user, "", c.cfg.Now())
	if failed == nil {
		failed = c.store.ForgetBrowsers(c.ctx, c.user)
	}
	if err == nil && failed != nil {
		err = rest.Unavailable("sign_ins_not_ended")
	}
	if err != nil {
		return answer{}, afterStore(err)
	}
	return stored(receipt), nil
}
