package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
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
	// Parent is the hash of the token it was made from; "" for the first of a family.
	Parent string
	// SignedInAt is when its family began.
	SignedInAt time.Time
	// UserAgent is what the browser that was given it calls itself.
	UserAgent string
	// RotatedAt is when it was used, RevokedAt when its family ended, and SupersededAt
	// when another branch of the family turned out to be the one in use; zero for none.
	RotatedAt, RevokedAt, SupersededAt time.Time
}

// Room is what a refresh has to find room in: no more than Most tokens may be made of one
// sign-in after Since, and no more than Children of one token. Zero: there is no limit.
type Room struct {
	Since          time.Time
	Most, Children int
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
	// Add stores a token; false when its family has been revoked meanwhile, or when there
	// is no room for it: of many at once no more succeed than there is.
	Add(ctx context.Context, t RefreshToken, room Room) (bool, error)
	// Full returns when the oldest of the newest most tokens of a family was made, zero
	// when there are fewer since a moment.
	Full(ctx context.Context, family string, since time.Time, most int) (time.Time, error)
	// Supersede marks the family's unused tokens but the one that hash stands for and
	// its children: that one is in use.
	Supersede(ctx context.Context, family, hash string, now time.Time) error
	// RevokeFamily ends a sign-in and returns whose it was, "" when it was over already or
	// is nobody's; RevokeUser ends all of a user's.
	RevokeFamily(ctx context.Context, family string, now time.Time) (userID string, err error)
	RevokeUser(ctx context.Context, userID string, now time.Time) error
	// Rehash replaces a password's hash, unless it has been changed meanwhile from the
	// old one.
	Rehash(ctx context.Context, user User, old []byte) error

	// Attempt takes one out of a bucket of login_attempts, or says how long to wait
	// until it may; of many at once no more succeed than there is room for.
	Attempt(ctx context.Context, bucket string, l rate.Limit, now time.Time) (wait time.Duration, err error)
	// Return puts back what an Attempt took.
	Return(ctx context.Context, bucket string, l rate.Limit) error
	// Fill makes a bucket as good as new.
	Fill(ctx context.Context, bucket string) error
	// Remember fills a bucket that is a user's browser's, and remembers it until then;
	// Known says whether it does, and Forget forgets all of a user's.
	Remember(ctx context.Context, bucket, userID string, until time.Time) error
	Known(ctx context.Context, bucket string, now time.Time) (bool, error)
	Forget(ctx context.Context, userID string) error
	// SweepAttempts drops some of the buckets that are as good as new.
	SweepAttempts(ctx context.Context, now time.Time) error
	// Sweep drops a user's tokens that expired before now, those of a family that were
	// used or superseded before a moment, and of its unused ones all but the newest
	// MaxUnused; family "": of none.
	Sweep(ctx context.Context, userID, family string, used, now time.Time) error
}
