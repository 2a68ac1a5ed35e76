// Package link holds the links by which guests, people without an account, come to one document:
// their store in D1, and the route by which a page makes a guest's access token of one.
//
//	POST /v1/links/redeem  {"link","name"} -> an access token, and a cookie that says who the guest is
//
// A link's text is hfl_<id>_<secret>. The id is no secret: it stands in the user ids of the
// link's guests. Of the secret, 32 random bytes, the store has the hash alone.
//
// A link is a grant: who has it may do what its role says, on its document, until it ends or is
// revoked. A guest's user object asks the link's row for that (edge/object/source_link.go), and
// no other source of permissions. Each guest counts against the link's uses, in the statement
// that makes it. Who comes again with the cookie, or with the last token, is the same guest: the
// two alone are worth nothing, the link is always needed too.
package link

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// ErrNotFound is a Store's error for a link or a document that there is not.
var ErrNotFound = errors.New("link: no such row")

// Roles are those that a link may give, weakest first.
var Roles = []string{"view", "comment", "edit"}

const (
	prefix      = "hfl_"
	idBytes     = 8
	secretBytes = 32
	// NameBytes is the longest name of a link.
	NameBytes = 128
	// settles is how long after its last token's end a guest may still have a connection: the
	// clocks of two machines differ.
	settles = time.Minute
)

// Link is a link's row.
type Link struct {
	ID, Document, Role, Name string
	Hash                     string
	// Maker is the user who made it, Operator the operator who did: one is "".
	Maker, Operator string
	// Uses is how many guests may be made of it, Used how many were.
	Uses, Used                      int
	CreatedAt, ExpiresAt, RevokedAt time.Time
}

// Guest is one that was made of a link, and has a token.
type Guest struct{ UserID, Document string }

// Limits are how many living links there may be.
type Limits struct{ PerDocument, PerMaker int }

// Pass is what a guest is given by the store.
type Pass struct {
	Document, Role string
	// Until is when the token ends, Ends when the link does.
	Until, Ends time.Time
}

// Store holds the links and their guests. Each method is one statement, but for those that say otherwise.
type Store interface {
	// Add stores a link; false: a limit is reached. ErrNotFound: there is no such document, where
	// known says that the store has all there are. It forgets some links, of whichever
	// documents, that are long over.
	Add(ctx context.Context, l Link, max Limits, known bool) (bool, error)
	// Link returns a link's row.
	Link(ctx context.Context, id string) (Link, error)
	// Links returns a document's links in the order of their ids, behind one, at most max.
	Links(ctx context.Context, document, after string, max int) ([]Link, error)
	// SetRole changes what a document's link gives. ErrNotFound: there is none that counts.
	SetRole(ctx context.Context, document, id, role string, now time.Time) error
	// Revoke ends a document's link. ErrNotFound: there is none, ended or not.
	Revoke(ctx context.Context, document, id string, now time.Time) error
	// Made makes a guest of a link of this hash, if it counts and has a use left.
	Made(ctx context.Context, id, hash, number string, until, now time.Time) (Pass, bool, error)
	// Renewed gives a guest of the link another token, if both count.
	Renewed(ctx context.Context, id, hash, number string, until, now time.Time) (Pass, bool, error)
	// Ended reports whether a guest was revoked; ErrNotFound: the link never had it.
	Ended(ctx context.Context, id, number string) (bool, error)
	// Guests returns the numbers of a link's guests that may have a connection, in order, behind
	// one, at most max.
	Guests(ctx context.Context, id, after string, now time.Time, max int) ([]string, error)
	// End ends a guest: it gets no token any more. Of the number "" all up to another one.
	End(ctx context.Context, id, number, upTo string) error
	// GuestsUnder returns the guests that may have a connection, of the links that a user has
	// made, on one document or, for "", on all; at most max.
	GuestsUnder(ctx context.Context, maker, document string, now time.Time, max int) ([]Guest, error)
	// RevokeMade ends all links that a user has made, and LinksUnder returns those of a user's, ended
	// or not, that have guests which may have a connection; at most max.
	RevokeMade(ctx context.Context, maker string, now time.Time) error
	LinksUnder(ctx context.Context, maker string, now time.Time, max int) ([]string, error)
	// Forget removes a document's links and their guests, in two statements.
	Forget(ctx context.Context, document string) error
}

// New returns a link's id, its text, and the text's hash.
func New(random func([]byte)) (id, text, hash string) {
	name, secret := make([]byte, idBytes), make([]byte, secretBytes)
	random(name)
	random(secret)
	id = hex.EncodeToString(name)
	text = prefix + id + "_" + base64.RawURLEncoding.EncodeToString(secret)
	return id, text, digest(text)
}

// newNumber returns the number of a new guest.
func newNumber(random func([]byte)) string {
	b := make([]byte, idBytes)
	random(b)
	return hex.EncodeToString(b)
}

// read returns the id that a link's text has, and its hash; false for what is no link.
func read(text string) (id, hash string, ok bool) {
	rest, ours := strings.CutPrefix(text, prefix)
	id, secret, _ := strings.Cut(rest, "_")
	if !ours || !protocol.HexID(id) || len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return "", "", false
	}
	return id, digest(text), true
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
