// Package signature reads and checks the signature of a webhook's call: of those that come
// to the server, and of the server's own to apps. It decides whether a header has the right
// form and is of this moment, and then whether a secret made it; who may have the secret is
// its callers' business. What a header looks like is at protocol.SignatureHeader.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// DefaultWindow is how far a signature's time may be from ours, either way.
const DefaultWindow = 5 * time.Minute

const (
	// headerBytes is the longest header, and maxSignatures how many v1 it may hold.
	headerBytes   = 1024
	maxSignatures = 8
)

// Why a header is refused.
const (
	Invalid = "signature_invalid"
	Expired = "signature_expired"
)

// Signature is a header that has the right form and is of this moment. Nothing is
// known yet of who made it.
type Signature struct {
	at   string
	macs [][]byte
}

// Parse reads a header. The second result is why it is refused, "" for not at all.
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
	_, ok := s.By(body, secrets)
	return ok
}

// By is Signs with what body was signed with, which names the call: a header may be
// written in many ways. All secrets are tried, each to its end.
func (s Signature) By(body []byte, secrets []string) (mac string, ok bool) {
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
