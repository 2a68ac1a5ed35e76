package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
)

// webCrypto checks a signature as WebCrypto does: the key alone, and the algorithm's name.
func webCrypto(key Key, t *Token) bool {
	var jwk struct{ N, E, Crv, X, Y string }
	if json.Unmarshal(key.JWK, &jwk) != nil {
		return false
	}
	number := func(s string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return new(big.Int).SetBytes(b)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(t.Signature)
	if t.Algorithm == "EdDSA" {
		public, _ := base64.RawURLEncoding.DecodeString(jwk.X)
		return ed25519.Verify(public, []byte(t.Input), signature)
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[t.Algorithm[2:]]
	digest := hash.New()
	digest.Write([]byte(t.Input))
	sum := digest.Sum(nil)
	switch t.Algorithm[:2] {
	case "ES":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384()}[jwk.Crv]
		half := len(signature) / 2
		public := &ecdsa.PublicKey{Curve: curve, X: number(jwk.X), Y: number(jwk.Y)}
		return ecdsa.Verify(public, sum, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	case "PS":
		return rsa.VerifyPSS(&rsa.PublicKey{N: number(jwk.N), E: int(number(jwk.E).Int64())}, hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: number(jwk.N), E: int(number(jwk.E).Int64())}, hash, sum, signature) == nil
}

// issuerKeys are an issuer's private keys, one of each kind.
var issuerKeys = sync.OnceValue(func() (all struct {
	p256, p384 *ecdsa.PrivateKey
	ed         ed25519.PrivateKey
}) {
	all.p256, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	all.p384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, all.ed, _ = ed25519.GenerateKey(rand.Reader)
	return all
})

// signed makes a token with a true signature of this algorithm over any text.
func signed(algorithm, head, body string) string {
	input := b64(head) + "." + b64(body)
	keys := issuerKeys()
	if algorithm == "EdDSA" {
		return input + "." + b64(string(ed25519.Sign(keys.ed, []byte(input))))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	digest := hash.New()
	digest.Write([]byte(input))
	sum := digest.Sum(nil)
	var signature []byte
	var err error
	switch algorithm[:2] {
	case "RS":
		signature, err = rsa.SignPKCS1v15(nil, signer(), hash, sum)
	case "PS":
		signature, err = rsa.SignPSS(rand.Reader, signer(), hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case "ES":
		key, size := keys.p256, 32
		if algorithm == "ES384" {
			key, size = keys.p384, 48
		}
		r, s, failed := ecdsa.Sign(rand.Reader, key, sum)
		signature, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), failed
	}
	if err != nil {
		panic(err)
	}
	return input + "." + b64(string(signature))
}

// keyOf is the public key of a kind, with more members.
func keyOf(kind, more string) string {
	keys := issuerKeys()
	point := func(k *ecdsa.PrivateKey, size int) string {
		return `"x":"` + b64(string(k.X.FillBytes(make([]byte, size)))) + `","y":"` + b64(string(k.Y.FillBytes(make([]byte, size)))) + `"`
	}
	return map[string]string{
		"RSA":     `{"kty":"RSA","n":"` + b64(string(signer().N.Bytes())) + `","e":"AQAB"` + more + `}`,
		"P-256":   `{"kty":"EC","crv":"P-256",` + point(keys.p256, 32) + more + `}`,
		"P-384":   `{"kty":"EC","crv":"P-384",` + point(keys.p384, 48) + more + `}`,
		"Ed25519": `{"kty":"OKP","crv":"Ed25519","x":"` + b64(string(keys.ed.Public().(ed25519.PublicKey))) + `"` + more + `}`,
	}[kind]
}

var kindOf = map[string]string{"RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA", "ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519"}

// judge returns why a token is refused that one key is to check; "" if it is accepted.
func judge(text, jwk string, allowed ...string) string {
	key, err := PublicKey([]byte(jwk), allowed...)
	if err != nil {
		return "key"
	}
	v := &Verifier{Issuer: issuer, Algorithms: allowed}
	t, refusal := v.Parse(text)
	if refusal != nil {
		return refusal.Reason
	}
	key, decision, _ := NewStatic(key).Lookup(t, false, now)
	if decision != Use {
		return fmt.Sprint("decision ", decision)
	}
	_, refusal = v.Validate(t, webCrypto(key, t), now)
	return reasonOf(refusal)
}

// TestAlgorithms: each algorithm works if the deployment names it, with a key that does or does not
// name it, and is refused if the deployment does not.
func TestAlgorithms(t *testing.T) {
	for _, a := range algorithms {
		text := signed(a.name, `{"alg":"`+a.name+`","kid":"k1"}`, good)
		kind := kindOf[a.name]
		for _, more := range []string{`,"kid":"k1"`, `,"kid":"k1","alg":"` + a.name + `"`, `,"kid":"k1","use":"sig","key_ops":["verify"]`} {
			if got := judge(text, keyOf(kind, more), a.name); got != "" {
				t.Errorf("%s, key%s: %s", a.name, more, got)
			}
		}
		if got := judge(text, keyOf(kind, `,"kid":"k1"`), "RS256", "ES256", "EdDSA", "PS256", "RS384", "RS512", "PS384", "PS512", "ES384"); got != "" {
			t.Errorf("%s among all: %s", a.name, got)
		}
		for _, other := range algorithms {
			if other.name == a.name {
				continue
			}
			// The deployment does not name the token's algorithm.
			want := ReasonAlgorithm
			if kindOf[other.name] != kind {
				want = "key"
			}
			if got := judge(text, keyOf(kind, `,"kid":"k1"`), other.name); got != want {
				t.Errorf("%s where %s is allowed: %q, want %q", a.name, other.name, got, want)
			}
		}
	}
	for _, name := range []string{"none", "HS256", "HS384", "HS512", "rs256", "RS1", "ES256K", "ES512", "", "dir", "RSA-OAEP", "Ed448"} {
		if KnownAlgorithm(name) {
			t.Errorf("%q may be allowed", name)
		}
	}
}

// TestAlgorithmConfusion goes on with RFC 8725, sections 2.1, 3.1 and 3.2, where a deployment allows
// several algorithms. Power of the attacker: writes any header, knows all public keys, and has the
// issuer sign what it likes with a key of another kind.
func TestAlgorithmConfusion(t *testing.T) {
	allowed := []string{"RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"}
	head := func(alg string) string { return `{"alg":"` + alg + `","kid":"k1"}` }
	es256 := signed("ES256", head("ES256"), good)
	cut := strings.LastIndexByte(es256, '.') + 1
	signature, _ := base64.RawURLEncoding.DecodeString(es256[cut:])
	der := append([]byte{0x30, 68, 2, 32}, append(slices.Clone(signature[:32]), append([]byte{2, 32}, signature[32:]...)...)...)
	swapped := append(slices.Clone(signature[32:]), signature[:32]...)
	for _, c := range []struct{ power, token, key, reason string }{
		{"says ES256 of an RSA key", signed("RS256", head("ES256"), good), keyOf("RSA", ""), ReasonSignature},
		{"says RS256 of an elliptic key", signed("ES256", head("RS256"), good), keyOf("P-256", ""), "decision 3"},
		{"says ES256 of an RSA key, and fits the length", signed("ES256", head("ES256"), good), keyOf("RSA", ""), "decision 3"},
		{"says EdDSA of a P-256 key", signed("EdDSA", head("EdDSA"), good), keyOf("P-256", ""), "decision 3"},
		{"says ES256 of an Ed25519 key", signed("ES256", head("ES256"), good), keyOf("Ed25519", ""), "decision 3"},
		{"says ES256 of a P-384 key", signed("ES256", head("ES256"), good), keyOf("P-384", ""), "decision 3"},
		{"says ES384 of a P-256 key", signed("ES384", head("ES384"), good), keyOf("P-256", ""), "decision 3"},
		{"uses RS384 with a key for RS256", signed("RS384", head("RS384"), good), keyOf("RSA", `,"alg":"RS256"`), "decision 3"},
		{"uses PS256 with a key for RS256", signed("PS256", head("PS256"), good), keyOf("RSA", `,"alg":"RS256"`), "decision 3"},
		{"uses RS256 with a key for PS256", signed("RS256", head("RS256"), good), keyOf("RSA", `,"alg":"PS256"`), "decision 3"},
		{"says PS256 of an RS256 signature", signed("RS256", head("PS256"), good), keyOf("RSA", ""), ReasonSignature},
		{"signs with HS256 and the public key", signed("ES256", head("HS256"), good), keyOf("P-256", ""), ReasonAlgorithm},
		{"says none", b64(head("none")) + "." + b64(good) + ".", keyOf("P-256", ""), ReasonAlgorithm},
		{"signs with ES512, which nobody allows", signed("ES384", head("ES512"), good), keyOf("P-384", ""), ReasonAlgorithm},
		{"signs in DER", es256[:cut] + b64(string(der)), keyOf("P-256", ""), ReasonSignature},
		{"signs with zeros (CVE-2022-21449)", es256[:cut] + b64(string(make([]byte, 64))), keyOf("P-256", ""), ReasonSignature},
		{"swaps r and s", es256[:cut] + b64(string(swapped)), keyOf("P-256", ""), ReasonSignature},
		{"adds a byte", es256[:cut] + b64(string(signature)+"\x00"), keyOf("P-256", ""), ReasonSignature},
		{"cuts a byte", es256[:cut] + b64(string(signature[:63])), keyOf("P-256", ""), ReasonSignature},
		{"brings an elliptic key of its own along", signed("ES256", `{"alg":"ES256","kid":"k1","jwk":`+keyOf("P-256", "")+`}`, good), keyOf("P-384", ""), "decision 3"},
	} {
		if got := judge(c.token, c.key, allowed...); got != c.reason {
			t.Errorf("who %s: %q, want %q", c.power, got, c.reason)
		}
	}
}

// TestAlgorithmOfItsIssuer: what one issuer may sign with is nothing to another.
func TestAlgorithmOfItsIssuer(t *testing.T) {
	one, two := &Verifier{Issuer: issuer}, &Verifier{Issuer: "https://two.example", Algorithms: []string{"EdDSA", "PS256"}}
	for algorithm, want := range map[string]string{"RS256": "", "EdDSA": ReasonAlgorithm, "PS256": ReasonAlgorithm, "ES256": ReasonAlgorithm} {
		text := signed(algorithm, `{"alg":"`+algorithm+`","kid":"k1"}`, good)
		for _, all := range [][]*Verifier{{one, two}, {two, one}} {
			if _, v, err := ParseAny(text, all...); reasonOf(err) != want || err == nil && v != one {
				t.Errorf("%s: %q, want %q", algorithm, reasonOf(err), want)
			}
		}
		if _, _, err := ParseAny(text, two); err == nil || err.Reason != ReasonIssuer && err.Reason != ReasonAlgorithm {
			t.Errorf("%s, where its issuer is not trusted: %v", algorithm, err)
		}
	}
	if _, _, err := ParseAny(sign(rs256, good)); reasonOf(err) != ReasonAlgorithm {
		t.Errorf("where no issuer is trusted: %v", err)
	}
}

// TestEllipticKeys: a set's keys of other kinds are skipped, and do not make it unusable.
func TestEllipticKeys(t *testing.T) {
	short := strings.Replace(keyOf("P-256", `,"kid":"s"`), `"x":"`, `"x":"AA`, 1)
	for _, c := range []struct {
		what, keys string
		allowed    []string
		usable     []string
		leftOut    int
	}{
		{"one of each kind", keyOf("RSA", `,"kid":"r"`) + "," + keyOf("P-256", `,"kid":"e"`) + "," + keyOf("Ed25519", `,"kid":"d"`), []string{"RS256", "ES256", "EdDSA"}, []string{"d", "e", "r"}, 0},
		{"those of other kinds", keyOf("RSA", `,"kid":"r"`) + "," + keyOf("P-256", `,"kid":"e"`) + "," + keyOf("P-384", `,"kid":"f"`), []string{"ES256"}, []string{"e"}, 0},
		{"a curve that nobody knows", `{"kty":"EC","crv":"secp256k1","kid":"k","x":"AA","y":"AA"},` + keyOf("P-256", `,"kid":"e"`), []string{"ES256"}, []string{"e"}, 0},
		{"X25519, which signs nothing", `{"kty":"OKP","crv":"X25519","kid":"k","x":"AA"},` + keyOf("Ed25519", `,"kid":"d"`), []string{"EdDSA"}, []string{"d"}, 0},
		{"a post-quantum key", `{"kty":"AKP","alg":"ML-DSA-44","kid":"k","pub":"AA"},` + keyOf("Ed25519", `,"kid":"d"`), []string{"EdDSA"}, []string{"d"}, 0},
		{"a coordinate of another length", short + "," + keyOf("P-256", `,"kid":"e"`), []string{"ES256"}, []string{"e"}, 1},
		{"a key for agreement", keyOf("P-256", `,"kid":"a","use":"enc"`) + "," + keyOf("P-256", `,"kid":"e"`), []string{"ES256"}, []string{"e"}, 0},
		{"a key for agreement, by its alg", keyOf("P-256", `,"kid":"a","alg":"ECDH-ES"`) + "," + keyOf("P-256", `,"kid":"e"`), []string{"ES256"}, []string{"e"}, 0},
		{"two kinds under one name", keyOf("RSA", `,"kid":"e"`) + "," + keyOf("P-256", `,"kid":"e"`), []string{"ES256"}, []string{"e"}, 0},
		{"two kinds under one name, both allowed", keyOf("RSA", `,"kid":"e"`) + "," + keyOf("P-256", `,"kid":"e"`) + "," + keyOf("RSA", `,"kid":"r"`), []string{"RS256", "ES256"}, []string{"r"}, 1},
	} {
		keys, leftOut, err := readKeySet([]byte(`{"keys":[`+c.keys+`]}`), c.allowed)
		var usable []string
		for id, key := range keys {
			usable = append(usable, id)
			if strings.Contains(string(key.JWK), `"d":`) {
				t.Errorf("%s: a private half: %s", c.what, key.JWK)
			}
		}
		slices.Sort(usable)
		if err != nil || leftOut != c.leftOut || !slices.Equal(usable, c.usable) {
			t.Errorf("%s: %v, %d left out, %v", c.what, usable, leftOut, err)
		}
	}
	private := strings.Replace(keyOf("P-256", ""), "{", `{"d":"c2VjcmV0",`, 1)
	if key, err := PublicKey([]byte(private), "ES256"); err != nil || strings.Contains(string(key.JWK), "c2VjcmV0") {
		t.Errorf("%s, %v", key.JWK, err)
	}
}
