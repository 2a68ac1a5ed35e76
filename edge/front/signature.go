package front

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// SignatureHeader is where a webhook's signature is, in lower case:
//
//	x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">
//
// v1 may stand several times, from a sender that is between two secrets.
const SignatureHeader = "x-holdfast-signature"

const (
	// DefaultWebhookWindow is how far a signature's time may be from ours, either way.
	DefaultWebhookWindow = 5 * time.Minute
	// maxWebhookWindow bounds the variable: a longer window is no window.
	maxWebhookWindow = 24 * time.Hour
	// signatureBytes is the longest header, and maxSignatures how many v1 it may hold.
	signatureBytes = 1024
	maxSignatures  = 8
)

// ParseWindow reads the variable WEBHOOK_WINDOW_S, in seconds.
func ParseWindow(text string) time.Duration {
	n, ok := jsontext.Uint([]byte(text))
	if !ok || n == 0 || n > uint64(maxWebhookWindow/time.Second) {
		return DefaultWebhookWindow
	}
	return time.Duration(n) * time.Second
}

// ParseSecrets reads the variable WEBHOOK_SECRET: secrets separated by spaces, so
// that one can be replaced without a gap.
func ParseSecrets(list string) []string { return strings.Fields(list) }

// Signature is a header that has the right form and is of this moment. Nothing is
// known yet of who made it.
type Signature struct {
	at   string
	macs [][]byte
}

// ParseSignature reads the header.
func ParseSignature(header string, now time.Time, window time.Duration) (Signature, *protocol.Error) {
	var s Signature
	if header == "" || len(header) > signatureBytes {
		return s, badSignature("signature_invalid")
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if s.at != "" {
				return s, badSignature("signature_invalid")
			}
			s.at = value
		case "v1":
			mac, err := hex.DecodeString(value)
			if err != nil || len(mac) != sha256.Size || len(s.macs) == maxSignatures {
				return s, badSignature("signature_invalid")
			}
			s.macs = append(s.macs, mac)
		}
	}
	seconds, err := strconv.ParseInt(s.at, 10, 40)
	if err != nil || len(s.macs) == 0 {
		return s, badSignature("signature_invalid")
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > window || off < -window {
		return s, badSignature("signature_expired")
	}
	return s, nil
}

// Signs reports whether one of the secrets signed body. All of them are tried, each
// to its end.
func (s Signature) Signs(body []byte, secrets []string) bool {
	good := false
	for _, secret := range secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(s.at))
		h.Write([]byte{'.'})
		h.Write(body)
		sum := h.Sum(nil)
		for _, mac := range s.macs {
			good = hmac.Equal(mac, sum) || good
		}
	}
	return good
}

// Unsigned is the answer to a signature that none of our secrets made.
func Unsigned() *protocol.Error { return badSignature("signature_invalid") }

func badSignature(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: "The webhook's signature is missing, wrong or too old."}
}
