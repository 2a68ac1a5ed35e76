package front

import (
	"strings"
	"testing"
)

// The matrix of the allow-list: what a browser may write as an origin, and what an
// operator may have written down.
func TestOriginMatrix(t *testing.T) {
	const host = "api.example"
	for _, c := range []struct {
		list, origin string
		ok           bool
	}{
		{"https://app.example", "https://app.example", true},
		{"https://app.example/", "https://app.example", true},
		{"HTTPS://App.Example", "https://app.example", true},
		{"https://app.example", "https://app.example/", false}, // no browser writes it so
		{"https://app.example", "https://app.example:8443", false},
		{"https://app.example:8443", "https://app.example", false},
		{"https://app.example:443", "https://app.example", false}, // a browser leaves the default port out
		{"https://app.example", "https://sub.app.example", false},
		{"https://*.example", "https://app.example", false}, // there are no patterns
		{"https://app.example", "https://app.example@evil.example", false},
		{"https://app.example", "https://app.example\x00", false},
		{"https://app.example", "null", false},
		{"null", "null", true}, // by name, for who means it
		{"*", "null", true},
		{"*", "file://", true},
		{"", "https://api.example", true},
		{"", "https://API.example", true},
		{"", "https://api.example:8443", false},
		{"", "null", false},
		{"", "file://", false},
		{"", "https://user@api.example", true}, // the same host; no browser writes it so
		{" , ", "https://app.example", false},
	} {
		if got := OriginAllowed(ParseOrigins(c.list), c.origin, host); got != c.ok {
			t.Errorf("list %q, origin %q: %v", c.list, c.origin, got)
		}
	}
}

// A page on another origin of the list may use the embedded issuer; what it may not
// is what the browser is not told.
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
	if CORS(nil, "http://127.0.0.1:8787") != nil || CORS([]string{"*"}, "") != nil {
		t.Error("headers that nobody needs")
	}
}
