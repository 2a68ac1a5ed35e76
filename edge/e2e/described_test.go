//go:build !js

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// description returns a server's description of its own API.
func (s *server) description() *openapi.Document {
	s.T.Helper()
	_, text, _ := s.Request("GET", "/v1/openapi.json", "", nil)
	doc, err := openapi.Parse(text)
	if err != nil {
		s.T.Fatal(err)
	}
	return doc
}

// seen collects which answers of which operations the tests have brought about.
var seen struct {
	sync.Mutex
	answers map[string]bool
}

// described holds an answer against what the server says of itself. It reports false for a
// route that is not described.
func (s *server) described(method, path string, status int, text []byte, header http.Header) bool {
	s.T.Helper()
	if s.api == nil {
		s.api = s.description()
	}
	bare, _, _ := strings.Cut(path, "?")
	operations := s.api.Operations()
	i := slices.IndexFunc(operations, func(o openapi.Operation) bool { return o.Method == method && fits(o.Path, bare) })
	if i < 0 {
		return false
	}
	if err := operations[i].CheckAnswer(status, text); err != nil {
		s.T.Error(err)
	}
	if err := operations[i].CheckHeader(status, header); err != nil {
		s.T.Error(err)
	}
	seen.Lock()
	defer seen.Unlock()
	if seen.answers == nil {
		seen.answers = map[string]bool{}
	}
	seen.answers[fmt.Sprint(operations[i].ID, " ", status)] = true
	return true
}

func fits(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || strings.HasPrefix(w, "{") && h != "" })
}

// TestSignInIsAsDescribed brings about every answer that the description lists for signing in,
// except for a fault of the server's own. visit holds each against it.
func TestSignInIsAsDescribed(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOGINS_PER_IP_PER_MIN": "60", "LOGINS_PER_IP_BURST": "60", "LOGIN_FAILURES": "2", "REFRESHES_PER_SIGN_IN_PER_MIN": "2", "BODY_TIMEOUT_MS": "1000", "AUTH_PER_IP_PER_MIN": "1", "AUTH_PER_IP_BURST": "4", "SIGN_UP": "1"})
	in := s.password("", "owner", "holdfast-demo")
	routes := []string{"/auth/login", "/auth/refresh", "/auth/logout", "/auth/password", "/auth/invitation", "/auth/reset", "/auth/sign-up"}
	expect := func(s *server, v visit, status int, reason string) {
		s.T.Helper()
		if a := s.visit(v); a.status != status || a.reason != reason {
			s.T.Errorf("%s %+v: HTTP %d %s, want %d %s", v.path, v.body, a.status, a.reason, status, reason)
		}
	}
	expect(s, visit{path: "/auth/login", body: map[string]string{"email": " OWNER@example.com ", "password": "holdfast-demo"}}, 200, "")
	expect(s, visit{path: "/auth/login", body: map[string]string{"email": "owner@example.com"}}, 400, "bad_field")
	expect(s, visit{path: "/auth/refresh", cookie: in.cookie, body: map[string]any{"expires_in": 4}}, 400, "bad_field")
	expect(s, visit{path: "/auth/logout", cookie: in.cookie, body: map[string]any{"everywhere": "yes"}}, 400, "bad_field")
	for range 2 {
		expect(s, visit{path: "/auth/login", address: "203.0.113.1", body: map[string]string{"email": "editor@example.com", "password": "wrong"}}, 401, "invalid_credentials")
	}
	expect(s, visit{path: "/auth/login", address: "203.0.113.1", body: map[string]string{"email": "editor@example.com", "password": "wrong"}}, 429, "too_many_attempts")
	expect(s, visit{path: "/auth/refresh"}, 401, "refresh_token_missing")
	expect(s, visit{path: "/auth/refresh", cookie: "invented"}, 401, "refresh_token_invalid")
	expect(s, visit{path: "/auth/logout", cookie: "invented", body: map[string]any{"everywhere": true}}, 401, "refresh_token_invalid")
	refreshed := s.visit(visit{path: "/auth/refresh", cookie: in.cookie, body: map[string]any{"expires_in": 5}})
	if refreshed.status != 200 || refreshed.body["expires_in"] != 5.0 {
		t.Errorf("a shorter life: HTTP %d %v", refreshed.status, refreshed.body)
	}
	expect(s, visit{path: "/auth/refresh", cookie: refreshed.cookie}, 429, "too_many_refreshes")
	expect(s, visit{path: "/auth/logout"}, 204, "")
	expect(s, visit{path: "/auth/logout", cookie: refreshed.cookie, body: map[string]any{"everywhere": false}}, 204, "")
	expect(s, visit{path: "/auth/logout", cookie: s.password("", "owner", "holdfast-demo").cookie, body: map[string]any{"everywhere": true}}, 204, "")
	s.passwordsAsDescribed(expect)
	for i, path := range routes {
		expect(s, visit{path: path, origin: "https://evil.example"}, 403, "")
		expect(s, visit{path: path, body: strings.Repeat("x", 5<<10)}, 413, "too_large")
		s.cutShort(path)
		for range 4 {
			s.visit(visit{path: path, address: fmt.Sprint("203.0.113.", 10+i)})
		}
		expect(s, visit{path: path, address: fmt.Sprint("203.0.113.", 10+i)}, 429, "too_many_requests")
	}
	s.get("/.well-known/jwks.json", "", 200)
	s.get("/.well-known/jwks.json", "https://evil.example", 403)
	s.get("/healthz", "", 200)
	s.d1("ALTER TABLE refresh_tokens RENAME TO away")
	s.d1("ALTER TABLE users RENAME TO away_too")
	for _, path := range routes {
		whatever := map[string]string{"email": "new@example.com", "password": firstPassword, "token": strings.Repeat("A", 43), "current_password": firstPassword, "new_password": firstPassword}
		expect(s, visit{path: path, cookie: in.cookie, body: whatever}, 503, "database_unavailable")
	}

	closed := start(t, map[string]string{"EMBEDDED_ISSUER": "", "JWKS_URL": "https://keys.example/", "AUDIENCE": "*"})
	unset := start(t, map[string]string{"SIGNING_KEY": "no key"})
	for _, path := range routes {
		expect(closed, visit{path: path}, 404, "")
		expect(unset, visit{path: path, body: map[string]string{"email": "owner@example.com", "password": "x"}}, 503, "signing_key_unusable")
	}
	closed.get("/.well-known/jwks.json", "", 404)
	unset.get("/.well-known/jwks.json", "", 503)
	unset.get("/healthz", "", 503)

	seen.Lock()
	defer seen.Unlock()
	for _, o := range s.api.Operations() {
		if !o.Tagged("sign-in") && o.ID != "getHealth" {
			continue
		}
		for _, status := range o.Statuses() {
			if status != "500" && !seen.answers[o.ID+" "+status] {
				t.Errorf("%s is described with %s, which nothing brings about", o.ID, status)
			}
		}
	}
}

// passwordsAsDescribed brings about the answers of the routes that set one.
func (s *server) passwordsAsDescribed(expect func(s *server, v visit, status int, reason string)) {
	s.T.Helper()
	change := map[string]string{"current_password": firstPassword, "new_password": secondPassword}
	for path, body := range map[string]map[string]string{
		"/auth/password":   {"current_password": firstPassword, "new_password": "short"},
		"/auth/invitation": {"token": "x"},
		"/auth/reset":      {"token": "x", "password": ""},
		"/auth/sign-up":    {"email": "x", "password": firstPassword},
	} {
		v := visit{path: path, body: body, cookie: s.password("", "viewer", "holdfast-demo").cookie}
		if a := s.visit(v); a.status != 400 {
			s.T.Errorf("%s: HTTP %d %v", path, a.status, a.body)
		}
	}
	id, invitation := s.make(`{"email":"ann@example.com"}`)
	take := map[string]string{"token": invitation, "password": firstPassword}
	expect(s, visit{path: "/auth/reset", body: take}, 401, "account_token_invalid")
	expect(s, visit{path: "/auth/invitation", body: take}, 200, "")
	expect(s, visit{path: "/auth/invitation", body: take}, 401, "account_token_invalid")
	expect(s, visit{path: "/auth/password", body: change}, 401, "refresh_token_missing")
	expect(s, visit{path: "/auth/password", body: change, cookie: s.browser("ann@example.com", firstPassword).cookie}, 200, "")
	take["token"] = s.token(s.must("POST", "/v1/admin/accounts/"+id+"/token", ""))
	expect(s, visit{path: "/auth/reset", body: take}, 200, "")
	expect(s, visit{path: "/auth/sign-up", body: map[string]string{"email": "bob@example.com", "password": firstPassword}}, 200, "")
	expect(s, visit{path: "/auth/sign-up", body: map[string]string{"email": "Bob@example.com", "password": firstPassword}}, 409, "email_taken")
}

// get asks for a public file of the API's, and holds the answer against the description.
func (s *server) get(path, origin string, status int) {
	s.T.Helper()
	header := map[string]string{}
	if origin != "" {
		header["origin"] = origin
	}
	got, text, answered := s.Request("GET", path, "", header)
	if got != status || !s.described("GET", path, got, text, answered) {
		s.T.Errorf("%s: HTTP %d %s, want %d", path, got, text, status)
	}
}

// cutShort begins a body that never ends.
func (s *server) cutShort(path string) {
	s.T.Helper()
	address := strings.TrimPrefix(s.URL, "http://")
	line, err := net.Dial("tcp", address)
	check(err)
	defer line.Close()
	line.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(line, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{", path, address)
	answer, err := http.ReadResponse(bufio.NewReader(line), nil)
	check(err)
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 408 {
		s.T.Errorf("%s: HTTP %d %s", path, answer.StatusCode, text)
	}
	s.described("POST", path, answer.StatusCode, text, answer.Header)
}
