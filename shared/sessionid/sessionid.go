// Package sessionid signs the session ids that apps are given. Such an id ends with what
// only the deployment can have made of the rest of it: so the front Worker knows that it was
// given, and wakes no object for one that somebody has made up. It takes no hash of the
// standard library: what those bring with them is a fifth of the object module.
package sessionid

// macDigits is how much of the HMAC-SHA256 stands in an id: 128 bits.
const macDigits = 32

// purpose keeps what is signed here apart from whatever else a secret may sign.
const purpose = "holdfast app session "

// Sign makes an app's session id of a text that names whose it is and is new each time.
func Sign(text, secret string) string { return text + mac(text, secret) }

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

// mac is HMAC (RFC 2104) over SHA-256.
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
