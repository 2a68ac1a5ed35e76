// Package signin names sign-ins with the embedded issuer, and decides which tokens a revocation
// covers. It holds no state.
//
// The jti of each access token begins with the id of its sign-in, up to a dot. So one revocation
// covers all tokens of a sign-in, also those that the issuer has yet to issue. The id begins with
// the millisecond of the sign-in. iat is in seconds: by iat alone nobody could tell a token
// from after a revocation from one from before it, within the same second.
package signin

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

const (
	// timeBytes is how many bytes of an id hold the time, ownBytes how many follow.
	timeBytes, ownBytes = 6, 12
	// idLength is the length of an id as text, oldIDLength that of an id without a time.
	idLength, oldIDLength = 24, 22
	// lastLength is the length of what follows the dot in a jti.
	lastLength = 22
)

// NewID returns the id of a sign-in at this moment. own holds 12 bytes that no other id has.
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

// Of returns the id of the sign-in that a token belongs to, "" for a token of another issuer.
func Of(tokenID string) string {
	id, last, _ := strings.Cut(tokenID, ".")
	if !IsID(id) || len(last) != lastLength || strings.ContainsFunc(last, notBase64URL) {
		return ""
	}
	return id
}

// Tokens returns the text that stands for all tokens of a sign-in, in a list of token ids.
func Tokens(id string) string { return id + "." }

// At returns when the sign-in of a token began, and false if the token does not say, or if
// it names a time after the second in which it was issued.
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

// Issued returns the earliest moment at which the issuer can have issued a token, as exactly
// as the token tells.
func Issued(tokenID string, issuedAt time.Time) time.Time {
	if at, known := At(tokenID, issuedAt); known && at.After(issuedAt) {
		return at
	}
	return issuedAt
}

// Revoked reports whether a token was issued up to the moment before (zero for no such moment),
// or is covered by one of ids.
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
