//go:build !js

package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// signer is an issuer with one key of each kind, which says where they are.
type signer struct {
	*httptest.Server
	rsa        *rsa.PrivateKey
	p256, p384 *ecdsa.PrivateKey
	ed         ed25519.PrivateKey
	asked      atomic.Int64
	silent     atomic.Bool
}

func text64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func startSigner(t testing.TB) *signer {
	t.Helper()
	s := &signer{}
	var err error
	s.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	s.p256, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	s.p384, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(err)
	_, s.ed, err = ed25519.GenerateKey(rand.Reader)
	check(err)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *signer) serve(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if s.silent.Load() {
		<-r.Context().Done()
		return
	}
	point := func(k *ecdsa.PrivateKey, size int) string {
		return `"x":"` + text64(k.X.FillBytes(make([]byte, size))) + `","y":"` + text64(k.Y.FillBytes(make([]byte, size))) + `"`
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, s.URL, s.URL+"/keys")
	case "/keys":
		n := text64(s.rsa.N.Bytes())
		fmt.Fprint(w, `{"keys":[{"kty":"RSA","kid":"rsa","n":"`+n+`","e":"AQAB"},{"kty":"EC","crv":"P-256","kid":"p256",`+point(s.p256, 32)+`},`+
			`{"kty":"EC","crv":"P-384","kid":"p384","alg":"ES384",`+point(s.p384, 48)+`},{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"`+text64(s.ed.Public().(ed25519.PublicKey))+`"},`+
			`{"kty":"EC","crv":"P-256","kid":"off","x":"`+text64(make([]byte, 32))+`","y":"`+text64(make([]byte, 32))+`"},`+
			`{"kty":"OKP","crv":"Ed25519","kid":"edalg","alg":"EdDSA","use":"sig","key_ops":["verify"],"x":"`+text64(s.ed.Public().(ed25519.PublicKey))+`"},{"kty":"AKP","alg":"ML-DSA-65","kid":"pq"}]}`)
	default:
		http.NotFound(w, r)
	}
}

// token signs with an algorithm, under any key's name. "PS256 by RS256" says one, and signs with the other.
func (s *signer) token(algorithm, kid, user string, more ...string) string {
	now := time.Now().Unix()
	said, other, both := strings.Cut(algorithm, " by ")
	if algorithm = said; both {
		algorithm = other
	}
	input := text64([]byte(`{"alg":"`+said+`","kid":"`+kid+`"}`)) + "." +
		text64(fmt.Appendf(nil, `{"iss":%q,"sub":%q,"aud":"web","iat":%d,"exp":%d%s}`, s.URL, user, now, now+600, strings.Join(more, "")))
	if algorithm == "EdDSA" {
		return input + "." + text64(ed25519.Sign(s.ed, []byte(input)))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	digest := hash.New()
	digest.Write([]byte(input))
	sum := digest.Sum(nil)
	var signature []byte
	var err error
	switch algorithm[:2] {
	case "RS":
		signature, err = rsa.SignPKCS1v15(nil, s.rsa, hash, sum)
	case "PS":
		signature, err = rsa.SignPSS(rand.Reader, s.rsa, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	default:
		key, size := s.p256, 32
		if algorithm == "ES384" {
			key, size = s.p384, 48
		}
		a, b, failed := ecdsa.Sign(rand.Reader, key, sum)
		signature, err = append(a.FillBytes(make([]byte, size)), b.FillBytes(make([]byte, size))...), failed
	}
	check(err)
	return input + "." + text64(signature)
}

// TestAlgorithms: WebCrypto checks each algorithm that the deployment names, and what is forged fails there or
// before. Power of the attacker: writes any header and any signature, and knows all public keys.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	i := startSigner(t)
	s := start(t, map[string]string{
		"EMBEDDED_ISSUER": "", "ISSUER": i.URL, "AUDIENCE": "web", "SUBJECT_CLAIM": "sub",
		"ALGORITHMS": "RS256, RS384 RS512, PS256 PS384 PS512 ES256 ES384 EdDSA", "CONNECTS_PER_IP_PER_MIN": "0",
	})
	const user = "usr_owner"
	for _, c := range [][2]string{
		{"RS256", "rsa"}, {"RS384", "rsa"}, {"RS512", "rsa"}, {"PS256", "rsa"}, {"PS384", "rsa"}, {"PS512", "rsa"},
		{"ES256", "p256"}, {"ES384", "p384"}, {"EdDSA", "ed"}, {"EdDSA", "edalg"},
	} {
		for range 2 { // the second time the key is imported already
			if said, _ := s.attempt(i.token(c[0], c[1], user)); said != "" {
				t.Errorf("%s with %s: %s", c[0], c[1], said)
			}
		}
	}
	// Claims that nest as deep as they may.
	if said, _ := s.attempt(i.token("EdDSA", "ed", user, `,"deep":`+strings.Repeat(`{"a":[`, 15)+"1"+strings.Repeat("]}", 15))); said != "" {
		t.Errorf("deep claims: %s", said)
	}
	parts := strings.Split(i.token("ES256", "p256", user), ".")
	raw, _ := base64.RawURLEncoding.DecodeString(parts[2])
	with := func(signature []byte) string { return parts[0] + "." + parts[1] + "." + text64(signature) }
	order := elliptic.P256().Params().N
	const invalid, unfit = "401 AUTHENTICATION_FAILED signature_invalid", "401 AUTHENTICATION_FAILED algorithm_not_allowed"
	for power, c := range map[string][2]string{
		"signs with zeros":                      {with(make([]byte, 64)), invalid},
		"signs with r = s = n":                  {with(append(order.Bytes(), order.Bytes()...)), invalid},
		"signs with r = 1, s = 1":               {with(append(append(make([]byte, 31), 1), append(make([]byte, 31), 1)...)), invalid},
		"swaps r and s":                         {with(append(append([]byte{}, raw[32:]...), raw[:32]...)), invalid},
		"signs in DER":                          {with(append(append([]byte{0x30, 68, 2, 32}, raw[:32]...), append([]byte{2, 32}, raw[32:]...)...)), invalid},
		"names another key of the curve":        {i.token("ES256", "off", user), invalid},
		"says RS256 of the P-256 key":           {i.token("RS256 by ES256", "p256", user), unfit},
		"says ES256 of the RSA key":             {i.token("ES256", "rsa", user), unfit},
		"says ES256 of the P-384 key":           {i.token("ES256", "p384", user), unfit},
		"says EdDSA of the P-256 key":           {i.token("EdDSA", "p256", user), unfit},
		"says PS256 of a PKCS #1 signature":     {i.token("PS256 by RS256", "rsa", user), invalid},
		"changes a claim under EdDSA":           {swap(i.token("EdDSA", "ed", "x"), i.token("EdDSA", "ed", user)), invalid},
		"changes a claim under PS512":           {swap(i.token("PS512", "rsa", "x"), i.token("PS512", "rsa", user)), invalid},
		"names a key that nobody can use":       {i.token("EdDSA", "pq", user), "503 SERVICE_UNAVAILABLE key_not_known_yet"},
		"says RS384 of an RS256 signature":      {i.token("RS384 by RS256", "rsa", user), invalid},
		"says HS256, keyed with a public key":   {hs256(i, user), unfit},
		"signs with Ed25519 and adds the order": {malleable(i.token("EdDSA", "ed", user)), invalid},
	} {
		if said, _ := s.attempt(c[0]); said != c[1] {
			t.Errorf("who %s: %q, want %q", power, said, c[1])
		}
	}

	// A deployment that names no algorithm takes RS256 alone.
	s = start(t, map[string]string{"EMBEDDED_ISSUER": "", "ISSUER": i.URL, "AUDIENCE": "web", "SUBJECT_CLAIM": "sub"})
	s.expectAnswer(i.token("RS256", "rsa", user), "")
	for _, c := range [][2]string{{"ES256", "p256"}, {"EdDSA", "ed"}, {"PS256", "rsa"}, {"RS512", "rsa"}} {
		s.expectAnswer(i.token(c[0], c[1], user), unfit)
	}
}

// swap puts the signature of one token under the claims of another.
func swap(of, under string) string {
	return under[:strings.LastIndexByte(under, '.')] + of[strings.LastIndexByte(of, '.'):]
}

func hs256(i *signer, user string) string {
	token := i.token("RS256", "rsa", user)
	_, body, _ := strings.Cut(token, ".")
	return text64([]byte(`{"alg":"HS256","kid":"rsa"}`)) + "." + body
}

// malleable adds the group's order to the second half of an Ed25519 signature (RFC 8032, section 8.4).
func malleable(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	b, err := base64.RawURLEncoding.DecodeString(token[at:])
	check(err)
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
	carry := 0
	for i := range 32 {
		sum := int(b[32+i]) + int(order[i]) + carry
		b[32+i], carry = byte(sum), sum>>8
	}
	return token[:at] + text64(b)
}

// TestIssuersAlone: the list may be one of wrangler.toml's own, and hold all issuers that there are.
func TestIssuersAlone(t *testing.T) {
	t.Parallel()
	i := startSigner(t)
	list := []map[string]any{{"issuer": i.URL, "audience": []string{"web"}, "algorithms": []string{"RS256", "EdDSA"}}}
	s := &server{Server: harness.StartWith(t, map[string]any{"EMBEDDED_ISSUER": "", "ISSUER": "", "ISSUERS": list}, nil)}
	s.expectAnswer(i.token("EdDSA", "ed", "usr_owner"), "")
	s.expectAnswer(i.token("RS256", "rsa", "usr_owner"), "")
	s.expectAnswer(newForger().token(func(_, _ map[string]any) {}), "401 AUTHENTICATION_FAILED issuer_mismatch")
	if status, body, _ := s.Request("GET", "/healthz", "", nil); status != 200 {
		t.Errorf("healthz: HTTP %d %s", status, body)
	}

	// A list with a mistake lets nobody in.
	list[0]["audiance"] = "web"
	s = &server{Server: harness.StartWith(t, map[string]any{"ISSUERS": list}, nil)}
	s.expectAnswer(s.Login("owner"), "503 SERVICE_UNAVAILABLE issuers_unusable")
	if status, body, _ := s.Request("GET", "/healthz", "", nil); status != 503 || !strings.Contains(string(body), "number 1 has a member") {
		t.Errorf("healthz: HTTP %d %s", status, body)
	}
	if logs := s.Logs(); strings.Count(logs, `"not_configured"`) != 1 || strings.Contains(logs, "127.0.0.1") {
		t.Errorf("the log says %s", logs)
	}
}

// TestSeveralIssuers: two issuers beside the embedded one. Power of the attacker: all of one of them. It makes itself
// nobody of the other, and nobody of ours.
func TestSeveralIssuers(t *testing.T) {
	t.Parallel()
	a, b, c := startSigner(t), startSigner(t), startSigner(t)
	list, err := json.Marshal([]map[string]any{
		{"issuer": a.URL, "audience": "web", "user_prefix": "a:"},
		{"issuer": b.URL, "audience": []string{"web", "phone"}, "user_prefix": "b:", "algorithms": "EdDSA"},
		{"issuer": c.URL, "audience": "web", "same_users_as": a.URL},
	})
	check(err)
	s := start(t, map[string]string{"ISSUERS": string(list), "ISSUER": "https://api.materi.dev", "CONNECTS_PER_IP_PER_MIN": "0"})
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/a:alice", `{"role":"member"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/b:alice", `{"role":"member"}`)

	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	alice := s.connect(dialling{document: "welcome", clientID: "c1", token: a.token("RS256", "rsa", "alice")})
	other := s.connect(dialling{document: "welcome", clientID: "c1", token: b.token("EdDSA", "ed", "alice")})
	for who, want := range map[*conn]string{owner: "usr_owner", alice: "a:alice", other: "b:alice"} {
		if user := who.ack.text("user_id"); user != want {
			t.Errorf("connected as %q, want %q", user, want)
		}
	}

	s.expectAnswer(a.token("EdDSA", "ed", "alice"), "401 AUTHENTICATION_FAILED algorithm_not_allowed")
	s.expectAnswer(swap(a.token("RS256", "rsa", "alice"), c.token("RS256", "rsa", "alice")), "401 AUTHENTICATION_FAILED signature_invalid")
	s.expectAnswer(startSigner(t).token("RS256", "rsa", "alice"), "401 AUTHENTICATION_FAILED issuer_mismatch")
	f := newForger()
	s.expectAnswer(f.token(func(_, claims map[string]any) { claims["user_id"] = "a:alice" }), "401 AUTHENTICATION_FAILED subject_of_another_issuer")

	// On an open connection only a token of the same user counts: of the same issuer, or of one that shares its users.
	replace := func(token string) string {
		alice.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, token))
		for {
			switch f := alice.expectAny(); {
			case f.Event == "token_refreshed":
				return ""
			case f.Event == "error":
				details, _ := f.Data["details"].(map[string]any)
				return fmt.Sprint(details["reason"])
			}
		}
	}
	for token, want := range map[string]string{
		a.token("RS256", "rsa", "alice"):   "",
		c.token("RS256", "rsa", "alice"):   "",
		b.token("EdDSA", "ed", "alice"):    "subject_mismatch",
		a.token("RS256", "rsa", "mallory"): "subject_mismatch",
		s.Login("editor"):                  "subject_mismatch",
	} {
		if said := replace(token); said != want {
			t.Errorf("a token in place is answered %q, want %q", said, want)
		}
	}

	// One of them hangs. Its own users wait; the others connect as quickly as ever.
	c.silent.Store(true)
	fresh := start(t, map[string]string{"ISSUERS": string(list), "ISSUER": "https://api.materi.dev"})
	fresh.must("PUT", "/v1/admin/workspaces/ws_demo/members/a:alice", `{"role":"member"}`)
	before, waiting := c.asked.Load(), make(chan string, 1)
	go func() {
		said, _ := fresh.in(t).attempt(c.token("RS256", "rsa", "alice"))
		waiting <- said
	}()
	for c.asked.Load() == before {
		time.Sleep(5 * time.Millisecond)
	}
	fresh.expectAnswer(a.token("RS256", "rsa", "alice"), "")
	select {
	case <-waiting:
		t.Fatal("a user of another issuer waited for the one that hangs")
	default:
	}
	if said := <-waiting; said != "503 SERVICE_UNAVAILABLE keys_unavailable" {
		t.Errorf("its own is answered %q", said)
	}
	if logs := fresh.Logs(); !strings.Contains(logs, `"issuer":"`+c.URL+`"`) || !strings.Contains(logs, "discovery_failed") {
		t.Errorf("the log says %s", logs)
	}
}
