package access

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/signature"
)

// ParseSecrets reads the variables WEBHOOK_SECRET and APP_SESSION_SECRET: secrets separated by spaces, so
// that one can be replaced without a gap.
func ParseSecrets(list string) []string { return strings.Fields(list) }

// ParseSignature reads the header of a webhook's call.
func ParseSignature(header string, now time.Time, window time.Duration) (signature.Signature, *protocol.Error) {
	s, refused := signature.Parse(header, now, window)
	if refused != "" {
		return s, badSignature(refused)
	}
	return s, nil
}

// Unsigned is the answer to a signature that none of our secrets made.
func Unsigned() *protocol.Error { return badSignature(signature.Invalid) }

func badSignature(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: "The webhook's signature is missing, wrong or too old."}
}
