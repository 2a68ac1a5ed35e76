package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/bits"

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
	// ErrNoKey says that no key of a set can check an RS256 signature.
	ErrNoKey = errors.New("token: no usable key in the key set")
	// ErrKey says that a JSON Web Key cannot check an RS256 signature.
	ErrKey = errors.New("token: not a usable RSA key")
)

// Key is one public key.
type Key struct {
	// ID is the key's kid, or "".
	ID string
	// JWK is the public half alone, always in one spelling, so that equal keys are
	// equal texts.
	JWK []byte
}

// PublicKey reads one JSON Web Key, public or private, and returns the public half. The
// error never holds any of the text.
func PublicKey(jwk []byte) (Key, error) {
	if jsonscan.Check(jwk, depth) != nil {
		return Key{}, ErrKey
	}
	return publicKey(jwk)
}

func publicKey(jwk []byte) (Key, error) {
	for _, m := range [...]struct {
		name, want string
		optional   bool
	}{{"kty", "RSA", false}, {"use", "sig", true}, {"alg", Algorithm, true}} {
		raw := jsonscan.Field(jwk, m.name)
		if raw == nil && m.optional {
			continue
		}
		if got, ok := jsonscan.Str(raw); !ok || got != m.want {
			return Key{}, ErrKey
		}
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
	n, ok1 := integer(jwk, "n")
	e, ok2 := integer(jwk, "e")
	// With e = 1 every signature is its own message.
	if !ok1 || !ok2 || len(e) > 4 || e[len(e)-1]&1 == 0 || len(e) == 1 && e[0] == 1 {
		return Key{}, ErrKey
	}
	if size := (len(n)-1)*8 + bits.Len8(n[0]); size < minBits || size > maxBits {
		return Key{}, ErrKey
	}
	w := jsonscan.NewObject(nil)
	w.Str("kty", "RSA")
	w.Str("n", base64.RawURLEncoding.EncodeToString(n))
	w.Str("e", base64.RawURLEncoding.EncodeToString(e))
	w.Str("alg", Algorithm)
	w.Str("use", "sig")
	if kid != "" {
		w.Str("kid", kid)
	}
	return Key{ID: kid, JWK: w.End()}, nil
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
		key, err := publicKey(l.Value())
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
func readKeySet(jwks []byte) (keys map[string]Key, leftOut int, err error) {
	if len(jwks) > KeySetBytes || jsonscan.Check(jwks, keySetDepth) != nil {
		return nil, 0, ErrKeySet
	}
	keys = make(map[string]Key)
	count := 0
	for list := jsonscan.Elements(jsonscan.Field(jwks, "keys")); list.Next(); {
		key, err := publicKey(list.Value())
		if err != nil || key.ID == "" {
			if isSigner(list.Value()) {
				leftOut++
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

// isSigner reports whether a key says that it checks RS256 signatures, or says no purpose.
func isSigner(jwk []byte) bool {
	is := func(name, want string) bool {
		raw := jsonscan.Field(jwk, name)
		got, _ := jsonscan.Str(raw)
		return raw == nil || got == want
	}
	return jsonscan.Field(jwk, "kty") != nil && is("kty", "RSA") && is("use", "sig") && is("alg", Algorithm)
}
