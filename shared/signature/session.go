package signature

import (
	"crypto/sha256"
	"encoding/hex"
)

// An app's session id ends with what only the deployment can have made of the rest of it:
// so the front Worker knows that it was given, and wakes no object for one that somebody
// has made up.

// macDigits is how much of the HMAC-SHA256 stands in an id: 128 bits.
const macDigits = 32

// purpose keeps what is signed here apart from whatever else a secret may sign.
const purpose = "holdfast app session "

// Session is an app's session id, of a text that names whose it is and is new each time.
func Session(text, secret string) string { return text + mac(text, secret) }

// Given reports whether one of the secrets has made an app's session id. All are tried,
// and each is compared to its end.
func Given(id string, secrets []string) bool {
	at := len(id) - macDigits
	if at < 0 {
		return false
	}
	given := false
	for _, secret := range secrets {
		want, off := mac(id[:at], secret), byte(0)
		for i := range macDigits {
			off |= want[i] ^ id[at+i]
		}
		given = given || off == 0
	}
	return given
}

// mac is HMAC (RFC 2104) over SHA-256. It stands here because the package of the standard
// library brings more with it than a module has room for; a test holds the two together.
func mac(text, secret string) string {
	key := []byte(secret)
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	inner, outer := make([]byte, sha256.BlockSize), make([]byte, sha256.BlockSize)
	for i := range inner {
		b := byte(0)
		if i < len(key) {
			b = key[i]
		}
		inner[i], outer[i] = b^0x36, b^0x5c
	}
	sum := sha256.Sum256(append(append(inner, purpose...), text...))
	sum = sha256.Sum256(append(outer, sum[:]...))
	return hex.EncodeToString(sum[:macDigits/2])
}
