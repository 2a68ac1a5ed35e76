package protocol

import "strings"

// Keys that this deployment makes are PREFIX<id, 16 hex digits>_<32 random bytes, base64url>: those
// of apps, of documents and of delegations differ in the prefix.

// idDigits is the length of the ids of keys, links and guests, in hex digits.
const idDigits = 16

// keyRandom is the length of a key's random part, as text.
const keyRandom = 43

// HexID reports whether s has the form of such an id: 16 hexadecimal digits.
func HexID(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == idDigits
}

// KeyID returns the id that a key names, and false for what has not the form of a key with this
// prefix. Whether it is one, only the database knows.
func KeyID(s, prefix string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != idDigits+1+keyRandom || rest[idDigits] != '_' || !HexID(rest[:idDigits]) {
		return "", false
	}
	for _, c := range []byte(rest[idDigits+1:]) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return "", false
		}
	}
	return rest[:idDigits], true
}
