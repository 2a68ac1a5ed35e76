//go:build !js

package e2e

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// S1: "Alex logs in with their email/password" and "App receives a coreToken(JWT) that
// identifies Alex".
func TestIssuer(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	jar, err := cookiejar.New(nil)
	check(err)
	status, answer, header := s.Post(jar, "/auth/login", map[string]string{"email": "Owner@Example.com", "password": "holdfast-demo"})
	if status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 900.0 || answer["user_id"] != "usr_owner" {
		t.Fatalf("login: HTTP %d %v", status, answer)
	}
	cookie := header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/auth"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the refresh cookie lacks %s", want)
		}
	}

	// The claims are seed S2's.
	claims := claimsOf(t, answer["access_token"].(string))
	for _, name := range []string{"user_id", "email", "name", "workspace_ids", "permissions", "iat", "exp", "jti", "token_type", "iss"} {
		if claims[name] == nil {
			t.Errorf("the token has no %s", name)
		}
	}

	status, refreshed, _ := s.Post(jar, "/auth/refresh", nil)
	if status != 200 || refreshed["access_token"] == answer["access_token"] {
		t.Fatalf("refresh: HTTP %d", status)
	}
	base, _ := url.Parse(s.URL + "/auth/")
	if len(jar.Cookies(base)) != 2 { // the refresh token's, and the browser's
		t.Fatalf("after the refresh there are the cookies %v", jar.Cookies(base))
	}
	if status, _, _ := s.Post(jar, "/auth/logout", nil); status != 204 {
		t.Fatalf("logout: HTTP %d", status)
	}
	if status, _, _ := s.Post(jar, "/auth/refresh", nil); status != 401 {
		t.Fatalf("refresh after logout: HTTP %d, want 401", status)
	}
	for name, login := range map[string]map[string]string{
		"wrong password":  {"email": "owner@example.com", "password": "guess"},
		"unknown account": {"email": "nobody@example.com", "password": "holdfast-demo"},
	} {
		status, answer, _ := s.Post(nil, "/auth/login", login)
		if data, _ := answer["data"].(map[string]any); status != 401 || data["error_code"] != "AUTHENTICATION_FAILED" {
			t.Errorf("%s: HTTP %d %v", name, status, answer)
		}
	}

	response, err := http.Get(s.URL + "/.well-known/jwks.json")
	check(err)
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	var keys struct{ Keys []map[string]any }
	if json.Unmarshal(text, &keys) != nil || len(keys.Keys) == 0 || keys.Keys[0]["kty"] != "RSA" {
		t.Fatalf("jwks: %s", text)
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		if keys.Keys[0][private] != nil {
			t.Fatalf("the key set shows the private member %q", private)
		}
	}
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	check(err)
	var claims map[string]any
	check(json.Unmarshal(text, &claims))
	return claims
}

// forger makes tokens with the Worker's own key, which an attacker has not, to
// vary one thing at a time; and without it, as an attacker would.
type forger struct{ key *rsa.PrivateKey }

func newForger() forger {
	var jwk map[string]string
	check(json.Unmarshal([]byte(secrets["SIGNING_KEY"]), &jwk))
	number := func(name string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(jwk[name])
		check(err)
		return new(big.Int).SetBytes(b)
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}, D: number("d"), Primes: []*big.Int{number("p"), number("q")}}
	check(key.Validate())
	return forger{key}
}

func (forger) kid() string {
	var jwk map[string]string
	check(json.Unmarshal([]byte(secrets["SIGNING_KEY"]), &jwk))
	return jwk["kid"]
}

// public is the key as an issuer would publish it.
func (f forger) public(kid string) map[string]string {
	b64 := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	return map[string]string{"kty": "RSA", "kid": kid, "n": b64(f.key.N), "e": b64(big.NewInt(int64(f.key.E)))}
}

// token signs with change applied to header and claims that would be good.
func (f forger) token(change func(header, claims map[string]any)) string {
	now := time.Now().Unix()
	header := map[string]any{"alg": "RS256", "typ": "JWT", "kid": f.kid()}
	claims := map[string]any{"iss": "https://api.materi.dev", "user_id": "usr_owner", "iat": now, "exp": now + 900, "jti": "j1", "token_type": "access"}
	change(header, claims)
	part := func(v any) string {
		text, err := json.Marshal(v)
		check(err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	input := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, f.key, crypto.SHA256, sum[:])
	check(err)
	switch header["alg"] {
	case "none":
		signature = nil
	case "HS256": // keyed with what everybody can read
		mac := hmac.New(sha256.New, f.key.PublicKey.N.Bytes())
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	f := newForger()
	same := func(_, _ map[string]any) {}
	good := f.token(same)
	cases := []struct{ name, token, code, reason string }{
		{"expired", f.token(func(_, c map[string]any) { c["exp"] = time.Now().Unix() - 60; c["iat"] = time.Now().Unix() - 960 }), "TOKEN_EXPIRED", "token_expired"},
		{"forged with a key of the attacker's own", forgerOfStranger().token(same), "AUTHENTICATION_FAILED", "signature_invalid"},
		{"alg none", f.token(func(h, _ map[string]any) { h["alg"] = "none" }), "AUTHENTICATION_FAILED", "algorithm_not_allowed"},
		{"HS256 keyed with the public key", f.token(func(h, _ map[string]any) { h["alg"] = "HS256" }), "AUTHENTICATION_FAILED", "algorithm_not_allowed"},
		{"another issuer's", f.token(func(_, c map[string]any) { c["iss"] = "https://elsewhere.example" }), "AUTHENTICATION_FAILED", "issuer_mismatch"},
		{"without exp", f.token(func(_, c map[string]any) { delete(c, "exp") }), "AUTHENTICATION_FAILED", "claim_missing"},
		{"without a subject", f.token(func(_, c map[string]any) { delete(c, "user_id") }), "AUTHENTICATION_FAILED", "claim_missing"},
		{"a key id that walks the file system", f.token(func(h, _ map[string]any) { h["kid"] = "../../etc/passwd" }), "AUTHENTICATION_FAILED", ""},
		{"a key brought along", forgerOfStranger().token(func(h, _ map[string]any) { h["jwk"] = f.public(f.kid()); h["jku"] = s.URL + "/jwks.json" }), "AUTHENTICATION_FAILED", "signature_invalid"},
		{"a logout token", f.token(func(h, _ map[string]any) { h["typ"] = "logout+jwt" }), "AUTHENTICATION_FAILED", "wrong_token_type"},
		{"an extension that is critical", f.token(func(h, _ map[string]any) { h["crit"], h["b64"] = []string{"b64"}, false }), "AUTHENTICATION_FAILED", "token_malformed"},
		{"a payload said to be compressed", f.token(func(h, _ map[string]any) { h["zip"] = "DEF" }), "AUTHENTICATION_FAILED", "token_malformed"},
		{"exp as a string", f.token(func(_, c map[string]any) { c["exp"] = "9999999999" }), "AUTHENTICATION_FAILED", "token_malformed"},
		{"exp beyond any calendar", f.token(func(_, c map[string]any) { c["exp"] = 1e300 }), "AUTHENTICATION_FAILED", "token_malformed"},
		{"a user id nobody sees all of", f.token(func(_, c map[string]any) { c["user_id"] = "usr_\u200bowner" }), "AUTHENTICATION_FAILED", "token_malformed"},
		{"a byte behind the signature", good + "AA", "AUTHENTICATION_FAILED", "signature_invalid"},
		{"no signature", good[:strings.LastIndexByte(good, '.')+1], "AUTHENTICATION_FAILED", "token_malformed"},
		{"malformed", "not.a.token", "AUTHENTICATION_FAILED", ""},
		{"one claim changed after signing", tamper(good), "AUTHENTICATION_FAILED", "signature_invalid"},
		{"8 KiB and one byte", good + strings.Repeat("A", 8<<10+1-len(good)), "AUTHENTICATION_FAILED", "token_too_large"},
		{"none at all", "", "AUTHENTICATION_FAILED", ""},
	}
	for _, c := range cases {
		// A program sees the HTTP answer, a page only the socket's.
		for _, origin := range []string{"", s.URL} {
			carriage := "header"
			if origin != "" {
				carriage = "query"
			}
			name := c.name + map[bool]string{true: ", to a program", false: ", to a page"}[origin == ""]
			t.Run(name, func(t *testing.T) {
				s := s.in(t)
				conn, response, err := dialling{document: "welcome", clientID: "c1", token: c.token, origin: origin, carriage: carriage}.dial(s)
				var data map[string]any
				if origin == "" {
					if err == nil {
						t.Fatal("it was let in")
					}
					want := 401
					if response == nil || response.StatusCode != want {
						t.Fatalf("answered %v, want HTTP %d", response, want)
					}
					var body frame
					check(json.NewDecoder(response.Body).Decode(&body))
					data = body.Data
				} else {
					if err != nil {
						t.Fatalf("a page must receive a frame: %v", err)
					}
					data = conn.expectError(c.code).Data
					want := map[string]websocket.StatusCode{"AUTHENTICATION_FAILED": 4101, "TOKEN_EXPIRED": 4102}[c.code]
					if code := conn.expectClose(); code != want {
						t.Fatalf("closed with %d, want %d", code, want)
					}
				}
				details, _ := data["details"].(map[string]any)
				if data["error_code"] != c.code || c.reason != "" && details["reason"] != c.reason {
					t.Fatalf("received %v, want %s, %s", data, c.code, c.reason)
				}
				if data["recoverable"] != (c.code == "TOKEN_EXPIRED") || data["message"] == "" {
					t.Fatalf("not of seed S2's shape: %v", data)
				}
				if text, _ := json.Marshal(data); c.token != "" && strings.Contains(string(text), c.token) {
					t.Fatal("the answer repeats the token")
				}
			})
		}
	}
	if _, _, err := (dialling{document: "welcome", clientID: "c1", token: good}).dial(s); err != nil {
		t.Fatalf("the good token they all were made from is refused: %v", err)
	}
}

// tamper makes the viewer an owner in a signed token.
func tamper(token string) string {
	parts := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(err)
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "usr_owner", "usr_other", 1)))
	return strings.Join(parts, ".")
}

func TestForeignOriginIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c, _, err := dialling{document: "welcome", clientID: "c1", token: s.Login("owner"), origin: "https://evil.example"}.dial(s)
	if err != nil {
		t.Fatal(err)
	}
	c.expectError("ORIGIN_NOT_ALLOWED")
	if code := c.expectClose(); code != 4415 {
		t.Fatalf("closed with %d, want 4415", code)
	}
}

// What an operator can read must not let them in: no token, password or key is
// in anything the Worker logs, also when it refuses.
// S2: "Log authentication events - For security auditing".
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	good, forged := s.Login("owner"), forgerOfStranger().token(func(_, _ map[string]any) {})
	s.Post(nil, "/auth/login", map[string]string{"email": "owner@example.com", "password": "not-the-password"})
	for _, carriage := range []string{"query", "header", "protocol"} {
		c := s.connect(dialling{document: "welcome", clientID: "o-" + carriage, token: good, carriage: carriage})
		c.op("m-"+carriage, "text")
		dialling{document: "welcome", clientID: "o", token: forged, carriage: carriage}.dial(s)
	}
	logs := s.Logs()
	for _, event := range []string{`"connect_admitted"`, `"connect_refused"`, `"signature_invalid"`, `"usr_owner"`} {
		if !strings.Contains(logs, event) {
			t.Errorf("the log says nothing of %s", event)
		}
	}
	if strings.Contains(logs, `"text"`) {
		t.Error("an op is in the log")
	}
	for _, secret := range []string{strings.Split(good, ".")[1], strings.Split(forged, ".")[2], "not-the-password"} {
		if s.Leak(secret) == "" {
			t.Error("nobody looks for one of the secrets")
		}
	}
	// The rest is looked for when the server ends, as after every test.
}

// forgerOfStranger signs with a key that nobody trusts.
func forgerOfStranger() forger {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(err)
	return forger{key}
}
