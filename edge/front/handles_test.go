package front

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestHandles: a Worker that has routes of its own keeps every one that is not ours.
func TestHandles(t *testing.T) {
	outside := with(fetching(), "EMBEDDED_ISSUER", "0")
	for path, want := range map[string][2]bool{ // with the embedded issuer, and without
		"/v1/ws/documents/welcome": {true, true}, "/v1/ws/device": {true, true}, "/glasses-ws": {true, true},
		"/v1/ws/apps/com.example": {true, true}, "/app-ws": {true, true}, "/healthz": {true, true},
		"/v1/admin/users/u": {true, true}, "/v1/webhooks/permissions": {true, true}, "/v1/openapi.json": {true, true},
		"/auth/login": {true, false}, "/.well-known/jwks.json": {true, false},
		"/": {}, "/v1": {}, "/v1/things": {}, "/v1/documents/welcome/links": {}, "/auth": {}, "/authors/1": {}, "/.well-known/security.txt": {}, "/healthz/": {}, "/api/v1/ws/": {}, "/V1/ws/device": {},
	} {
		for i, env := range []map[string]string{embedded(), outside} {
			step := newWorker(t, env).step(map[string]any{"kind": "handles", "url": "https://app.example" + path + "?a=b"})
			if step["do"] != "routed" || step["handles"] != want[i] {
				t.Errorf("%s: %v, want %v", path, step, want)
			}
		}
	}
	for _, url := range []string{"", "no url", "https://["} {
		if step := newWorker(t, outside).step(map[string]any{"kind": "handles", "url": url}); step["handles"] != false {
			t.Errorf("%q: %v", url, step)
		}
	}
	// Whatever is described is handled.
	page, err := os.ReadFile("../admin/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var described struct{ Paths map[string]any }
	if json.Unmarshal(page, &described) != nil || len(described.Paths) < 20 {
		t.Fatalf("the description has %d paths", len(described.Paths))
	}
	for path := range described.Paths {
		url := "https://app.example" + strings.NewReplacer("{", "a", "}", "b").Replace(path)
		if step := newWorker(t, with(embedded(), "GUEST_LINKS", "1")).step(map[string]any{"kind": "handles", "url": url}); step["handles"] != true {
			t.Errorf("%s is described, and not handled", path)
		}
	}
}
