package issuer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
	"github.com/holdfast-dev/holdfast/shared/signin"
	"github.com/holdfast-dev/holdfast/shared/token"
)

const (
	home     = "http://127.0.0.1:8787"
	password = "holdfast-demo"
	// newPassword is one that is good enough to be set.
	newPassword = "correct horse battery staple"
)

var (
	start  = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	})
)

type world struct {
	t       *testing.T
	now     time.Time
	store   *memory
	crypto  *native
	handler http.Handler
	// ended are the users whose connections were ended, and when; endFails makes
	// their session objects unreachable.
	ended    []string
	endFails bool
	// endedSignIns are the single sign-ins that were ended, and reasons why all of a user's were.
	endedSignIns, reasons []string
	accounts              *accounttest.Memory
	// lines holds the lines of the log.
	lines []string
}

func (w *world) End(_ context.Context, userID, signIn, reason string) error {
	if w.endFails {
		return errDown
	}
	if signIn != "" {
		w.endedSignIns = append(w.endedSignIns, userID+" "+signIn+" "+reason)
		return nil
	}
	w.reasons = append(w.reasons, reason)
	w.ended = append(w.ended, fmt.Sprintf("%s %d", userID, w.now.Unix()))
	return nil
}

func newWorld(t *testing.T, changes ...func(*Config)) *world {
	w := &world{t: t, now: start, crypto: &native{key: rsaKey()}}
	hash, _ := w.crypto.Derive(password, []byte("salt"), 10)
	w.crypto.derived = nil
	w.accounts = &accounttest.Memory{}
	w.store = &memory{
		accounts: w.accounts,
		users: map[string]User{"owner@example.com": {
			ID: "usr_owner", Email: "owner@example.com", Name: "Olive", Hash: hash, Salt: []byte("salt"), Iterations: Iterations,
		}},
		members: map[string][]Membership{"usr_owner": {{"ws_a", "viewer"}, {"ws_b", "member"}}},
		tokens:  map[string]*RefreshToken{},
		before:  map[string]func(){},
		buckets: map[string]*attempts{},
	}
	key, err := token.PublicKey([]byte(`{"kty":"RSA","kid":"k1","e":"AQAB","n":"` + b64(rsaKey().N.Bytes()) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Issuer: "https://api.materi.dev", AccessTTL: DefaultAccessTTL, RefreshTTL: DefaultRefreshTTL,
		Keys:     []token.Key{key},
		Sessions: w,
		Log:      func(line string) { w.lines = append(w.lines, line) },
		Origins:  access.ParseOrigins(home, ""),
		Now:      func() time.Time { return w.now },
		Random:   func(b []byte) { rand.Read(b) },
	}
	for _, change := range changes {
		change(&cfg)
	}
	w.handler = New(cfg, w.store, w.accounts, w.crypto)
	return w
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// answer is a response, decoded.
type answer struct {
	status        int
	header        http.Header
	cookie        *http.Cookie // the refresh token's; nil: none set
	device        *http.Cookie // the browser's; nil: none set
	body          string
	code, reason  string
	access, owner string
}

func (w *world) send(method, url, body string, edit func(*http.Request)) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	if edit != nil {
		edit(r)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	for _, c := range rec.Result().Cookies() {
		if strings.HasSuffix(c.Name, deviceCookieName) {
			a.device = c
		} else {
			a.cookie = c
		}
	}
	var frame struct {
		AccessToken string `json:"access_token"`
		UserID      string `json:"user_id"`
		Data        struct {
			Code    string `json:"error_code"`
			Details struct{ Reason string }
		}
	}
	if a.body != "" && json.Unmarshal(rec.Body.Bytes(), &frame) != nil {
		w.t.Fatalf("not JSON: %s", a.body)
	}
	a.code, a.reason, a.access, a.owner = frame.Data.Code, frame.Data.Details.Reason, frame.AccessToken, frame.UserID
	for _, secret := range []string{password, "secret-value", "hunter2", newPassword} {
		if strings.Contains(a.body+strings.Join(w.lines, ""), secret) {
			w.t.Errorf("an answer, or the log, holds a secret: %s %s", a.body, w.lines)
		}
	}
	w.described(r.URL.Path, a, body)
	if strings.Contains(strings.Join(w.lines, ""), "@") {
		w.t.Errorf("an e-mail is in the log: %s", w.lines)
	}
	return a
}

func (w *world) login(email, pass string) answer {
	body, _ := json.Marshal(map[string]string{"email": email, "password": pass})
	return w.send("POST", home+"/auth/login", string(body), asJSON)
}

func asJSON(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }

func (w *world) with(path, cookie string) answer {
	w.t.Helper()
	return w.send("POST", home+path, "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: cookie}) })
}

func (w *world) refresh(cookie string) answer { w.t.Helper(); return w.with("/auth/refresh", cookie) }

// S1: "Alex logs in with their email/password", "The app authenticates with our auth
// service" and "App receives a coreToken(JWT) that identifies Alex". S2: "Use
// short-lived tokens - 15 minute expiry recommended", “"iat": 1704067200, "exp": 1704068100”,
// “"token_type": "access"” and "Don't store tokens in localStorage - Use secure memory
// or httpOnly cookies".
func TestLogin(t *testing.T) {
	w := newWorld(t)
	a := w.login(" Owner@Example.com ", password)
	if a.status != 200 || a.owner != "usr_owner" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if !strings.Contains(a.body, `"token_type":"Bearer","expires_in":900,`) {
		t.Error(a.body)
	}
	c := a.cookie
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/auth" || c.Secure || c.MaxAge != 30*24*3600 || len(c.Value) != 74 {
		t.Errorf("cookie %+v", c)
	}
	if _, stored := w.store.tokens[c.Value]; stored || len(w.store.tokens) != 1 {
		t.Error("the refresh token itself is stored")
	}
	secure := w.send("POST", "https://127.0.0.1:8787/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`, asJSON)
	if s := secure.cookie; !s.Secure || s.Name != "__Host-holdfast_refresh" || s.Path != "/" || s.Domain != "" || !s.HttpOnly || s.SameSite != http.SameSiteStrictMode {
		t.Errorf("over https: %+v", s)
	}

	// The access token holds seed S2's claims and passes our own check.
	v := &token.Verifier{Issuer: "https://api.materi.dev"}
	parsed, refusal := v.Parse(a.access)
	if refusal != nil {
		t.Fatal(refusal)
	}
	sum := sha256.Sum256([]byte(parsed.Input))
	signature, _ := base64.RawURLEncoding.DecodeString(parsed.Signature)
	signed := rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, sum[:], signature) == nil
	claims, refusal := v.Validate(parsed, signed, w.now)
	if refusal != nil || claims.Subject != "usr_owner" || parsed.KeyID != "k1" || !claims.ExpiresAt.Equal(start.Add(DefaultAccessTTL)) {
		t.Errorf("%+v %v", claims, refusal)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.access, ".")[1])
	want := `{"user_id":"usr_owner","email":"owner@example.com","name":"Olive","workspace_ids":["ws_a","ws_b"],` +
		`"permissions":{"documents":["read","write","comment"],"workspaces":["read"]},"iat":1736244000,"exp":1736244900,` +
		`"jti":"` + claims.ID + `","token_type":"access","iss":"https://api.materi.dev","sub":"usr_owner","email_verified":true}`
	if string(payload) != want || len(claims.ID) != 24+1+22 || signin.Of(claims.ID) == "" {
		t.Errorf("got  %s\nwant %s", payload, want)
	}
}

// TestUnknownAccountLooksLikeWrongPassword: an attacker who tries e-mails learns from neither the
// answer nor the work which accounts exist.
func TestUnknownAccountLooksLikeWrongPassword(t *testing.T) {
	w := newWorld(t)
	wrong := w.login("owner@example.com", "hunter2")
	unknown := w.login("nobody@example.com", "hunter2")
	if wrong.status != 401 || wrong.reason != "invalid_credentials" || wrong.cookie != nil {
		t.Errorf("%d %s", wrong.status, wrong.body)
	}
	if wrong.body != unknown.body || wrong.status != unknown.status {
		t.Errorf("%s\n%s", wrong.body, unknown.body)
	}
	if !slices.Equal(w.crypto.derived, []int{Iterations, Iterations}) {
		t.Errorf("work %v", w.crypto.derived)
	}
	once := []string{"Attempt", "Attempt", "UserByEmail", "SweepAttempts"}
	if !slices.Equal(w.store.calls, append(once, once...)) {
		t.Errorf("calls %v", w.store.calls)
	}
}

// A password that derives to nobody's zeros must not sign anybody in.
func TestNobodyIsNobody(t *testing.T) {
	w := newWorld(t)
	hash, _ := w.crypto.Derive("hunter2", nobody.Salt, nobody.Iterations)
	kept := nobody
	defer func() { nobody = kept }()
	nobody.Hash = hash
	if a := w.login("nobody@example.com", "hunter2"); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestRequestsThatAreNoLogin(t *testing.T) {
	w := newWorld(t)
	const good = `{"email":"owner@example.com","password":"` + password + `"}`
	from := func(origin string) func(*http.Request) {
		return func(r *http.Request) { asJSON(r); r.Header.Set("Origin", origin) }
	}
	plain := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	for _, c := range []struct {
		what, method, path, body string
		edit                     func(*http.Request)
		status                   int
		code, reason             string
	}{
		{"a link", "GET", "/auth/login", "", nil, 405, "MALFORMED_MESSAGE", "method_not_allowed"},
		{"a link to logout", "GET", "/auth/logout", "", nil, 405, "MALFORMED_MESSAGE", "method_not_allowed"},
		{"a form of another site", "POST", "/auth/login", good, plain, 400, "MALFORMED_MESSAGE", "content_type_not_json"},
		{"no content type", "POST", "/auth/login", good, nil, 400, "MALFORMED_MESSAGE", "content_type_not_json"},
		{"a page of another site", "POST", "/auth/login", good, from("https://evil.example"), 403, "ORIGIN_NOT_ALLOWED", ""},
		{"a refresh by another site", "POST", "/auth/refresh", "", from("https://evil.example"), 403, "ORIGIN_NOT_ALLOWED", ""},
		{"a logout by another site", "POST", "/auth/logout", "", from("null"), 403, "ORIGIN_NOT_ALLOWED", ""},
		{"our own page", "POST", "/auth/login", good, from(home), 200, "", ""},
		{"no JSON", "POST", "/auth/login", `{`, asJSON, 400, "MALFORMED_MESSAGE", "invalid_json"},
		{"an array", "POST", "/auth/login", `[]`, asJSON, 400, "MALFORMED_MESSAGE", "bad_field"},
		{"a number as password", "POST", "/auth/login", `{"email":"a","password":1}`, asJSON, 400, "MALFORMED_MESSAGE", "bad_field"},
		{"no password", "POST", "/auth/login", `{"email":"a","password":""}`, asJSON, 400, "MALFORMED_MESSAGE", "bad_field"},
		{"4 KiB and a byte", "POST", "/auth/login", good + strings.Repeat(" ", bodyBytes+1-len(good)), asJSON, 413, "MESSAGE_TOO_LARGE", "too_large"},
		{"4 KiB", "POST", "/auth/login", good + strings.Repeat(" ", bodyBytes-len(good)), asJSON, 200, "", ""},
		{"another route", "POST", "/auth/register", good, asJSON, 404, "NOT_FOUND", ""},
		{"the key set, which is the front Worker's", "GET", "/.well-known/jwks.json", "", nil, 404, "NOT_FOUND", ""},
	} {
		a := w.send(c.method, home+c.path, c.body, c.edit)
		if a.status != c.status || a.code != c.code || a.reason != c.reason {
			t.Errorf("%s: %d %s %s, want %d %s %s", c.what, a.status, a.code, a.reason, c.status, c.code, c.reason)
		}
	}
}
