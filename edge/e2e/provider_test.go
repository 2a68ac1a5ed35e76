//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

const resource = "https://holdfast.example/"

// provider is an OpenID provider of somebody else's.
type provider struct{ *server }

func startProvider(t testing.TB) provider {
	t.Helper()
	var ready struct{ URL string }
	s := harness.Launch(t, "edge/e2e/provider.mjs", map[string]any{
		"users": []string{"usr_owner", "usr_editor"}, "resources": []string{resource, "https://elsewhere.example/"},
	}, &ready)
	s.URL = ready.URL
	return provider{&server{Server: s}}
}

// keys makes the first of these sign from now on, and publishes all of them.
func (p provider) keys(names ...string) {
	p.T.Helper()
	p.Do(map[string]string{"do": "keys", "names": strings.Join(names, ",")}, nil)
}

// answers sets what the key set's address answers from now on.
func (p provider) answers(as string) {
	p.T.Helper()
	p.Do(map[string]string{"do": "answer", "as": as}, nil)
}

func (p provider) asked() int {
	p.T.Helper()
	var n struct{ Asked int }
	p.Do(map[string]string{"do": "asked"}, &n)
	return n.Asked
}

// token gets an access token as any client does.
func (p provider) token(user, resource string) string {
	p.T.Helper()
	response, err := http.PostForm(p.URL+"/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {user}, "client_secret": {"secret-of-" + user}, "resource": {resource},
	})
	if err != nil {
		p.T.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	check(json.NewDecoder(response.Body).Decode(&answer))
	if strings.Count(answer.Token, ".") != 2 {
		p.T.Fatalf("the provider gave no JWT: HTTP %d %s", response.StatusCode, answer.Error)
	}
	return answer.Token
}

// trusting starts a Worker that trusts p, with an hour of its life in some seconds.
func (p provider) trusting(t testing.TB, changes ...string) *server {
	vars := map[string]string{
		"EMBEDDED_ISSUER": "", "JWKS_URL": p.URL + "/jwks", "ISSUER": p.URL, "AUDIENCE": "https://other.example/, " + resource,
		"JWKS_FRESH_S": "3", "JWKS_STALE_S": "8", "JWKS_COOLDOWN_S": "2",
	}
	for i := 0; i < len(changes); i += 2 {
		vars[changes[i]] = changes[i+1]
	}
	return start(t, vars)
}

// attempt returns a Worker's answer to an attempt: "" if it admits the client, else the code and
// the reason; and how long the client has to wait.
func (s *server) attempt(token string) (said string, wait float64) {
	s.T.Helper()
	c, response, err := dialling{document: "welcome", clientID: "c1", token: token, carriage: "header"}.dial(s)
	if err == nil {
		c.ws.CloseNow()
		return "", 0
	}
	if response == nil {
		s.T.Fatal(err)
	}
	var f frame
	check(json.NewDecoder(response.Body).Decode(&f))
	details, _ := f.Data["details"].(map[string]any)
	wait, _ = details["retry_after"].(float64)
	return fmt.Sprint(response.StatusCode, " ", f.text("error_code"), " ", details["reason"]), wait
}

func (s *server) expectAnswer(token, want string) {
	s.T.Helper()
	if said, _ := s.attempt(token); said != want {
		s.T.Fatalf("answered %q, want %q", said, want)
	}
}

// until repeats the attempt until it gets this answer.
func (s *server) until(token, want string) {
	s.T.Helper()
	said := "nothing"
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if said, _ = s.attempt(token); said == want {
			return
		}
	}
	s.T.Fatalf("answered %q for %v, want %q", said, patience, want)
}

// Tokens of an issuer that nobody here wrote let their holders in, while its keys change.
//
// S1: "The app authenticates with our auth service".
func TestAnotherIssuersTokens(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	s := p.trusting(t)
	a := p.token("usr_owner", resource)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: a, carriage: "query", origin: s.URL})
	if v := owner.op("m1", "hello"); v != 1 {
		t.Fatalf("version %d", v)
	}
	s.connect(dialling{document: "welcome", clientID: "e", token: p.token("usr_editor", resource)})
	if n := p.asked(); n != 1 {
		t.Errorf("two connects asked the issuer for its keys %d times", n)
	}
	s.expectAnswer(p.token("usr_owner", "https://elsewhere.example/"), "401 AUTHENTICATION_FAILED audience_mismatch")

	// The issuer begins to sign with another key. The Worker fetches it as soon as it may, and a
	// token of the old key stays valid.
	p.keys("b", "a")
	b := p.token("usr_owner", resource)
	if said, wait := s.attempt(b); said != "" && (said != "503 SERVICE_UNAVAILABLE key_not_known_yet" || wait <= 0 || wait > 2000) {
		t.Errorf("a token of the new key is answered %q, to come in %v ms", said, wait)
	}
	s.until(b, "")
	s.expectAnswer(a, "")

	// The old key is withdrawn: its tokens are worth nothing once the set is fetched anew.
	p.keys("b")
	s.until(a, "401 AUTHENTICATION_FAILED key_unknown")
	s.expectAnswer(b, "")

	// Tokens with made-up key ids come in numbers: the issuer hardly notices. Such a key may
	// be one it has begun to use, as long as it was not asked again.
	stranger := forgerOfStranger()
	before, began := p.asked(), time.Now()
	s.expectAnswer(stranger.token(func(_, c map[string]any) { c["iss"] = "https://made-up.example" }), "401 AUTHENTICATION_FAILED issuer_mismatch")
	for n := range 60 {
		forged := stranger.token(func(h, c map[string]any) { h["kid"], c["iss"] = fmt.Sprint("made-up-", n), p.URL })
		said, wait := s.attempt(forged)
		if said != "401 AUTHENTICATION_FAILED key_unknown" && (said != "503 SERVICE_UNAVAILABLE key_not_known_yet" || wait <= 0 || wait > 2000) {
			t.Fatalf("answered %q, to come in %v ms", said, wait)
		}
	}
	if n, most := p.asked()-before, int(time.Since(began)/(2*time.Second))+1; n > most {
		t.Errorf("60 made-up key ids in %v asked the issuer %d times, want at most %d", time.Since(began), n, most)
	}
}

// TestColdStart: all clients of a Worker that has just started wait for one fetch of the keys.
func TestColdStart(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	token := p.token("usr_owner", resource)
	p.answers("late")
	s := p.trusting(t)
	before := p.asked()
	said := make(chan string, 30)
	for range cap(said) {
		go func() {
			answer, _ := (s.in(t)).attempt(token)
			said <- answer
		}()
	}
	for range cap(said) {
		if answer := <-said; answer != "" {
			t.Errorf("answered %q", answer)
		}
	}
	if n := p.asked() - before; n != 1 {
		t.Errorf("asked for the keys %d times", n)
	}
}

// TestColdStartOfOneWhoLeaves: when the client that began the fetch leaves meanwhile, the others still
// get their answer.
func TestColdStartOfOneWhoLeaves(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	token := p.token("usr_owner", resource)
	p.answers("late")
	s := p.trusting(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		request, _ := http.NewRequestWithContext(ctx, "GET", s.URL+"/v1/ws/documents/welcome?client_id=c0", nil)
		request.Header.Set("authorization", "Bearer "+token)
		request.Header.Set("upgrade", "websocket")
		request.Header.Set("connection", "Upgrade")
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	for p.asked() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	leave()
	<-left
	s.expectAnswer(token, "")
}
