//go:build !js

package e2e

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// visit is one request to the embedded issuer, from somewhere.
type visit struct {
	method, path string
	body         any
	address      string
	cookie       string
	device       string
	origin       string
	bearer       string
}

// answered is what came back.
type answered struct {
	status       int
	header       http.Header
	body         map[string]any
	code, reason string
	cookie       string
	device       string
	wait         float64
}

func (s *server) visit(v visit) answered {
	s.T.Helper()
	text, err := json.Marshal(v.body)
	check(err)
	if v.method == "" {
		v.method = "POST"
	}
	request, err := http.NewRequest(v.method, s.URL+v.path, bytes.NewReader(text))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{"CF-Connecting-IP": v.address, "Origin": v.origin} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if v.bearer != "" {
		s.Shown("a bearer's token", v.bearer)
		request.Header.Set("Authorization", "Bearer "+v.bearer)
	}
	if v.cookie != "" {
		request.AddCookie(&http.Cookie{Name: "holdfast_refresh", Value: v.cookie})
	}
	if v.device != "" {
		request.AddCookie(&http.Cookie{Name: "holdfast_device", Value: v.device})
	}
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		s.T.Error(err)
		return answered{}
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	check(err)
	s.described(v.method, v.path, response.StatusCode, said, response.Header)
	a := answered{status: response.StatusCode, header: response.Header}
	json.Unmarshal(said, &a.body)
	s.ShownBy(v.body, a.body, a.header)
	if what := s.Leak(string(said)); what != "" && a.status >= 400 {
		s.T.Errorf("%s is in the answer to %s", what, v.path)
	}
	if data, ok := a.body["data"].(map[string]any); ok {
		details, _ := data["details"].(map[string]any)
		a.code, _ = data["error_code"].(string)
		a.reason, _ = details["reason"].(string)
		a.wait, _ = details["retry_after"].(float64)
	}
	for _, c := range response.Cookies() {
		if c.Name == "holdfast_device" {
			a.device = c.Value
		} else {
			a.cookie = c.Value
		}
	}
	return a
}

func (s *server) password(address, name, password string) answered {
	s.T.Helper()
	return s.visit(visit{path: "/auth/login", address: address, body: map[string]string{"email": name + "@example.com", "password": password}})
}

func (s *server) d1(query string) (rows []map[string]any) {
	s.T.Helper()
	var said struct{ Rows []map[string]any }
	s.Do(map[string]string{"do": "d1", "query": query}, &said)
	return said.Rows
}

// TestManyConnectsFromOneAddress: any number of valid tokens is admitted from one address, which may
// be an office. Only refused ones count.
//
// Holds: "nobody floods by connecting".
func TestManyConnectsFromOneAddress(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"CONNECTS_PER_IP_PER_MIN": "6", "CONNECTS_PER_IP_BURST": "3"})
	token := s.Login("owner")
	d := dialling{document: "welcome", clientID: "c", token: token, address: "203.0.113.7"}
	for range 10 {
		s.connect(d)
	}
	bad := d
	bad.token = "x.y.z"
	for range 3 {
		if _, response, err := bad.dial(s); err == nil || response == nil || response.StatusCode != 401 {
			t.Fatalf("a bad token: %v", response)
		}
	}
	_, response, err := d.dial(s)
	if err == nil || response == nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != "10" {
		t.Fatalf("after three bad ones: %v", response)
	}
	page := d
	page.origin = s.URL
	c, _, err := page.dial(s)
	if err != nil {
		t.Fatal(err)
	}
	if f := c.expectError("RATE_LIMIT_EXCEEDED"); f.Data["details"].(map[string]any)["reason"] != "too_many_connects" {
		t.Errorf("received %v", f.Data)
	}
	if code := c.expectClose(); code != 4201 {
		t.Errorf("closed with %d", code)
	}
	for range 5 { // this machine's own are not counted, and a neighbour is another
		s.connect(dialling{document: "welcome", clientID: "c", token: token})
	}
	d.address = "2001:db8::7"
	s.connect(d)
}

func TestManyLoginsFromOneAddress(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOGINS_PER_IP_PER_MIN": "4", "LOGINS_PER_IP_BURST": "2", "ALLOWED_ORIGINS": "https://app.example"})
	for _, name := range []string{"owner", "editor"} {
		if a := s.password("203.0.113.7", name, "holdfast-demo"); a.status != 200 {
			t.Fatalf("%s: %d %v", name, a.status, a.body)
		}
	}
	a := s.password("203.0.113.7", "viewer", "holdfast-demo")
	if a.status != 429 || a.reason != "too_many_logins" || a.header.Get("Retry-After") == "" || a.wait <= 0 {
		t.Errorf("the third: %d %v", a.status, a.body)
	}
	if a := s.password("203.0.113.8", "viewer", "holdfast-demo"); a.status != 200 {
		t.Errorf("a neighbour: %d %v", a.status, a.body)
	}

	// A page of another origin on the list may ask, and reads the answer.
	page := visit{path: "/auth/login", origin: "https://app.example", address: "203.0.113.10", body: map[string]string{"email": "owner@example.com", "password": "holdfast-demo"}}
	before := page
	before.method, before.body = "OPTIONS", nil
	if a := s.visit(before); a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("a preflight: %d %v", a.status, a.header)
	}
	if a := s.visit(page); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.header.Get("Vary") == "" {
		t.Errorf("a page of another origin: %d %v", a.status, a.header)
	}
	page.origin = "https://evil.example"
	if a := s.visit(page); a.status != 403 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a stranger's page: %d %v", a.status, a.header)
	}
	if logs := s.Logs(); !strings.Contains(logs, `"event":"origin_refused","code":"ORIGIN_NOT_ALLOWED","origin":"https://evil.example","message":"If pages of this origin are yours, add it to ALLOWED_ORIGINS."`) {
		t.Errorf("the log does not name it: %s", logs)
	}
	// The Worker's own page may in any case, and its socket too.
	page.origin, page.address = s.URL, "203.0.113.11"
	own := s.visit(page)
	if own.status != 200 || own.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the Worker's own page: %d %v", own.status, own.header)
	}
	s.connect(dialling{document: "welcome", clientID: "own", token: own.body["access_token"].(string), origin: s.URL})
}

// TestPasswordGuessing: the database counts the attempts at a password exactly, even concurrent ones.
//
// Holds: "a password cannot be guessed, nor its owner locked out".
func TestPasswordGuessing(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOGIN_FAILURES": "3", "LOGIN_FAILURES_PER_ACCOUNT": "6", "LOGIN_WINDOW_S": "30", "LOGINS_PER_IP_PER_MIN": "0"})
	var mu sync.Mutex
	said := map[string]int{}
	var all sync.WaitGroup
	for range 12 {
		for _, name := range []string{"owner", "nobody"} {
			all.Go(func() {
				a := s.password("203.0.113.7", name, "not-the-password")
				mu.Lock()
				said[fmt.Sprint(name, " ", a.status, " ", a.reason)]++
				mu.Unlock()
			})
		}
	}
	all.Wait()
	for want, n := range map[string]int{
		"owner 401 invalid_credentials": 3, "owner 429 too_many_attempts": 9, "nobody 401 invalid_credentials": 3, "nobody 429 too_many_attempts": 9,
	} {
		if said[want] != n {
			t.Errorf("%s: %d times, want %d: %v", want, said[want], n, said)
		}
	}
	a := s.password("203.0.113.7", "owner", "holdfast-demo")
	if a.status != 429 || a.wait <= 0 || a.wait > 10_000 || a.header.Get("Retry-After") == "" {
		t.Errorf("the right one, too late: %d %v", a.status, a.body)
	}
	// From another place the user gets in. From then on nobody keeps them out of that browser, wherever
	// it is, and from wherever others try.
	first := s.password("198.51.100.1", "owner", "holdfast-demo")
	if first.status != 200 || first.device == "" {
		t.Fatalf("at another place: %d %v", first.status, first.body)
	}
	for n := range 12 {
		s.password(fmt.Sprintf("2001:db8:%x::1", n), "owner", "not-the-password")
	}
	if a := s.password("192.0.2.1", "owner", "holdfast-demo"); a.reason != "too_many_attempts" {
		t.Errorf("at a new place, under attack: %d %v", a.status, a.body)
	}
	for _, address := range []string{"198.51.100.1", "203.0.113.7", ""} {
		for range 4 {
			s.password(address, "owner", "not-the-password") // a neighbour
		}
		known := visit{path: "/auth/login", address: address, device: first.device, body: map[string]string{"email": "owner@example.com", "password": "holdfast-demo"}}
		if a := s.visit(known); a.status != 200 {
			t.Errorf("in the known browser at %q, under attack: %d %v", address, a.status, a.body)
		}
	}
	// The table does not reveal what was typed, and old rows are swept.
	text, _ := json.Marshal(s.d1("SELECT * FROM login_attempts"))
	if strings.Contains(string(text), "example.com") || strings.Contains(string(text), "203.0.113") || !strings.Contains(string(text), "full_at") {
		t.Errorf("stored: %s", text)
	}
	s.d1("UPDATE login_attempts SET full_at = 1, until = MAX(1, known_until)")
	if a := s.password("203.0.113.7", "owner", "holdfast-demo"); a.status != 200 {
		t.Errorf("after the window: %d %v", a.status, a.body)
	}
	if n := s.d1("SELECT count(*) AS n FROM login_attempts WHERE until <= 1")[0]["n"].(float64); n > 0 {
		t.Errorf("%v rows are left", n)
	}
}

func TestCheapHashIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	salt := []byte("0123456789abcdef")
	hash, err := pbkdf2.Key(sha256.New, "holdfast-demo", salt, 1000, 32)
	check(err)
	s.d1(fmt.Sprintf("UPDATE users SET password_hash = '%x', salt = '%x', iterations = 1000 WHERE id = 'usr_owner'", hash, salt))
	for range 2 {
		s.Login("owner")
		row := s.d1("SELECT iterations, salt, password_hash FROM users WHERE id = 'usr_owner'")[0]
		if row["iterations"] != 100_000.0 || row["salt"] == hex.EncodeToString(salt) || row["password_hash"] == hex.EncodeToString(hash) {
			t.Errorf("iterations %v", row["iterations"])
		}
	}
}

// Two refresh in the same seconds with one token, and both go on: one of them is not
// the browser that signed in.
//
// Holds: "a copied refresh token ends the sign-in".
func TestForkedSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	// later lets time pass for all refresh tokens.
	later := func() {
		s.d1("UPDATE refresh_tokens SET created_at = created_at - 60000, rotated_at = rotated_at - 60000, superseded_at = superseded_at - 60000")
	}
	refresh := func(cookie string) answered { t.Helper(); return s.visit(visit{path: "/auth/refresh", cookie: cookie}) }
	stolen := s.password("", "owner", "holdfast-demo").cookie
	victim, thief := refresh(stolen).cookie, refresh(stolen).cookie
	later()
	a := refresh(victim)
	b := refresh(thief)
	if a.status != 200 || b.status != 200 {
		t.Fatalf("the victim %d, the thief within the grace %d", a.status, b.status)
	}
	later()
	if c := refresh(b.cookie); c.status != 401 || c.reason != "refresh_token_reused" {
		t.Errorf("the thief: %d %v", c.status, c.body)
	}
	if c := refresh(a.cookie); c.status != 401 {
		t.Errorf("the victim is still in: %d", c.status)
	}
	logs := s.Logs()
	for _, line := range []string{`{"level":"info","event":"sign_in","user_id":"usr_owner","sign_in":"`, `{"level":"warn","event":"refresh_token_reused","user_id":"usr_owner","sign_in":"`} {
		if !strings.Contains(logs, line) {
			t.Errorf("the log has no line %s", line)
		}
	}

	// Honest tabs: one of the two children is used, for long.
	cookie := s.password("", "owner", "holdfast-demo").cookie
	for range 4 {
		refresh(cookie)
		cookie = refresh(cookie).cookie
		later()
	}
	if a := refresh(cookie); a.status != 200 {
		t.Errorf("honest tabs: %d %v", a.status, a.body)
	}
}

// TestSigningKeyRotates: a new signing key takes over without signing anybody out.
func TestSigningKeyRotates(t *testing.T) {
	t.Parallel()
	old := forgerOfStranger()
	public, err := json.Marshal(map[string]any{"keys": []any{old.public("old-key")}})
	check(err)
	token := old.token(func(h, _ map[string]any) { h["kid"] = "old-key" })
	s := start(t, map[string]string{"PREVIOUS_KEYS": string(public)})
	s.connect(dialling{document: "welcome", clientID: "o", token: token})
	s.connect(dialling{document: "welcome", clientID: "n", token: s.Login("owner")})
	response, err := http.Get(s.URL + "/.well-known/jwks.json")
	check(err)
	defer response.Body.Close()
	var set struct{ Keys []map[string]any }
	check(json.NewDecoder(response.Body).Decode(&set))
	if len(set.Keys) != 2 || set.Keys[0]["kid"] != old.kid() || set.Keys[1]["kid"] != "old-key" || set.Keys[1]["d"] != nil {
		t.Errorf("published %v", set.Keys)
	}
	withdrawn := start(t, nil)
	withdrawn.expectAnswer(token, "401 AUTHENTICATION_FAILED key_unknown")
}
