package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

// ErrNotFound is a Store's error for a missing row.
var ErrNotFound = errors.New("issuer: no such row")

// User is one account.
type User struct {
	ID, Email, Name string
	// Hash is PBKDF2 of the password with Salt and Iterations.
	Hash, Salt []byte
	Iterations int
	// PasswordAt is when the password was set.
	PasswordAt time.Time
	// Unverified says that nobody knows whose e-mail it is. Disabled accounts sign nobody in.
	Unverified, Disabled bool
}

// Membership is a user's role in one workspace.
type Membership struct{ WorkspaceID, Role string }

// RefreshToken is one refresh token as stored. The Hash stands for the token, so nobody who
// reads the table can refresh with what it holds.
type RefreshToken struct {
	Hash, Family, UserID string
	CreatedAt, ExpiresAt time.Time
	// Parent is the hash of the token that it was made from; "" for the first of a family.
	Parent string
	// SignedInAt is when its family began.
	SignedInAt time.Time
	// UserAgent is the name that the browser gave itself.
	UserAgent string
	// RotatedAt is when it was used, RevokedAt when its family ended, and SupersededAt
	// when another branch of the family turned out to be the one in use; zero for none.
	RotatedAt, RevokedAt, SupersededAt time.Time
}

// Room is the limit of a refresh: at most Most tokens of one sign-in since Since, and at most
// Children of one token. Zero means no limit.
type Room struct {
	Since          time.Time
	Most, Children int
}

// Renewal is what a refresh stores.
type Renewal struct {
	// Child is the new token, Room the limit.
	Child RefreshToken
	Room  Room
	// Rotate marks the token that the child was made from as used. Supersede marks the family's
	// unused tokens, except that token, which is the one in use, and its children.
	Rotate, Supersede bool
}

// Renewed is what came of it.
type Renewed struct {
	// Added is false if the family has been revoked meanwhile, or if there is no room. Then nothing is
	// stored. No more concurrent calls succeed than there is room for.
	Added bool
	// Rotated is false if the token was used or revoked already: of two concurrent calls one succeeds.
	Rotated bool
}

// Store holds the issuer's tables. Each method is one statement, or several that all happen or
// none, and that nothing comes between. Nothing else of D1's spans several.
type Store interface {
	// UserByEmail takes an e-mail in lower case.
	UserByEmail(ctx context.Context, email string) (User, error)
	// Refresh returns a refresh token and the user it belongs to (without secrets).
	Refresh(ctx context.Context, hash string) (RefreshToken, User, error)
	// Refreshing returns the user's memberships, too: those that have the e-mail for a name, or the id.
	Refreshing(ctx context.Context, hash string, emails bool) (RefreshToken, User, []Membership, error)
	// Memberships returns a user's workspaces by name.
	Memberships(ctx context.Context, userID string) ([]Membership, error)
	// Renew stores what a refresh makes of a token.
	Renew(ctx context.Context, r Renewal, now time.Time) (Renewed, error)
	// Begin stores the first token of a sign-in. It returns false if the user's account has been
	// disabled or deleted since the user was read, or its password set.
	Begin(ctx context.Context, t RefreshToken, user User) (bool, error)
	// Full returns when the oldest of the newest most tokens of a family was made, or zero
	// if fewer were made since the given time.
	Full(ctx context.Context, family string, since time.Time, most int) (time.Time, error)
	// RevokeFamily ends a sign-in and returns its user, "" if it was over already or never
	// existed. RevokeUser ends all sign-ins of a user.
	RevokeFamily(ctx context.Context, family string, now time.Time) (userID string, err error)
	RevokeUser(ctx context.Context, userID string, now time.Time) error
	// EndDelegations marks as revoked what a user, by the name that tokens have, has let programs do
	// until now. The user's object refuses them, marked or not.
	EndDelegations(ctx context.Context, subject string, now time.Time) error
	// Families returns the sign-ins of a user, except one, that are not over or have had a token
	// since a time; at most max.
	Families(ctx context.Context, userID, except string, since, now time.Time, max int) ([]string, error)
	// RevokeOthers ends all sign-ins of a user except one.
	RevokeOthers(ctx context.Context, userID, except string, now time.Time) error
	// SetPassword sets a user's password, unless it has been set since the user was read.
	SetPassword(ctx context.Context, user User, now time.Time) (bool, error)
	// Rehash replaces the hash of a password, unless the hash has changed from the old one
	// meanwhile.
	Rehash(ctx context.Context, user User, old []byte) error

	// Attempt takes one from a bucket of login_attempts, or returns how long to wait. No
	// more concurrent calls succeed than there is room for.
	Attempt(ctx context.Context, bucket string, l rate.Limit, now time.Time) (wait time.Duration, err error)
	// Return puts back what an Attempt took.
	Return(ctx context.Context, bucket string, l rate.Limit) error
	// Fill fills a bucket.
	Fill(ctx context.Context, bucket string) error
	// Remember fills the bucket of a user's browser, and keeps it until the given time. Known
	// reports whether it is kept. Forget drops all buckets of a user's browsers.
	Remember(ctx context.Context, bucket, userID string, until time.Time) error
	Known(ctx context.Context, bucket string, now time.Time) (bool, error)
	Forget(ctx context.Context, userID string) error
	// SweepAttempts drops some of the full buckets.
	SweepAttempts(ctx context.Context, now time.Time) error
	// Sweep drops a user's tokens that expired before now, those of the family that were
	// used or superseded before the given time, and the family's unused tokens beyond the
	// newest MaxUnused. Family "" means none.
	Sweep(ctx context.Context, userID, family string, used, now time.Time) error
	// SweepExpired drops some tokens, of any user, that expired before now. It reads up
	// to 40 rows, so only sign-ins call it: refreshes are many.
	SweepExpired(ctx context.Context, now time.Time) error
}
