package issuer

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is what a Store returns for a row that is not there.
var ErrNotFound = errors.New("issuer: no such row")

// User is one account.
type User struct {
	ID, Email, Name string
	// Hash is PBKDF2 of the password with Salt and Iterations.
	Hash, Salt []byte
	Iterations int
}

// Membership is a user's role in one workspace.
type Membership struct{ WorkspaceID, Role string }

// RefreshToken is one refresh token as stored. Hash stands for it: whoever reads
// the table cannot refresh with what is in it.
type RefreshToken struct {
	Hash, Family, UserID string
	CreatedAt, ExpiresAt time.Time
	// RotatedAt is when it was used, and RevokedAt when its family ended; zero
	// for neither.
	RotatedAt, RevokedAt time.Time
}

// Store is the issuer's tables. Each method is one statement, for there is no
// transaction over several: what must be atomic is a condition inside one.
type Store interface {
	// UserByEmail takes an e-mail in lower case.
	UserByEmail(ctx context.Context, email string) (User, error)
	// Refresh returns a refresh token and whom it belongs to (without secrets).
	Refresh(ctx context.Context, hash string) (RefreshToken, User, error)
	// Memberships returns a user's workspaces by name.
	Memberships(ctx context.Context, userID string) ([]Membership, error)
	// Rotate marks a token as used; false when it already was, or was revoked:
	// of two that try at once one succeeds.
	Rotate(ctx context.Context, hash string, now time.Time) (bool, error)
	// Add stores a token; false when its family has been revoked meanwhile.
	Add(ctx context.Context, t RefreshToken) (bool, error)
	// RevokeFamily ends a sign-in.
	RevokeFamily(ctx context.Context, family string, now time.Time) error
	// Sweep drops a user's tokens that expired before now.
	Sweep(ctx context.Context, userID string, now time.Time) error
}
