//go:build !js

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	firstPassword  = "a first password of Ann's"
	secondPassword = "a second password of Ann's"
)

// make makes an account and returns its id, and its one-time token.
func (s *server) make(body string) (id, token string) {
	s.T.Helper()
	made := s.must("POST", "/v1/admin/accounts", body)
	return at(made, "account", "id").(string), s.token(made)
}

func (s *server) token(answer map[string]any) string {
	text, _ := at(answer, "token", "token").(string)
	s.Shown("a one-time token", text)
	return text
}

// browser is one that somebody has signed in with.
type browser struct {
	s *server
	answered
}

func (s *server) browser(email, password string) browser {
	s.T.Helper()
	a := s.visit(visit{path: "/auth/login", body: map[string]string{"email": email, "password": password}})
	if a.status != 200 {
		s.T.Fatalf("%s signs in: HTTP %d %v", email, a.status, a.body)
	}
	return browser{s, a}
}

func (b browser) token() string { return b.body["access_token"].(string) }

func (b browser) post(path string, body any) answered {
	b.s.T.Helper()
	return b.s.visit(visit{path: path, cookie: b.cookie, device: b.device, body: body})
}

// gone expects that a connection has been closed for good.
func (c *conn) gone() {
	c.t.Helper()
	c.expectError("TOKEN_REVOKED")
	if code := c.expectClose(); code != 4410 {
		c.t.Errorf("closed with %d", code)
	}
}

// TestAnAccountsLife: an operator invites Ann; she sets a password, signs in in two browsers and
// changes the password in one of them, which ends the other; the operator resets it, disables
// the account, and deletes it.
//
// Holds: "whoever an operator puts out is out when the call is answered", "a changed password ends all other sign-ins, and keeps this one".
func TestAnAccountsLife(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id, invitation := s.make(`{"email":"Ann@Example.com","name":"Ann"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/"+id, `{"role":"member"}`)
	if a := s.visit(visit{path: "/auth/login", body: map[string]string{"email": "ann@example.com", "password": firstPassword}}); a.status != 401 {
		t.Fatalf("before the invitation is taken: HTTP %d", a.status)
	}
	take := visit{path: "/auth/invitation", body: map[string]string{"token": invitation, "password": firstPassword}}
	if a := s.visit(take); a.status != 200 || a.body["email"] != "ann@example.com" || a.device == "" {
		t.Fatalf("the invitation: HTTP %d %v", a.status, a.body)
	}
	if a := s.visit(take); a.status != 401 || a.reason != "account_token_invalid" {
		t.Errorf("a second time: HTTP %d %v", a.status, a.body)
	}

	laptop, phone := s.browser("ann@example.com", firstPassword), s.browser("ann@example.com", firstPassword)
	onLaptop, onPhone := s.connect(dialling{document: "welcome", clientID: "laptop", token: laptop.token()}), s.connect(dialling{document: "notes", clientID: "phone", token: phone.token()})
	onLaptop.op("m1", 1)
	a := laptop.post("/auth/password", map[string]string{"current_password": firstPassword, "new_password": secondPassword})
	if a.status != 200 || a.body["password"] != "changed" || a.body["other_sign_ins_ended"] != 1.0 || a.body["still_signed_in"] != true {
		t.Fatalf("the change: HTTP %d %v", a.status, a.body)
	}
	onPhone.gone()
	if b := phone.post("/auth/refresh", nil); b.status != 401 {
		t.Errorf("the phone refreshes: HTTP %d", b.status)
	}
	s.refused(dialling{document: "notes", clientID: "phone", token: phone.token()}, "TOKEN_REVOKED")
	onLaptop.op("m2", 2)
	refreshed := laptop.post("/auth/refresh", nil)
	if refreshed.status != 200 {
		t.Fatalf("the laptop refreshes: HTTP %d %v", refreshed.status, refreshed.body)
	}
	if b := s.visit(visit{path: "/auth/login", body: map[string]string{"email": "ann@example.com", "password": firstPassword}}); b.status != 401 {
		t.Errorf("the old password: HTTP %d", b.status)
	}
	s.browser("ann@example.com", secondPassword)

	// The operator's token changes nothing until it is used.
	reset := s.token(s.must("POST", "/v1/admin/accounts/"+id+"/token", ""))
	onLaptop.op("m3", 3)
	if b := s.visit(visit{path: "/auth/reset", body: map[string]string{"token": reset, "password": firstPassword}}); b.status != 200 {
		t.Fatalf("the reset: HTTP %d %v", b.status, b.body)
	}
	onLaptop.gone()
	if b := (browser{s, refreshed}).post("/auth/refresh", nil); b.status != 401 {
		t.Errorf("the laptop refreshes: HTTP %d", b.status)
	}

	again := s.browser("ann@example.com", firstPassword)
	back := s.connect(dialling{document: "welcome", clientID: "laptop", token: again.token()})
	back.op("m4", 4)
	answer := s.must("POST", "/v1/admin/accounts/"+id+"/disable", `{"reason":"left_the_team"}`)
	if closed := texts(at(answer, "receipt", "closed")); !slices.Equal(closed, []string{"welcome"}) || at(answer, "receipt", "last_accepted", "welcome") != "m4" {
		t.Errorf("the receipt: %v", answer)
	}
	back.gone()
	unknown := s.visit(visit{path: "/auth/login", body: map[string]string{"email": "nobody@example.com", "password": firstPassword}})
	if b := s.visit(visit{path: "/auth/login", body: map[string]string{"email": "ann@example.com", "password": firstPassword}}); b.status != 401 || fmt.Sprint(b.body) != fmt.Sprint(unknown.body) {
		t.Errorf("a disabled account: HTTP %d %v", b.status, b.body)
	}
	s.refused(dialling{document: "welcome", clientID: "laptop", token: again.token()}, "TOKEN_REVOKED")

	s.must("POST", "/v1/admin/accounts/"+id+"/enable", "")
	last := s.browser("ann@example.com", firstPassword)
	open := s.connect(dialling{document: "welcome", clientID: "laptop", token: last.token()})
	open.op("m5", 5)
	if answer := s.must("DELETE", "/v1/admin/accounts/"+id, ""); !slices.Equal(texts(at(answer, "receipt", "closed")), []string{"welcome"}) {
		t.Errorf("the receipt: %v", answer)
	}
	open.gone()
	for _, table := range []string{"users WHERE id", "refresh_tokens WHERE user_id", "members WHERE user_id", "login_attempts WHERE user_id"} {
		if n := s.d1("SELECT count(*) AS n FROM " + table + " = '" + id + "'")[0]["n"]; n != 0.0 {
			t.Errorf("%v rows are left of %s", n, table)
		}
	}
	if other, _ := s.make(`{"email":"ann@example.com"}`); other == id {
		t.Error("the id has come back")
	}

	audit := fmt.Sprint(s.must("GET", "/v1/admin/users/"+id+"/audit", ""))
	for _, reason := range []string{"password_changed", "password_reset", "left_the_team", "account_deleted"} {
		if !strings.Contains(audit, "reason:"+reason) {
			t.Errorf("the audit log has no %s: %s", reason, audit)
		}
	}
	logs := s.Logs()
	for _, line := range []string{`"event":"invitation_accepted","user_id":"` + id, `"event":"password_changed","user_id":"` + id, `"event":"password_reset","user_id":"` + id,
		`"operation":"createAccount","by":`, `"operation":"disableAccount","by":`} {
		if !strings.Contains(logs, line) {
			t.Errorf("the log has no line %s", line)
		}
	}
	if strings.Contains(logs, "ann@example.com") {
		t.Error("an e-mail is in the log")
	}
}

// An operator sets a password, where nobody can send a token.
func TestAnOperatorSetsAPassword(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	in := s.browser("editor@example.com", "holdfast-demo")
	line := s.connect(dialling{document: "welcome", clientID: "e", token: in.token()})
	status, answer := s.admin("PUT", "/v1/admin/accounts/usr_editor/password", `{"password":"holdfast-demo"}`)
	if status != 400 || at(answer, "data", "details", "reason") != "password_too_short" || at(answer, "data", "details", "min") != 15.0 {
		t.Errorf("13 characters: HTTP %d %v", status, answer)
	}
	s.must("PUT", "/v1/admin/accounts/usr_editor/password", `{"password":"`+firstPassword+`"}`)
	line.gone()
	if a := in.post("/auth/refresh", nil); a.status != 401 {
		t.Errorf("the sign-in lives on: HTTP %d", a.status)
	}
	s.browser("editor@example.com", firstPassword)
}

// The database decides who is first, whatever comes at once: one e-mail is one account's, and a
// token serves once.
//
// Holds: "a one-time token serves once, and only whom it was sent to".
func TestAccountsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, invitation := s.make(`{"email":"bob@example.com"}`)
	var mu sync.Mutex
	said := map[string]int{}
	count := func(what any) {
		mu.Lock()
		said[fmt.Sprint(what)]++
		mu.Unlock()
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			status, _, _ := s.Request("POST", "/v1/admin/accounts", `{"email":"ann@example.com"}`, map[string]string{"authorization": "Bearer " + s.Operator})
			count(status)
		})
		all.Go(func() {
			a := s.visit(visit{path: "/auth/invitation", body: map[string]string{"token": invitation, "password": firstPassword}})
			count(fmt.Sprint("token ", a.status))
		})
	}
	all.Wait()
	for what, n := range map[string]int{"201": 1, "409": 5, "token 200": 1, "token 401": 5} {
		if said[what] != n {
			t.Errorf("%s: %d times, want %d: %v", what, said[what], n, said)
		}
	}
}

// Sign-up is off until it is switched on, and then it is limited by the database.
//
// Holds: "nobody makes accounts for themselves, unless sign-up is on".
func TestSigningUp(t *testing.T) {
	t.Parallel()
	ask := func(s *server, address, email string) answered {
		return s.visit(visit{path: "/auth/sign-up", address: address, body: map[string]string{"email": email, "password": firstPassword}})
	}
	off := start(t, nil)
	if a := ask(off, "", "new@example.com"); a.status != 404 || a.code != "NOT_FOUND" {
		t.Errorf("off: HTTP %d %v", a.status, a.body)
	}
	s := start(t, map[string]string{"SIGN_UP": "1", "SIGN_UPS_PER_IP_PER_HOUR": "3", "LOGINS_PER_IP_PER_MIN": "0"})
	a := ask(s, "203.0.113.7", "New@example.com")
	if a.status != 200 || a.cookie == "" {
		t.Fatalf("HTTP %d %v", a.status, a.body)
	}
	id := a.body["user_id"].(string)
	if got := at(s.must("GET", "/v1/admin/accounts/"+id, ""), "account"); at(got, "email") != "new@example.com" || at(got, "email_verified") != false {
		t.Errorf("made %v", got)
	}
	var claims map[string]any
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(a.body["access_token"].(string), ".")[1])
	check(err)
	check(json.Unmarshal(payload, &claims))
	if claims["email_verified"] != false {
		t.Errorf("claims %v", claims)
	}
	s.refused(dialling{document: "welcome", clientID: "n", token: a.body["access_token"].(string)}, "INSUFFICIENT_PERMISSIONS")
	for _, want := range []int{409, 409, 429} {
		if a := ask(s, "203.0.113.7", "owner@example.com"); a.status != want {
			t.Errorf("a taken e-mail: HTTP %d %v, want %d", a.status, a.body, want)
		}
	}
	if a := ask(s, "203.0.113.8", "other@example.com"); a.status != 200 {
		t.Errorf("a neighbour: HTTP %d %v", a.status, a.body)
	}
	named := start(t, map[string]string{"SIGN_UP": "1", "SUBJECT_CLAIM": "email"})
	if a := ask(named, "", "new@example.com"); a.status != 503 || a.reason != "sign_up_unusable" {
		t.Errorf("where users are called by e-mail: HTTP %d %v", a.status, a.body)
	}
}

// Where users are called by their e-mail, an account that gets the e-mail of a deleted one gets none
// of its rights.
func TestAccountsCalledByEmail(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"SUBJECT_CLAIM": "email"})
	body := `{"email":"ann@example.com","password":"` + firstPassword + `"}`
	id, _ := s.make(body)
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/ann@example.com", `{"role":"member"}`)
	c := s.connect(dialling{document: "welcome", clientID: "c", token: s.browser("ann@example.com", firstPassword).token()})
	c.op("m1", 1)
	if status, answer := s.admin("PATCH", "/v1/admin/accounts/"+id, `{"email":"anna@example.com"}`); status != 409 || at(answer, "data", "details", "reason") != "email_is_subject" {
		t.Errorf("HTTP %d %v", status, answer)
	}
	s.must("DELETE", "/v1/admin/accounts/"+id, "")
	c.gone()
	s.make(body)
	s.refused(dialling{document: "welcome", clientID: "c", token: s.browser("ann@example.com", firstPassword).token()}, "INSUFFICIENT_PERMISSIONS")
}

// Pages of other origins may use the routes as they may use a login, and no others.
func TestAccountRoutesAndOrigins(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"ALLOWED_ORIGINS": "https://app.example", "SIGN_UP": "1"})
	for _, path := range []string{"/auth/password", "/auth/invitation", "/auth/reset", "/auth/sign-up"} {
		v := visit{path: path, origin: "https://app.example", body: map[string]string{"token": "x", "password": "x"}}
		if a := s.visit(v); a.status == 403 || a.status == 404 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: HTTP %d %v", path, a.status, a.header)
		}
		v.origin = "https://evil.example"
		if a := s.visit(v); a.status != 403 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s, a stranger's page: HTTP %d %v", path, a.status, a.header)
		}
		if a := s.visit(visit{method: "GET", path: path}); a.status != 405 {
			t.Errorf("%s, a link: HTTP %d", path, a.status)
		}
	}
}
