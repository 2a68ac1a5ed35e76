// Package account decides what an account of the embedded issuer is: which e-mails and names
// it may have, which passwords are taken, what is stored of a password, and by which tokens
// somebody without one sets it. Operators manage accounts (edge/admin); users sign in, change
// their password and, where that is allowed, sign up (edge/issuer). Its state is the Store.
package account

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// ErrNotFound is a Store's error for an account that does not exist.
var ErrNotFound = errors.New("account: no such account")

// Account is an account without its secrets.
type Account struct {
	ID, Email, Name string
	// Unverified says that nobody knows whose e-mail it is: the user signed up.
	Unverified bool
	// HasPassword says that a password was set, though it cannot be used while DisabledAt is
	// not zero.
	HasPassword           bool
	CreatedAt, DisabledAt time.Time
	// Token is what the account's one-time token is for, "" for none that is left.
	Token Kind
	// TokenUntil is when that ends.
	TokenUntil time.Time
}

// Kind is what a one-time token is for.
type Kind string

// An invitation sets the first password of an account, a reset another one.
const (
	Invitation Kind = "invitation"
	Reset      Kind = "reset"
)

// Token is a one-time token as stored. Whoever reads the table cannot use what it holds.
type Token struct {
	Hash  string
	Kind  Kind
	Until time.Time
}

const (
	// EmailBytes is the longest e-mail (RFC 5321, section 4.5.3.1.3), NameBytes the longest name.
	EmailBytes = 254
	NameBytes  = 256
	tokenBytes = 32
	idBytes    = 16
	idPrefix   = "usr_"
)

// Email returns an e-mail as it is stored and looked up: in lower case, without the space
// around it. It returns "" for what cannot be one.
func Email(text string) string {
	email := Lookup(text)
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") || strings.Contains(email, " ") ||
		len(email) > EmailBytes || !protocol.UserID(email) {
		return ""
	}
	return email
}

// Lookup is Email for whoever signs in: what cannot be an e-mail is nobody's.
func Lookup(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// Name reports whether a text can be somebody's name: not empty, and without control characters.
func Name(text string) bool {
	control := strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || 0x7f <= r && r <= 0x9f })
	return strings.TrimSpace(text) != "" && len(text) <= NameBytes && !control
}

// NameOf returns the name of an account that was given none: what stands before the @.
func NameOf(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}

// NewID returns the id of a new account. It is random, so that no account ever gets the id of
// one that was deleted, and nothing that is stored under it.
func NewID(random func([]byte)) string { return idPrefix + text(random, idBytes) }

// IsID reports whether an account can have this id. Those of before were chosen by whoever
// wrote them into the table.
func IsID(s string) bool { return protocol.Identifier(s, protocol.DefaultLimits.IDBytes) }

// NewToken returns a one-time token, and what is stored of it.
func NewToken(random func([]byte), kind Kind, until time.Time) (string, Token) {
	token := text(random, tokenBytes)
	return token, Token{Hash: TokenHash(token), Kind: kind, Until: until}
}

// TokenHash returns what is stored of a token, "" for a text that is none.
func TokenHash(token string) string {
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != tokenBytes {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func text(random func([]byte), n int) string {
	b := make([]byte, n)
	random(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
