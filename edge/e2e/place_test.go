//go:build !js

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

func TestPlaceOfObjects(t *testing.T) { nodeTest(t, "place.test.mjs") }

// TestJurisdictionIsKept: the first request writes where the deployment's objects are. The Worker
// reads it once, and not for each connect.
func TestJurisdictionIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOCATION_HINT": "weur"})
	d := dialling{document: "welcome", clientID: "c1", token: s.Login("owner")}
	s.connect(d)
	if rows := s.d1("SELECT name, value FROM deployment"); len(rows) != 1 || rows[0]["name"] != "jurisdiction" || rows[0]["value"] != "none" {
		t.Errorf("%v", rows)
	}
	s.d1("UPDATE deployment SET value = 'eu'")
	s.connect(d)
}

// TestJurisdictionThatChanged: with another jurisdiction than that of its objects a deployment admits
// nobody, and says why to whoever asks: /healthz, a client, an operator, a sign-in.
func TestJurisdictionThatChanged(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.d1("INSERT INTO deployment (name, value) VALUES ('jurisdiction', 'eu')")
	for path, method := range map[string]string{"/healthz": "GET", "/auth/login": "POST", "/v1/admin/users/usr_owner/channels": "GET"} {
		status, body, _ := s.Request(method, path, `{}`, map[string]string{"authorization": "Bearer " + s.Operator})
		if status != 503 || !strings.Contains(string(body), "jurisdiction_changed") || !strings.Contains(string(body), "jurisdiction eu") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, answer, err := (dialling{document: "welcome", clientID: "c1", token: "e30.e30.AA"}).dial(s); err == nil || answer == nil || answer.StatusCode != 503 {
		t.Errorf("a client: %v, %v", answer, err)
	}
	if lines := s.Logs(); strings.Count(lines, `"reason":"jurisdiction_changed","message"`) != 1 {
		t.Errorf("the log says\n%s", lines)
	}
}

// TestJurisdictionUnknown: a database without the table, or one that is away, keeps nobody out who could
// be let in.
func TestJurisdictionUnknown(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.d1("ALTER TABLE deployment RENAME TO away")
	s.connect(dialling{document: "welcome", clientID: "c1", token: s.Login("owner")})
	if lines := s.Logs(); !strings.Contains(lines, "jurisdiction_unchecked") {
		t.Errorf("the log says\n%s", lines)
	}
}

// TestJurisdictionThatWorkerdLacks: a jurisdiction is never left out silently. workerd has none.
func TestJurisdictionThatWorkerdLacks(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"JURISDICTION": "eu"})
	if _, answer, err := (dialling{document: "welcome", clientID: "c1", token: s.Login("owner")}).dial(s); err == nil {
		t.Errorf("admitted to an object outside: %v", answer)
	}
	if lines := s.Logs(); !strings.Contains(lines, "JurisdictionUnsupported") {
		t.Errorf("the log does not say why:\n%s", lines)
	}
}

// TestNoDemoIsDeployed: what a deployment serves has neither the demo nor its password; a development
// server shows it.
func TestNoDemoIsDeployed(t *testing.T) {
	t.Parallel()
	check(filepath.WalkDir(filepath.Join(harness.Build, "web"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "holdfast-demo") || strings.HasPrefix(entry.Name(), "demo") {
			t.Errorf("%s is the demo's", path)
		}
		return err
	}))
	page, err := os.ReadFile(filepath.Join(harness.Build, "web", "index.html"))
	if err != nil || strings.Contains(string(page), "<script") {
		t.Errorf("%v: %s", err, page)
	}
}

// TestOperatingPage follows edge/OPERATING.md.
func TestOperatingPage(t *testing.T) {
	t.Parallel()
	nodeTest(t, "operating.test.mjs")
}
