package account

import (
	"context"
	"time"
)

// Store holds the accounts. Each method is one statement: what must be atomic is a condition
// inside it.
type Store interface {
	// Create stores an account with its password or its token, either of which may be zero. It
	// returns false if another has the e-mail.
	Create(ctx context.Context, a Account, p Password, t Token) (bool, error)
	// Account returns an account by its id.
	Account(ctx context.Context, id string, now time.Time) (Account, error)
	// Accounts returns those with ids after one, at most max; with an e-mail, the one that has it.
	Accounts(ctx context.Context, after, email string, max int, now time.Time) ([]Account, error)
	// Change stores an account's name, e-mail and whether that is verified. Another e-mail ends the
	// account's token, which was sent to the one before. It returns false if another has the e-mail.
	Change(ctx context.Context, a Account) (bool, error)
	// SetPassword sets the password of an account that is not disabled, and ends its token. It
	// returns false if there is no such account.
	SetPassword(ctx context.Context, id string, p Password, now time.Time) (bool, error)
	// SetToken gives an account that is not disabled a token, in the place of any other. It
	// returns false if there is no such account.
	SetToken(ctx context.Context, id string, t Token) (bool, error)
	// ByToken returns the account of a token that is not over.
	ByToken(ctx context.Context, hash string, now time.Time) (Account, error)
	// Redeem sets the password of a token's account. Of two concurrent calls one succeeds.
	Redeem(ctx context.Context, hash string, p Password, now time.Time) (bool, error)
	// Disable and Enable keep an account's password from being used, and give it back. A
	// disabled account has no token.
	Disable(ctx context.Context, id string, now time.Time) error
	Enable(ctx context.Context, id string) error
	// Delete removes an account, and with it its refresh tokens.
	Delete(ctx context.Context, id string) error
	// RemoveRoles removes a user's roles in workspaces, and RemoveGrants those on documents.
	RemoveRoles(ctx context.Context, userID string) error
	RemoveGrants(ctx context.Context, userID string) error
}
