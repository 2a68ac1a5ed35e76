//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// zitadel is the example server of github.com/zitadel/oidc, unchanged: an OpenID provider with two users and
// the clients web and api. It keeps everything in memory, so a restart is a rotation that nobody announced.
type zitadel struct {
	t       testing.TB
	file    string
	port    string
	issuer  string
	command *exec.Cmd
}

const callback = "http://localhost:9999/auth/callback"

func startZitadel(t testing.TB) *zitadel {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", file, "github.com/zitadel/oidc/v3/example/server")
	build.Dir = filepath.Join(harness.Root, "edge", "e2e", "zitadel")
	if said, err := build.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("the provider cannot be had from the module proxy: %v\n%s", err, said)
		}
		t.Fatalf("%v\n%s", err, said)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(err)
	check(l.Close())
	z := &zitadel{t: t, file: file, port: port, issuer: "http://localhost:" + port + "/"}
	z.start()
	t.Cleanup(z.stop)
	return z
}

func (z *zitadel) start() {
	z.t.Helper()
	z.command = exec.Command(z.file)
	z.command.Env = append(os.Environ(), "PORT="+z.port, "REDIRECT_URI="+callback)
	check(z.command.Start())
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if response, err := http.Get(z.issuer + ".well-known/openid-configuration"); err == nil {
			response.Body.Close()
			return
		}
		if time.Now().After(end) {
			z.t.Fatal("the provider does not start")
		}
	}
}

func (z *zitadel) stop() {
	z.command.Process.Kill()
	z.command.Wait()
}

// tokens are what a sign-in brings.
type tokens struct {
	ID      string `json:"id_token"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error_description"`
}

// endpoints are what the issuer says of itself, to its clients as to us.
func (z *zitadel) endpoints() (found struct {
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
}) {
	z.t.Helper()
	response, err := http.Get(z.issuer + ".well-known/openid-configuration")
	check(err)
	defer response.Body.Close()
	check(json.NewDecoder(response.Body).Decode(&found))
	return found
}

// signIn signs a user in as a browser does, by the authorization code flow, for one of the clients.
func (z *zitadel) signIn(client, user string) tokens {
	z.t.Helper()
	jar, err := cookiejar.New(nil)
	check(err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := browser.Get(z.endpoints().Authorize + "?" + url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email offline_access"}, "state": {"s"},
	}.Encode())
	check(err)
	page.Body.Close()
	form := page.Request.URL
	done, err := browser.PostForm(form.Scheme+"://"+form.Host+form.Path, url.Values{"username": {user}, "password": {"verysecure"}, "id": {form.Query().Get("authRequestID")}})
	check(err)
	done.Body.Close()
	back, err := done.Location()
	if err != nil {
		z.t.Fatalf("%s cannot sign in: HTTP %d", user, done.StatusCode)
	}
	return z.exchange(client, url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback}})
}

func (z *zitadel) exchange(client string, form url.Values) (got tokens) {
	z.t.Helper()
	request, err := http.NewRequest("POST", z.endpoints().Token, strings.NewReader(form.Encode()))
	check(err)
	request.Header.Set("content-type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, "secret")
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	check(json.NewDecoder(response.Body).Decode(&got))
	if strings.Count(got.ID, ".") != 2 {
		z.t.Fatalf("no ID token: HTTP %d %s", response.StatusCode, got.Error)
	}
	return got
}

// TestZitadel: a Worker that knows of its provider nothing but the name lets that provider's users in, keeps them
// over a refresh and over a rotation of the keys, and takes nothing that was made for another client.
func TestZitadel(t *testing.T) {
	t.Parallel()
	z := startZitadel(t)
	s := start(t, map[string]string{
		"EMBEDDED_ISSUER": "", "ISSUER": z.issuer, "AUDIENCE": "web", "SUBJECT_CLAIM": "sub",
		"JWKS_FRESH_S": "3", "JWKS_STALE_S": "20", "JWKS_COOLDOWN_S": "2",
	})
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/id1", `{"role":"member"}`)
	first := z.signIn("web", "test-user@localhost")
	c := s.connect(dialling{document: "welcome", clientID: "c1", token: first.ID, origin: s.URL})
	if user := c.ack.text("user_id"); user != "id1" {
		t.Errorf("connected as %q", user)
	}
	if v := c.op("m1", "hello"); v != 1 {
		t.Errorf("version %d", v)
	}

	// Refreshed, in place.
	refreshed := z.exchange("web", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}})
	c.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, refreshed.ID))
	c.expect("system", "token_refreshed")

	// What is not for us, or not its holder's.
	s.expectAnswer(z.signIn("api", "test-user@localhost").ID, "401 AUTHENTICATION_FAILED audience_mismatch")
	s.expectAnswer(first.Access, "401 AUTHENTICATION_FAILED token_malformed") // opaque
	second := z.signIn("web", "test-user2")
	c.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, second.ID))
	if details, _ := c.expectError("AUTHENTICATION_FAILED").Data["details"].(map[string]any); details["reason"] != "subject_mismatch" {
		t.Errorf("another user's token: %v", details)
	}

	// It comes back with another key. A client that has a token of that is asked to come again, and is let in.
	z.stop()
	z.start()
	rotated := z.signIn("web", "test-user@localhost")
	if said, wait := s.attempt(rotated.ID); said != "" && (said != "503 SERVICE_UNAVAILABLE key_not_known_yet" || wait <= 0 || wait > 2000) {
		t.Errorf("a token of the new key is answered %q, to come in %v ms", said, wait)
	}
	s.until(rotated.ID, "")
	s.until(refreshed.ID, "401 AUTHENTICATION_FAILED key_unknown")

	// It is away: for a while its users do not notice.
	z.stop()
	time.Sleep(3500 * time.Millisecond) // JWKS_FRESH_S is over
	s.expectAnswer(rotated.ID, "")
	if !strings.Contains(s.Logs(), `"discovery_failed"`) {
		t.Error("the log says nothing of it")
	}
	z.start()
}
