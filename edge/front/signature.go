package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/signature"
)

// maxWebhookWindow bounds the variable: a longer window is no window.
const maxWebhookWindow = 24 * time.Hour

// ParseWindow reads the variable WEBHOOK_WINDOW_S, in seconds.
func ParseWindow(text string) time.Duration {
	n, ok := jsonscan.Uint([]byte(text))
	if !ok || n == 0 || n > uint64(maxWebhookWindow/time.Second) {
		return signature.DefaultWindow
	}
	return time.Duration(n) * time.Second
}

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
