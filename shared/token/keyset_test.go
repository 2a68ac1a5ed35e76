package token

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

func modulus(bits int) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return base64.RawURLEncoding.EncodeToString(n.Add(n, big.NewInt(1)).Bytes())
}

func jwk(kid string) string {
	return fmt.Sprintf(`{"kty":"RSA","use":"sig","alg":"RS256","kid":%q,"n":%q,"e":"AQAB"}`, kid, modulus(2048))
}

// other returns a key other than jwk's, under the same name.
func other(kid string) string { return strings.Replace(jwk(kid), modulus(2048), modulus(3072), 1) }

func set(kids ...string) []byte {
	var keys []string
	for _, kid := range kids {
		keys = append(keys, jwk(kid))
	}
	return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`)
}

func TestPublicKey(t *testing.T) {
	n := modulus(2048)
	for _, c := range []struct {
		what, jwk string
		ok        bool
	}{
		{"a public key", jwk("a"), true},
		{"no use, alg or kid", `{"kty":"RSA","n":"` + n + `","e":"AQAB"}`, true},
		{"a private key", `{"kty":"RSA","n":"` + n + `","e":"AQAB","d":"c2VjcmV0","kid":"a"}`, true},
		{"leading zeros", `{"kty":"RSA","n":"` + n + `","e":"AAEAAQ"}`, true},
		{"an HMAC secret", `{"kty":"oct","k":"c2VjcmV0"}`, false},
		{"no kty", `{"n":"` + n + `","e":"AQAB"}`, false},
		{"for encryption", `{"kty":"RSA","use":"enc","n":"` + n + `","e":"AQAB"}`, false},
		{"of another algorithm", `{"kty":"RSA","alg":"RS512","n":"` + n + `","e":"AQAB"}`, false},
		{"2047 bits", `{"kty":"RSA","n":"` + modulus(2047) + `","e":"AQAB"}`, false},
		{"2047 bits behind a zero", `{"kty":"RSA","n":"AAAA` + modulus(2047) + `","e":"AQAB"}`, false},
		{"8193 bits", `{"kty":"RSA","n":"` + modulus(8193) + `","e":"AQAB"}`, false},
		{"e = 1", `{"kty":"RSA","n":"` + n + `","e":"AQ"}`, false},
		{"an even e", `{"kty":"RSA","n":"` + n + `","e":"AQAA"}`, false},
		{"no e", `{"kty":"RSA","n":"` + n + `"}`, false},
		{"n that is no base64url", `{"kty":"RSA","n":"+++","e":"AQAB"}`, false},
		{"a number as kid", `{"kty":"RSA","kid":1,"n":"` + n + `","e":"AQAB"}`, false},
		{"not JSON", `{"kty":"RSA"`, false},
	} {
		key, err := PublicKey([]byte(c.jwk))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
		if strings.Contains(string(key.JWK), "c2VjcmV0") || strings.Contains(string(key.JWK), `"d"`) {
			t.Errorf("%s: the private half came through: %s", c.what, key.JWK)
		}
	}
	a, _ := PublicKey([]byte(jwk("a")))
	b, _ := PublicKey([]byte(` {"e":"AQAB", "kid":"a","n":"` + n + `","kty":"RSA"} `))
	if string(a.JWK) != string(b.JWK) {
		t.Errorf("one key, two spellings:\n%s\n%s", a.JWK, b.JWK)
	}
}

func TestReadKeySet(t *testing.T) {
	kids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprint("k", i))
		}
		return out
	}
	for _, c := range []struct {
		what string
		jwks string
		keys int // 0: an error
	}{
		{"two keys", string(set("a", "b")), 2},
		{"one of them for encryption", `{"keys":[` + jwk("a") + `,` + strings.Replace(jwk("b"), "sig", "enc", 1) + `]}`, 1},
		{"one of them an EC key", `{"keys":[` + jwk("a") + `,{"kty":"EC","kid":"b"}]}`, 1},
		{"one of them without a kid", `{"keys":[` + jwk("a") + `,` + strings.Replace(jwk(""), `"kid":"",`, "", 1) + `]}`, 1},
		{"the same key twice", string(set("a", "a")), 1},
		{"two keys of one name", `{"keys":[` + jwk("a") + `,` + strings.Replace(jwk("a"), modulus(2048), modulus(3072), 1) + `]}`, 0},
		{"two keys of one name beside a good one", `{"keys":[` + jwk("a") + `,` + other("a") + `,` + jwk("b") + `]}`, 1},
		{"three keys of one name, two of them the same", `{"keys":[` + jwk("a") + `,` + other("a") + `,` + jwk("a") + `,` + jwk("b") + `]}`, 1},
		{"one of them without a modulus", `{"keys":[{"kty":"RSA","kid":"b","e":"AQAB"},` + jwk("a") + `]}`, 1},
		{"one of them null, a text, a list", `{"keys":[null,"b",[],` + jwk("a") + `]}`, 1},
		{"one of them deep", `{"keys":[{"kty":"RSA","kid":"b","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `},` + jwk("a") + `]}`, 1},
		{"one of them of the same name, for encryption", `{"keys":[` + jwk("a") + `,` + strings.Replace(other("a"), "sig", "enc", 1) + `]}`, 1},
		{"40 keys of another kind, and one", `{"keys":[` + strings.Repeat(`{"kty":"EC","kid":"b"},`, 40) + jwk("a") + `]}`, 1},
		{"32 keys", string(set(kids(32)...)), 32},
		{"33 keys", string(set(kids(33)...)), 0},
		{"no usable key", `{"keys":[{"kty":"oct","kid":"a"}]}`, 0},
		{"no keys", `{"keys":[]}`, 0},
		{"an error page", `<html>`, 0},
		{"64 KiB and more", string(set("a")) + strings.Repeat(" ", KeySetBytes), 0},
	} {
		keys, _, err := readKeySet([]byte(c.jwks), nil)
		if len(keys) != c.keys || (err == nil) != (c.keys > 0) {
			t.Errorf("%s: %d keys, %v", c.what, len(keys), err)
		}
	}
}

// TestKeysLeftOut: the operator learns of keys that the issuer meant for us and that are unusable,
// and of no others.
func TestKeysLeftOut(t *testing.T) {
	for jwks, want := range map[string]int{
		string(set("a", "b", "a")): 0,
		`{"keys":[` + jwk("a") + `,{"kty":"EC","kid":"b"},null,{},` + strings.Replace(jwk("c"), "sig", "enc", 1) + `]}`: 0,
		`{"keys":[` + jwk("a") + `,` + strings.Replace(jwk("c"), "RS256", "RS512", 1) + `]}`:                            0,
		`{"keys":[` + jwk("a") + `,` + jwk("b") + `,` + other("b") + `]}`:                                               1,
		`{"keys":[` + jwk("a") + `,{"kty":"RSA","kid":"b","e":"AQAB"},{"kty":"RSA","kid":7}]}`:                          2,
	} {
		if _, n, err := readKeySet([]byte(jwks), nil); n != want || err != nil {
			t.Errorf("%.60s…: %d, %v, want %d", jwks, n, err, want)
		}
	}
}

// TestKeySetLife tells the life of one key set in steps of its clock.
func TestKeySetLife(t *testing.T) {
	s, at := NewFetched(Ages{}), now
	wait := func(kid string, d Decision, w time.Duration) {
		t.Helper()
		key, got, wait := s.Lookup(naming(kid), false, at)
		if got != d || (got == Use) != (key.ID == kid && key.JWK != nil) || wait != w {
			t.Fatalf("%s after %v: decision %d, wait %v, want %d, %v", kid, at.Sub(now), got, wait, d, w)
		}
	}
	want := func(kid string, d Decision) {
		t.Helper()
		wait(kid, d, 0)
	}
	unknown := func(kid string) { // after a fetch for this token
		t.Helper()
		if _, got, _ := s.Lookup(naming(kid), true, at); got != Unknown {
			t.Fatalf("%s, fetched: decision %d, want Unknown", kid, got)
		}
	}
	want("", Unknown)
	want("a", Fetch)
	s.Failed(at)
	wait("a", Unavailable, FailureCooldown)
	at = at.Add(time.Second)
	wait("a", Unavailable, FailureCooldown-time.Second)
	at = at.Add(FailureCooldown)
	want("a", Fetch)
	if _, err := s.Load(set("a"), at); err != nil {
		t.Fatal(err)
	}
	want("a", Use)
	wait("../../etc/passwd", NotYet, UnknownCooldown) // just loaded: an invented name causes no fetch
	at = at.Add(UnknownCooldown - time.Second)
	wait("b", NotYet, time.Second) // neither does one of the issuer's, but it is not called unknown
	at = at.Add(time.Second)
	want("b", Fetch) // the issuer has rotated its keys
	want("a", Use)
	s.Load(set("a", "b"), at)
	want("b", Use)
	wait("c", NotYet, UnknownCooldown)
	unknown("c")

	at = at.Add(Fresh)
	want("b", Fetch)
	want("b", Use) // a second caller does not wait for the fetch under way
	if _, err := s.Load([]byte("<html>"), at); err == nil {
		t.Fatal("an error page was loaded")
	}
	want("b", Use) // an old key is better than no sign-in
	wait("c", Unavailable, FailureCooldown)
	at = at.Add(Stale)
	want("b", Fetch)
	s.Failed(at)
	wait("b", Unavailable, FailureCooldown) // but not for ever
	at = at.Add(FailureCooldown)
	want("b", Fetch)
	s.Load(set("b"), at)
	want("b", Use)
	unknown("a") // the issuer withdrew it

	at = at.Add(-time.Hour) // the clock is set back
	want("b", Fetch)
	s.Load(set("b"), at)
	wait("a", NotYet, UnknownCooldown)
}

// TestEverybodyWaitsForTheFetch: every caller that needs the set during a fetch waits for that
// fetch, the fifth as well as the hundredth. Nobody waits for ever for a fetch whose request died.
func TestEverybodyWaitsForTheFetch(t *testing.T) {
	s := NewFetched(Ages{})
	for range 100 {
		if _, d, _ := s.Lookup(naming("a"), false, now); d != Fetch {
			t.Fatalf("decision %d, want Fetch", d)
		}
	}
	s.Load(set("a"), now)
	at := now.Add(Fresh)
	want := func(d Decision) {
		t.Helper()
		if _, got, _ := s.Lookup(naming("a"), false, at); got != d {
			t.Fatalf("after %v: decision %d, want %d", at.Sub(now), got, d)
		}
	}
	want(Fetch)
	want(Use)
	at = at.Add(FetchLimit + time.Second)
	want(Fetch)
	want(Use)
}

func TestStaticKey(t *testing.T) {
	key, err := PublicKey([]byte(jwk("a")))
	if err != nil {
		t.Fatal(err)
	}
	s := NewStatic(key)
	for kid, want := range map[string]Decision{"a": Use, "": Use, "b": Unknown} {
		if _, got, _ := s.Lookup(naming(kid), false, now.Add(24*time.Hour)); got != want {
			t.Errorf("%q: %d, want %d", kid, got, want)
		}
	}
}

// naming returns a token that names a key.
func naming(kid string) *Token { return &Token{KeyID: kid, Algorithm: Algorithm} }
