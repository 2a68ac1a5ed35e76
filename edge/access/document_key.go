package access

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DocumentKeyPrefix begins a document key (see protocol.KeyID). Servers bring one to the documents'
// routes of the operators' API.
const DocumentKeyPrefix = "hfd_"

// DocumentKey returns the document key of an Authorization header, "" for what has not the
// form of one.
func DocumentKey(authorization string) string {
	scheme, text, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	text = strings.TrimSpace(text)
	if _, isKey := protocol.KeyID(text, DocumentKeyPrefix); !isKey || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return text
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

// NotForThisKey is the answer to a key that opens something else.
func NotForThisKey() *protocol.Error {
	return &protocol.Error{Code: protocol.InsufficientPermissions, Reason: "not_for_this_key", Message: "This key does not open that."}
}
