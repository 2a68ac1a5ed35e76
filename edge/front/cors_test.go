package front

import (
	"strings"
	"testing"
)

// A page on another origin of the list may use the embedded issuer; no header lets
// it do what it may not.
func TestCORS(t *testing.T) {
	ask := func(list, origin, method, path string) map[string]any {
		env := embedded()
		env["ALLOWED_ORIGINS"], env["LOGINS_PER_IP_PER_MIN"], env["LOGINS_PER_IP_BURST"] = list, "1", "1"
		w := newWorker(t, env)
		event := login("203.0.113.7", "origin", origin)
		event["method"], event["url"] = method, "http://127.0.0.1:8787"+path
		w.run(login("203.0.113.7", "origin", origin)) // uses up the limit
		return w.run(event)
	}
	end := ask("https://app.example", "https://app.example", "OPTIONS", "/auth/login")
	h, _ := end["headers"].(map[string]any)
	if end["status"] != 204.0 || h["access-control-allow-origin"] != "https://app.example" || h["access-control-allow-credentials"] != "true" ||
		h["access-control-allow-methods"] != "GET, POST" || h["access-control-allow-headers"] != "content-type" || h["vary"] != "origin" {
		t.Errorf("%v", end)
	}
	end = ask("*", "https://app.example", "OPTIONS", "/auth/refresh")
	h, _ = end["headers"].(map[string]any)
	if end["status"] != 204.0 || h["access-control-allow-origin"] != "*" || h["access-control-allow-credentials"] != nil {
		t.Errorf("whom only the wildcard lets in: %v", end)
	}
	end = ask("https://app.example", "https://evil.example", "OPTIONS", "/auth/login")
	h, _ = end["headers"].(map[string]any)
	if end["status"] != 403.0 || h["access-control-allow-origin"] != nil {
		t.Errorf("a stranger: %v", end)
	}
	// The page must be able to read when it may try again.
	end = ask("https://app.example", "https://app.example", "POST", "/auth/login")
	h, _ = end["headers"].(map[string]any)
	if end["status"] != 429.0 || h["access-control-allow-origin"] != "https://app.example" || !strings.Contains(h["access-control-expose-headers"].(string), "retry-after") {
		t.Errorf("a limit: %v", end)
	}
}
