//go:build !js

package native

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader is where the signature of a webhook's call is:
//
//	x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">
//
// v1 may stand several times, from a server that is between two secrets.
const SignatureHeader = "x-holdfast-signature"

const (
	// signatureWindow is how far a signature's time may be from ours, either way.
	signatureWindow = 5 * time.Minute
	// signatureBytes is the longest header, and maxSignatures how many v1 it may hold.
	signatureBytes = 1024
	maxSignatures  = 8
)

// signed reports whether one of the secrets signed body within the window, and returns
// what it signed it with. All are tried, each to its end.
func signed(header string, body []byte, secrets []string, now time.Time) (signature string, ok bool) {
	if len(header) > signatureBytes {
		return "", false
	}
	at, macs := "", [][]byte(nil)
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if at != "" {
				return "", false
			}
			at = value
		case "v1":
			mac, err := hex.DecodeString(value)
			if err != nil || len(mac) != sha256.Size || len(macs) == maxSignatures {
				return "", false
			}
			macs = append(macs, mac)
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 40)
	if err != nil {
		return "", false
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > signatureWindow || off < -signatureWindow {
		return "", false
	}
	for _, secret := range secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(at))
		h.Write([]byte{'.'})
		h.Write(body)
		sum := h.Sum(nil)
		for _, mac := range macs {
			if hmac.Equal(mac, sum) {
				signature, ok = string(sum), true
			}
		}
	}
	return signature, ok
}
