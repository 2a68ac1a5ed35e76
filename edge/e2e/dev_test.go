//go:build !js

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// TestDevServerShowsRefusals: by the output of make dev a new developer finds their mistake, so it
// shows what was refused.
func TestDevServerShowsRefusals(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	if _, answer, err := (dialling{document: "welcome", clientID: "c1", token: "e30.e30.AA"}).dial(d.server); err == nil {
		t.Fatalf("a token that is none is let in: %v", answer)
	}
	for end := time.Now().Add(patience); !strings.Contains(d.Printed(), `"event":"connect_refused"`); {
		if time.Now().After(end) {
			t.Fatalf("it says nothing of it:\n%s", d.Printed())
		}
	}
}

// TestDevServerSaysHowToBegin: whoever started it has to look nothing up.
func TestDevServerSaysHowToBegin(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	said := regexp.MustCompile(`sign in as (\S+) with the password (\S+) [\s\S]*ADMIN_TOKEN, for the operators' calls, is in (\S+);[\s\S]*Ctrl-C`)
	var line []string
	for end := time.Now().Add(patience); line == nil; {
		if time.Now().After(end) {
			t.Fatalf("it says nothing of it:\n%s", d.Printed())
		}
		line = said.FindStringSubmatch(d.Printed())
	}
	status, answer, _ := d.server.Post(nil, "/auth/login", map[string]string{"email": line[1], "password": line[2]})
	if status != 200 {
		t.Errorf("signing in so: %d %v", status, answer)
	}
	if harness.ReadVars(line[3])["ADMIN_TOKEN"] == "" {
		t.Errorf("there is no token in %s", line[3])
	}
}

// A second server is kept off the state that one serves from. A number that was left there
// by one that was killed, and is another process's now, keeps nobody off.
func TestDevServerIsAlone(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	free := startDev(t) // another state, another port: that is fine
	free.Kill()
	second := exec.Command("node", "../dev.mjs", "--port", fmt.Sprint(free.Port), "--state", d.State, "--build", harness.Build)
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "serves from") {
		t.Errorf("a second server on the same state: %v\n%s", err, out)
	}
	d.Kill()
	ours := fmt.Sprintf("%d Thu Jan  1 00:00:00 1970", os.Getpid())
	check(os.WriteFile(filepath.Join(d.State, "state", "pid"), []byte(ours), 0o644))
	check(os.Remove(filepath.Join(d.State, ".dev.vars"))) // which it makes where there is none
	d.Restart()
	if made := harness.ReadVars(filepath.Join(d.State, ".dev.vars")); made["SIGNING_KEY"] == "" || made["ADMIN_TOKEN"] == "" || made["APP_SESSION_SECRET"] == "" {
		t.Error("it has not made its secrets")
	}
}
