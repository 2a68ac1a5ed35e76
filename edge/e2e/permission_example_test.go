//go:build !js

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// TestASourceThatCannotBeReached: why, as far as the runtime says.
func TestASourceThatCannotBeReached(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct{ url, token, reason string }{
		"a refused connection":             {gone.URL, "t", "not_reached"},
		"a certificate that nobody trusts": {untrusted.URL, "t", "not_reached"},
		"no host of that name":             {"http://nowhere.invalid/", "t", "not_reached"},
		"no URL":                           {"permissions.example.com/ask", "t", "not_sent"},
		"a token that no header can carry": {gone.URL, "a\nb", "not_sent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, map[string]string{"PERMISSIONS_URL": c.url, "PERMISSIONS_TOKEN": c.token})
			s.refused(dialling{document: "far", clientID: "c", token: s.Login("owner")}, "SERVICE_UNAVAILABLE")
			want := `{"level":"error","event":"permission_source_failed","reason":"` + c.reason + `","user_id":"usr_owner"}`
			if logs := s.Logs(); !strings.Contains(logs, want) {
				t.Errorf("the log does not say %s: %s", c.reason, logs)
			}
		})
	}
}

// TestThePermissionExamples runs the example services: they answer as their contract says, and what
// they report by their signed webhook reaches the open socket.
func TestThePermissionExamples(t *testing.T) {
	t.Parallel()
	folder, err := filepath.Abs("../permissions")
	check(err)
	program := filepath.Join(t.TempDir(), "permissions")
	if said, err := exec.Command("go", "build", "-o", program, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	text, err := os.ReadFile(filepath.Join(folder, "openapi.json"))
	check(err)
	doc, err := openapi.Parse(text)
	check(err)
	for name, command := range map[string][]string{"Go": {program}, "JavaScript": {"node", filepath.Join(folder, "service.mjs")}} {
		t.Run(name, func(t *testing.T) { tryExample(t, command, doc.Operations()[0]) })
	}
}

func tryExample(t *testing.T, command []string, contract openapi.Operation) {
	// Each has to know the other's address, so the service is told one that leads on.
	var mu sync.Mutex
	var holdfast *url.URL
	way := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		mu.Lock()
		defer mu.Unlock()
		r.SetURL(holdfast)
	}})
	t.Cleanup(way.Close)
	source := service(t, command, "PERMISSIONS_TOKEN="+sourceToken, "WEBHOOK_SECRET="+hookSecret, "HOLDFAST_URL="+way.URL, "PORT=0")
	s := start(t, map[string]string{"PERMISSIONS_URL": source, "PERMISSIONS_TOKEN": sourceToken, "WEBHOOK_SECRET": hookSecret})
	mu.Lock()
	holdfast, _ = url.Parse(s.URL)
	mu.Unlock()
	send := func(method, url, token, body string) (int, string) {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		check(err)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		check(err)
		return answer.StatusCode, string(text)
	}
	role := func(document, user, role string) {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"role": role})
		if status, text := send("PUT", strings.TrimSuffix(source, "/permissions")+"/documents/"+document+"/users/"+user, sourceToken, string(body)); status != 200 {
			t.Fatalf("HTTP %d %s", status, text)
		}
	}
	role("plan", "usr_owner", "edit")
	for body, want := range map[string]int{
		`{"user_id":"usr_owner","document":"plan"}`: 200, `{"user_id":"usr_viewer","document":"plan"}`: 403, `{"user_id":"usr_owner","document":"other"}`: 404,
	} {
		if status, text := send("POST", source, sourceToken, body); status != want || contract.CheckAnswer(status, []byte(text)) != nil {
			t.Errorf("%s: HTTP %d %s, %v", body, status, text, contract.CheckAnswer(status, []byte(text)))
		}
		if status, _ := send("POST", source, "wrong", body); status != 401 {
			t.Errorf("with another token: HTTP %d", status)
		}
	}
	if status, _ := send("POST", source, sourceToken, "no JSON"); status != 400 {
		t.Errorf("a question that is none: HTTP %d", status)
	}

	c := s.connect(dialling{document: "plan", clientID: "c", token: s.Login("owner")})
	if got := fmt.Sprint(c.ack.Data["permissions"]); got != "[read write comment]" {
		t.Errorf("admitted with %s", got)
	}
	s.refused(dialling{document: "plan", clientID: "d", token: s.Login("viewer")}, "INSUFFICIENT_PERMISSIONS")
	s.refused(dialling{document: "other", clientID: "c", token: s.Login("owner")}, "DOCUMENT_NOT_FOUND")
	role("plan", "usr_owner", "view")
	if f := c.expect("system", "permission_change"); fmt.Sprint(f.Data["permissions"]) != "[read]" {
		t.Errorf("received %v", f.Data)
	}
	role("plan", "usr_viewer", "edit")
	s.connect(dialling{document: "plan", clientID: "d", token: s.Login("viewer")})
	role("plan", "usr_owner", "")
	c.closes(4403, func(frame) {})
}

// service starts a program until the test ends, and returns the first line that it writes.
func service(t *testing.T, command []string, env ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(err)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
