package token

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestWycheproof runs Project Wycheproof's signatures: forged paddings, moved bytes, numbers of
// zero or beyond the curve's order, other algorithms, keys for other purposes. We accept what it
// calls valid where the deployment allows the key's algorithm, and nothing else. Go's packages
// stand in for WebCrypto here; both implement RFC 8017, section 8, and FIPS 186-5, section 6.
func TestWycheproof(t *testing.T) {
	for _, c := range []struct {
		file          string
		allowed       []string
		taken, refuse int // at least
	}{
		{"json_web_signature_rsa.json", nil, 7, 200},
		{"json_web_signature_rsa.json", []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}, 25, 190},
		{"json_web_signature_ec.json", nil, 0, 40},
		{"json_web_signature_ec.json", []string{"RS256", "ES256"}, 2, 38},
		{"json_web_signature_ec.json", []string{"ES384", "EdDSA"}, 0, 40},
	} {
		raw, err := os.ReadFile("testdata/wycheproof/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []struct {
			Comment string
			Public  json.RawMessage
			Tests   []struct {
				ID           int `json:"tcId"`
				Comment, JWS string
				Result       string
			}
		}
		if err := json.Unmarshal(raw, &groups); err != nil {
			t.Fatal(err)
		}
		taken, refused := 0, 0
		for _, g := range groups {
			var public struct{ Alg string }
			json.Unmarshal(g.Public, &public)
			for _, one := range g.Tests {
				// Two of RFC 7520's tokens have another algorithm than their keys.
				want := one.Result == "valid" && allows(c.allowed, public.Alg) && algorithmOf(one.JWS) == public.Alg
				if got := holds(g.Public, one.JWS, c.allowed); got != want {
					t.Errorf("%v: %s, test %d (%s): taken %v, want %v", c.allowed, g.Comment, one.ID, one.Comment, got, want)
				}
				if want {
					taken++
				} else {
					refused++
				}
			}
		}
		if taken < c.taken || refused < c.refuse {
			t.Errorf("%s, %v: only %d to take and %d to refuse: are the vectors all there?", c.file, c.allowed, taken, refused)
		}
	}
}

// holds reports how a signed text and a key are judged, claims aside.
func holds(jwk []byte, jws string, allowed []string) bool {
	key, err := PublicKey(jwk, allowed...)
	if err != nil {
		return false
	}
	tok, _, refusal := dissect(jws, func(name string) bool { return allows(allowed, name) })
	if refusal != nil {
		return false
	}
	key, decision, _ := NewStatic(key).Lookup(tok, false, now)
	return decision == Use && webCrypto(key, tok)
}

// algorithmOf returns what a text's header says.
func algorithmOf(jws string) string {
	head, _, _ := strings.Cut(jws, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(head)
	var header struct{ Alg string }
	json.Unmarshal(raw, &header)
	return header.Alg
}
