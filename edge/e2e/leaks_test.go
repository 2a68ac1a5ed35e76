//go:build !js

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Whatever a test does, no token, password or key that it used may be in what its
// Worker logs, nor in an answer that refuses something. Every server looks for that
// when its test ends.

// used are the secrets that were shown to a Worker, by its address: what they are by
// what they read.
var used struct {
	sync.Mutex
	by map[string]map[string]string
}

// shown remembers a secret. Of a token each part counts by itself, and what is too
// short to be one, or a word of the logs' own, does not.
func (s *server) shown(what, secret string) {
	used.Lock()
	defer used.Unlock()
	if used.by == nil {
		used.by = map[string]map[string]string{}
	}
	if used.by[s.url] == nil {
		used.by[s.url] = map[string]string{}
	}
	for part := range strings.SplitSeq(secret, ".") {
		if len(part) >= 12 {
			used.by[s.url][part] = what
		}
	}
}

// leak says which of the secrets is in a text; "" for none.
func (s *server) leak(text string) string {
	used.Lock()
	defer used.Unlock()
	for name, secret := range secrets {
		for _, member := range private(secret) {
			if strings.Contains(text, member) {
				return name
			}
		}
	}
	for secret, what := range used.by[s.url] {
		if strings.Contains(text, secret) {
			return what
		}
	}
	return ""
}

// private is what nobody may know of a secret: of a key its private members.
func private(secret string) []string {
	var jwk map[string]string
	if json.Unmarshal([]byte(secret), &jwk) != nil {
		return []string{secret}
	}
	var members []string
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		if jwk[name] != "" {
			members = append(members, jwk[name])
		}
	}
	return members
}

// shownBy remembers what of a request and its answer is secret.
func (s *server) shownBy(body any, answer map[string]any, header http.Header) {
	if fields, ok := body.(map[string]string); ok {
		s.shown("a password", fields["password"])
	}
	if token, ok := answer["access_token"].(string); ok {
		s.shown("an access token", token)
	}
	for _, line := range header["Set-Cookie"] {
		_, value, _ := strings.Cut(strings.Split(line, ";")[0], "=")
		s.shown("a refresh token", value)
	}
}

// logs is everything the Worker has logged; ok is false when it cannot be asked.
func (s *server) logs() (logs string, ok bool) {
	if _, err := s.in.Write([]byte(`{"do":"logs"}` + "\n")); err != nil {
		return "", false
	}
	for {
		line, err := s.out.ReadBytes('\n')
		if err != nil {
			return "", false
		}
		var said struct{ Logs []string }
		if json.Unmarshal(line, &said) == nil && said.Logs != nil {
			return strings.Join(said.Logs, "\n"), true
		}
	}
}

// nothingLeaked is what every server does at its end.
func (s *server) nothingLeaked() {
	logs, ok := s.logs()
	if !ok {
		return // it was killed, or it ended: the test says why
	}
	if what := s.leak(logs); what != "" {
		s.t.Errorf("%s is in the Worker's log", what)
	}
}

// A check that finds nothing in anything is worth nothing.
func TestLeaksAreFound(t *testing.T) {
	s := &server{t: t, url: "http://leaks"}
	s.shown("an access token", "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VyX2lkIjoidSJ9.c2lnbmF0dXJlc2lnbmF0dXJl")
	s.shown("a word", "hello")
	for text, want := range map[string]string{
		`{"event":"connect_admitted","user_id":"usr_owner","hello":1}`: "",
		"GET /v1/ws?token=x.eyJ1c2VyX2lkIjoidSJ9.x":                    "an access token",
		"Error: " + secrets["ADMIN_TOKEN"]:                             "ADMIN_TOKEN",
		"jwk " + secrets["SIGNING_KEY"]:                                "SIGNING_KEY",
	} {
		if got := s.leak(text); got != want {
			t.Errorf("%.40q…: found %q, want %q", text, got, want)
		}
	}
}
