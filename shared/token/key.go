package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/bits"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The limits of a key set.
const (
	// KeySetBytes is the largest JSON Web Key Set that we read.
	KeySetBytes = 64 << 10
	// maxKeys is the most usable keys that a set may have. No issuer has more.
	maxKeys = 32
	// keySetDepth is the deepest nesting of a fetched set. We ignore what it holds beside
	// keys, and checking it does not recurse.
	keySetDepth = 64
	// minBits and maxBits bound an RSA modulus. RFC 7518, section 3.3, requires 2048.
	// The cost of checking a signature grows with the square of the length.
	minBits, maxBits = 2048, 8192
)

var (
	// ErrKeySet says that a text is not a JSON Web Key Set within the limits.
	ErrKeySet = errors.New("token: not a usable key set")
	// ErrNoKey says that no key of a set is for an allowed algorithm.
	ErrNoKey = errors.New("token: no usable key in the key set")
	// ErrKey says that a JSON Web Key is not for an allowed algorithm.
	ErrKey = errors.New("token: not a usable public key")
)

// Key is one public key.
type Key struct {
	// ID is the key's kid, or "".
	ID string
	// JWK is the public half alone, always in one spelling, so that equal keys are
	// equal texts.
	JWK []byte
	// fits are the algorithms that the key may be used with: the allowed ones of its kind, or
	// the one that its alg names.
	fits []string
}

// Fits reports whether the key may check a signature of this algorithm.
func (k Key) Fits(algorithm string) bool { return slices.Contains(k.fits, algorithm) }

// PublicKey reads one JSON Web Key, public or private, and returns the public half. The key has
// to be for one of the allowed algorithms; none given means Algorithm. The error never holds any
// of the text.
func PublicKey(jwk []byte, allowed ...string) (Key, error) {
	if jsonscan.Check(jwk, depth) != nil {
		return Key{}, ErrKey
	}
	return publicKey(jwk, allowed)
}

// fitting returns the allowed algorithms that a key is meant for, as it says itself.
func fitting(jwk []byte, allowed []string) (fits []string, kind algorithm) {
	for _, a := range algorithms {
		if allows(allowed, a.name) && is(jwk, "kty", a.kty, true) && is(jwk, "use", "sig", false) && is(jwk, "alg", a.name, false) &&
			(a.crv == "" || is(jwk, "crv", a.crv, true)) {
			fits, kind = append(fits, a.name), a
		}
	}
	return fits, kind
}

// is reports whether a member has this value, or is missing and not required.
func is(jwk []byte, name, want string, required bool) bool {
	raw := jsonscan.Field(jwk, name)
	got, ok := jsonscan.Str(raw)
	return raw == nil && !required || ok && got == want
}

func publicKey(jwk []byte, allowed []string) (Key, error) {
	fits, kind := fitting(jwk, allowed)
	if len(fits) == 0 {
		return Key{}, ErrKey
	}
	if !forSignatures(jsonscan.Field(jwk, "key_ops")) {
		return Key{}, ErrKey
	}
	var kid string
	if raw := jsonscan.Field(jwk, "kid"); raw != nil {
		var ok bool
		if kid, ok = jsonscan.Str(raw); !ok || kid == "" || len(kid) > keyIDBytes {
			return Key{}, ErrKey
		}
	}
	w := jsonscan.NewObject(nil)
	w.Str("kty", kind.kty)
	if kind.kty == "RSA" && !rsaNumbers(&w, jwk) || kind.kty != "RSA" && !coordinates(&w, jwk, kind) {
		return Key{}, ErrKey
	}
	if len(fits) == 1 {
		w.Str("alg", fits[0])
	}
	w.Str("use", "sig")
	if kid != "" {
		w.Str("kid", kid)
	}
	return Key{ID: kid, JWK: w.End(), fits: fits}, nil
}

// rsaNumbers copies an RSA key's numbers, if they are of a length that we use.
func rsaNumbers(w *jsonscan.Writer, jwk []byte) bool {
	n, ok1 := integer(jwk, "n")
	e, ok2 := integer(jwk, "e")
	// With e = 1 every signature is its own message.
	if !ok1 || !ok2 || len(e) > 4 || e[len(e)-1]&1 == 0 || len(e) == 1 && e[0] == 1 {
		return false
	}
	if size := (len(n)-1)*8 + bits.Len8(n[0]); size < minBits || size > maxBits {
		return false
	}
	w.Str("n", base64.RawURLEncoding.EncodeToString(n))
	w.Str("e", base64.RawURLEncoding.EncodeToString(e))
	return true
}

// coordinates copies the coordinates of an elliptic key. Each has the full length of the curve's numbers
// (RFC 7518, section 6.2.1.2; RFC 8032, section 5.1.5), which is half a signature's. Whoever checks
// a signature refuses a point that is not on the curve.
func coordinates(w *jsonscan.Writer, jwk []byte, kind algorithm) bool {
	w.Str("crv", kind.crv)
	names := []string{"x", "y"}
	if kind.kty == "OKP" {
		names = names[:1]
	}
	for _, name := range names {
		s, _ := jsonscan.Str(jsonscan.Field(jwk, name))
		b, ok := segment(s)
		if !ok || len(b) != kind.signature/2 {
			return false
		}
		w.Str(name, s)
	}
	return true
}

// forSignatures reports whether a key's key_ops, if it has any, allow signatures: "verify",
// or "sign" for a private key.
func forSignatures(ops []byte) bool {
	if ops == nil {
		return true
	}
	for list := jsonscan.Elements(ops); list.Next(); {
		if op, ok := jsonscan.Str(list.Value()); ok && (op == "verify" || op == "sign") {
			return true
		}
	}
	return false
}

// PublicKeys reads several keys, public or private, and returns the public halves. The text
// is a key set, {"keys":[…]}, or a plain list. An operator wrote these keys down, so an
// unusable key, or one without a name of its own, is an error and is not ignored. The error
// never holds any of the text.
func PublicKeys(text []byte) ([]Key, error) {
	if len(text) > KeySetBytes || jsonscan.Check(text, depth) != nil {
		return nil, ErrKeySet
	}
	list := jsonscan.Field(text, "keys")
	if list == nil {
		list = bytes.TrimSpace(text)
	}
	if list[0] != '[' {
		return nil, ErrKeySet
	}
	var keys []Key
	for l := jsonscan.Elements(list); l.Next(); {
		key, err := publicKey(l.Value(), nil)
		if err != nil || key.ID == "" || len(keys) == maxKeys {
			return nil, ErrKeySet
		}
		for _, other := range keys {
			if other.ID == key.ID {
				return nil, ErrKeySet
			}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// integer reads a positive integer, without leading zeros.
func integer(jwk []byte, name string) ([]byte, bool) {
	s, ok := jsonscan.Str(jsonscan.Field(jwk, name))
	if !ok {
		return nil, false
	}
	b, ok := segment(s)
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b, ok && len(b) > 0
}

// readKeySet returns the usable keys by kid. It ignores unusable keys one by one (RFC 7517,
// section 5), because an issuer may publish keys for other purposes, or a broken one. It also
// ignores keys without a kid, and all keys that share one, because a token cannot say which
// it means. leftOut counts the ignored keys that look as if the issuer meant them for us.
func readKeySet(jwks []byte, allowed []string) (keys map[string]Key, leftOut int, err error) {
	if len(jwks) > KeySetBytes || jsonscan.Check(jwks, keySetDepth) != nil {
		return nil, 0, ErrKeySet
	}
	keys = make(map[string]Key)
	count := 0
	for list := jsonscan.Elements(jsonscan.Field(jwks, "keys")); list.Next(); {
		key, err := publicKey(list.Value(), allowed)
		if err != nil || key.ID == "" {
			if fits, _ := fitting(list.Value(), allowed); len(fits) > 0 {
				leftOut++ // it says that it is for us, or says no purpose
			}
			continue
		}
		if count++; count > maxKeys {
			return nil, 0, ErrKeySet
		}
		if other, twice := keys[key.ID]; twice && string(other.JWK) != string(key.JWK) {
			key.JWK = nil
		}
		keys[key.ID] = key
	}
	for id, key := range keys {
		if key.JWK == nil {
			delete(keys, id)
			leftOut++
		}
	}
	if len(keys) == 0 {
		return nil, leftOut, ErrNoKey
	}
	return keys, leftOut, nil
}
