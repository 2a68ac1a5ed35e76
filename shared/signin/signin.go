// Package signin names sign-ins with the embedded issuer, and says which tokens a
// revocation means.
//
// A sign-in's id stands before the dot in the jti of each of its access tokens, so that
// one revocation ends all of them, those that are yet to be issued too. The id begins
// with the millisecond of the sign-in: iat is in seconds, and by it nobody could tell a
// token of the very second of a revocation from one of before.
package signin

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

const (
	// timeBytes are how many bytes of an id are the time, ownBytes how many more it has.
	timeBytes, ownBytes = 6, 12
	// idLength is an id's length as text; oldIDLength that of one without a time.
	idLength, oldIDLength = 24, 22
	// lastLength is the length of what follows the dot in a jti.
	lastLength = 22
)

// NewID is the id of a sign-in of this moment; own are 12 bytes that no other has.
func NewID(at time.Time, own []byte) string {
	var id [timeBytes + ownBytes]byte
	ms := uint64(at.UnixMilli())
	for i := range timeBytes {
		id[i] = byte(ms >> (8 * (timeBytes - 1 - i)))
	}
	copy(id[timeBytes:], own)
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// IsID reports whether s has the form of a sign-in's id.
func IsID(s string) bool {
	return (len(s) == idLength || len(s) == oldIDLength) && !strings.ContainsFunc(s, notBase64URL)
}

func notBase64URL(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Of is the id of the sign-in that a token belongs to, "" for a token of another issuer.
func Of(tokenID string) string {
	id, last, _ := strings.Cut(tokenID, ".")
	if !IsID(id) || len(last) != lastLength || strings.ContainsFunc(last, notBase64URL) {
		return ""
	}
	return id
}

// Tokens stands for all tokens of a sign-in where a single token's id may stand.
func Tokens(id string) string { return id + "." }

// At is when the sign-in of a token began; false where the token does not say. Nobody
// signs in after the second in which the token was issued.
func At(tokenID string, issuedAt time.Time) (at time.Time, known bool) {
	id := Of(tokenID)
	if len(id) != idLength {
		return at, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return at, false
	}
	var ms int64
	for _, b := range raw[:timeBytes] {
		ms = ms<<8 | int64(b)
	}
	at = time.UnixMilli(ms).UTC()
	return at, at.Before(issuedAt.Truncate(time.Second).Add(time.Second))
}

// Issued is the earliest moment at which a token can have been issued, as exactly as it
// says itself.
func Issued(tokenID string, issuedAt time.Time) time.Time {
	if at, known := At(tokenID, issuedAt); known && at.After(issuedAt) {
		return at
	}
	return issuedAt
}

// Revoked reports whether a token was issued up to a moment (zero: none is meant), or is
// one of ids.
func Revoked(tokenID string, issuedAt time.Time, ids []string, before time.Time) bool {
	if !before.IsZero() && !Issued(tokenID, issuedAt).After(before) {
		return true
	}
	if tokenID == "" {
		return false
	}
	id := Of(tokenID)
	return slices.ContainsFunc(ids, func(revoked string) bool { return revoked == tokenID || id != "" && revoked == Tokens(id) })
}
