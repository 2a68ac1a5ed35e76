// Package signature checks the signatures of webhook calls: of calls to the server, and of the
// server's own calls to apps. It decides whether a header has the right form and a current time,
// and then whether a secret signed the body. Callers decide whose secrets those are. The form of
// the header is described at protocol.SignatureHeader. The package holds no state.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// DefaultWindow is how far a signature's time may differ from ours, either way.
const DefaultWindow = 5 * time.Minute

const (
	// headerBytes is the length of the longest header, maxSignatures how many v1 it may hold.
	headerBytes   = 1024
	maxSignatures = 8
)

// The reasons to refuse a header.
const (
	Invalid = "signature_invalid"
	Expired = "signature_expired"
)

// Signature is a header of the right form with a current time. It is not verified:
// anybody may have made it.
type Signature struct {
	at   string
	macs [][]byte
}

// Parse reads a header. refused is the reason if it refuses the header, else "".
func Parse(header string, now time.Time, window time.Duration) (s Signature, refused string) {
	if header == "" || len(header) > headerBytes {
		return s, Invalid
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if s.at != "" {
				return s, Invalid
			}
			s.at = value
		case "v1":
			mac, err := hex.DecodeString(value)
			if err != nil || len(mac) != sha256.Size || len(s.macs) == maxSignatures {
				return s, Invalid
			}
			s.macs = append(s.macs, mac)
		}
	}
	seconds, err := strconv.ParseInt(s.at, 10, 40)
	if err != nil || len(s.macs) == 0 {
		return s, Invalid
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > window || off < -window {
		return s, Expired
	}
	return s, ""
}

// Signs reports whether one of the secrets signed body.
func (s Signature) Signs(body []byte, secrets []string) bool {
	_, ok := s.MAC(body, secrets)
	return ok
}

// MAC returns the MAC of body if one of the secrets made it. The MAC identifies the call, unlike the
// header, which can be written in many ways. MAC tries all secrets and compares each to its end.
func (s Signature) MAC(body []byte, secrets []string) (mac string, ok bool) {
	for _, secret := range secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(s.at))
		h.Write([]byte{'.'})
		h.Write(body)
		sum := h.Sum(nil)
		for _, m := range s.macs {
			if hmac.Equal(m, sum) {
				mac, ok = string(sum), true
			}
		}
	}
	return mac, ok
}
