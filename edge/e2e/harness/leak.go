//go:build !js

package harness

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Whatever a test does, no token, password or key that it uses may appear in what its Worker
// logs, nor in an answer that refuses something. Every server checks that when its test
// ends.

// used holds the secrets that were shown to a Worker, by its address, each with what it
// is for.
var used struct {
	sync.Mutex
	by map[string]map[string]string
}

// Altered returns a secret with one character changed, so that it certainly is another. To put
// fixed characters at its end is not enough: once in a thousand runs they stand there already.
func Altered(secret string) string {
	at, by := len(secret)-8, "A"
	if secret[at] == 'A' {
		by = "B"
	}
	return secret[:at] + by + secret[at+1:]
}

// Shown records a secret. Of a token each part counts by itself. A part that is too short to be
// a secret, and may be a word of the logs, does not count.
func (s *Server) Shown(what, secret string) {
	used.Lock()
	defer used.Unlock()
	if used.by == nil {
		used.by = map[string]map[string]string{}
	}
	if used.by[s.URL] == nil {
		used.by[s.URL] = map[string]string{}
	}
	for part := range strings.SplitSeq(secret, ".") {
		if len(part) >= 12 {
			used.by[s.URL][part] = what
		}
	}
}

// Leak returns which of the secrets a text holds, or "".
func (s *Server) Leak(text string) string {
	for name, secret := range Secrets() {
		for _, member := range private(secret) {
			if strings.Contains(text, member) {
				return name
			}
		}
	}
	used.Lock()
	defer used.Unlock()
	for secret, what := range used.by[s.URL] {
		if strings.Contains(text, secret) {
			return what
		}
	}
	return ""
}

// private returns the private parts of a secret: of a key its private members.
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

// ShownBy records the secrets of a request and its answer.
func (s *Server) ShownBy(body any, answer map[string]any, header http.Header) {
	if fields, ok := body.(map[string]string); ok {
		for _, field := range []string{"password", "current_password", "new_password"} {
			s.Shown("a password", fields[field])
		}
		s.Shown("a one-time token", fields["token"])
	}
	if token, ok := answer["access_token"].(string); ok {
		s.Shown("an access token", token)
	}
	for _, line := range header["Set-Cookie"] {
		_, value, _ := strings.Cut(strings.Split(line, ";")[0], "=")
		s.Shown("a refresh token", value)
	}
}
