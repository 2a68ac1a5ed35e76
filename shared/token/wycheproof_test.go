package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"testing"
)

// TestWycheproof runs Project Wycheproof's signatures with RSA keys: forged paddings, moved
// bytes, other algorithms, keys for other purposes. We accept what it calls valid where that is
// RS256, and nothing else. crypto/rsa stands in for WebCrypto here; both implement RFC 8017,
// section 8.2.2.
func TestWycheproof(t *testing.T) {
	raw, err := os.ReadFile("testdata/wycheproof/json_web_signature_rsa.json")
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
		for _, c := range g.Tests {
			want := c.Result == "valid" && public.Alg == Algorithm
			if got := holds(g.Public, c.JWS); got != want {
				t.Errorf("%s, test %d (%s): taken %v, want %v", g.Comment, c.ID, c.Comment, got, want)
			}
			if want {
				taken++
			} else {
				refused++
			}
		}
	}
	if taken < 7 || refused < 200 {
		t.Errorf("only %d to take and %d to refuse: are the vectors all there?", taken, refused)
	}
}

// holds reports how a signed text and a key are judged, claims aside.
func holds(jwk []byte, jws string) bool {
	key, err := PublicKey(jwk)
	if err != nil {
		return false
	}
	tok, _, refusal := dissect(jws)
	if refusal != nil {
		return false
	}
	key, decision, _ := NewStatic(key).Lookup(tok.KeyID, false, now)
	if decision != Use {
		return false
	}
	var public struct{ N, E string }
	if json.Unmarshal(key.JWK, &public) != nil {
		return false
	}
	number := func(s string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return new(big.Int).SetBytes(b)
	}
	sum := sha256.Sum256([]byte(tok.Input))
	signature, _ := base64.RawURLEncoding.DecodeString(tok.Signature)
	return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: number(public.N), E: int(number(public.E).Int64())}, crypto.SHA256, sum[:], signature) == nil
}
