package access

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A document key is hfd_<id, 16 hex digits>_<32 random bytes, base64url>. Servers bring it to the
// documents' routes of the operators' API.
const (
	DocumentKeyPrefix = "hfd_"
	keyIDDigits       = 16
	keyRandom         = 43
)

// DocumentKey returns the document key of an Authorization header, "" for what has not the
// form of one.
func DocumentKey(authorization string) string {
	scheme, text, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if text = strings.TrimSpace(text); !strings.EqualFold(scheme, "bearer") || !IsKey(text, DocumentKeyPrefix) {
		return ""
	}
	return text
}

// IsKey reports whether s has the form of a key with a prefix: an app's or a document's. Of what
// has not, the database is not asked.
func IsKey(s, prefix string) bool {
	end := len(prefix) + keyIDDigits
	if len(s) != end+1+keyRandom || !strings.HasPrefix(s, prefix) || s[end] != '_' {
		return false
	}
	for i := len(prefix); i < len(s); i++ {
		c := s[i]
		hexDigit := '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
		switch {
		case i < end && !hexDigit:
			return false
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// KeyHash is what is stored of a key. The text is 32 random bytes, so that no salt and no slow
// hash is needed.
func KeyHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// KeyRevoked and KeyExpired are the answers to a document key that was good once.
func KeyRevoked() *protocol.Error {
	return &protocol.Error{Code: protocol.TokenRevoked, Reason: "document_key_revoked", Message: "The key has been revoked."}
}

// KeyExpired is said of one that has expired.
func KeyExpired() *protocol.Error {
	return &protocol.Error{Code: protocol.TokenExpired, Reason: "document_key_expired", Message: "The key has expired: ask an operator for another."}
}
