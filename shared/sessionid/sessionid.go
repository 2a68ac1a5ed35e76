// Package sessionid signs the session ids of apps. Such an id ends with a signature of the
// rest, which only the deployment can make. So the front Worker recognises the ids that the
// deployment gave out, and wakes no object for an invented one. The package implements
// SHA-256 itself: the standard library's hashes would add a fifth to the object module.
package sessionid

// macDigits is the length of the truncated HMAC-SHA256 in an id: 128 bits, in hex digits.
const macDigits = 32

// purpose separates these signatures from any others that a secret may make.
const purpose = "holdfast app session "

// Sign returns the session id for a text that names the user and is new at each start.
func Sign(text, secret string) string { return text + mac(text, secret) }

// Signed reports whether one of the secrets signed an app's session id. It tries all of them,
// and compares each signature to its end.
func Signed(id string, secrets []string) bool {
	at := len(id) - macDigits
	if at < 0 {
		return false
	}
	signed := false
	for _, secret := range secrets {
		want, off := mac(id[:at], secret), byte(0)
		for i := range macDigits {
			off |= want[i] ^ id[at+i]
		}
		signed = signed || off == 0
	}
	return signed
}

// mac returns the HMAC (RFC 2104) over SHA-256, truncated.
func mac(text, secret string) string {
	key := []byte(secret)
	if len(key) > block {
		sum := sum256(key)
		key = sum[:]
	}
	inner, outer := make([]byte, block), make([]byte, block)
	for i := range inner {
		b := byte(0)
		if i < len(key) {
			b = key[i]
		}
		inner[i], outer[i] = b^0x36, b^0x5c
	}
	sum := sum256(append(append(inner, purpose...), text...))
	sum = sum256(append(outer, sum[:]...))
	const digits = "0123456789abcdef"
	out := make([]byte, 0, macDigits)
	for _, b := range sum[:macDigits/2] {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}
