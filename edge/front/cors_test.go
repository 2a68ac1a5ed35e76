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

// A page of an origin that is not allowed has a line in the log, with its name and the variable
// to set: on a socket, at the issuer, at the key set. What has no form of an origin is not logged.
func TestRefusedOriginsAreLogged(t *testing.T) {
	env := embedded()
	env["ALLOWED_ORIGINS"] = "https://app.example"
	const tail = `"message":"If pages of this origin are yours, add it to ALLOWED_ORIGINS."}`
	for _, c := range []struct {
		path, origin, want string
	}{
		{"/auth/refresh", "http://localhost:5173", `{"level":"warn","event":"origin_refused","code":"ORIGIN_NOT_ALLOWED","origin":"http://localhost:5173",` + tail},
		{keySetPath, "null", `{"level":"warn","event":"origin_refused","code":"ORIGIN_NOT_ALLOWED","origin":"null",` + tail},
		{"/auth/login", "http://x" + strings.Repeat("y", 200), `{"level":"warn","event":"origin_refused","code":"ORIGIN_NOT_ALLOWED",` + tail},
		{"/auth/login", "http://x\n{\"level\":\"info\"}", `{"level":"warn","event":"origin_refused","code":"ORIGIN_NOT_ALLOWED",` + tail},
	} {
		w := newWorker(t, env)
		end := w.run(map[string]any{"kind": "request", "method": "POST", "url": "http://127.0.0.1:8787" + c.path, "headers": map[string]string{"origin": c.origin}})
		if end["status"] != 403.0 || end["log"] != c.want {
			t.Errorf("%s from %q: %v", c.path, c.origin, end)
		}
	}
	w := newWorker(t, env)
	end := w.run(upgrade(line+"?client_id=c&token="+goodToken(), "origin", "http://localhost:5173"))
	if text, _ := end["log"].(string); !strings.Contains(text, `"event":"connect_refused","code":"ORIGIN_NOT_ALLOWED"`) || !strings.HasSuffix(text, `"origin":"http://localhost:5173",`+tail) {
		t.Errorf("a socket: %v", end)
	}
	// One address writes one line a minute, however many origins it invents.
	for i, origin := range []string{"https://a.evil.example", "https://b.evil.example"} {
		if end := w.run(login("203.0.113.7", "origin", origin)); (end["log"] != nil) != (i == 0) {
			t.Errorf("%s: %v", origin, end)
		}
	}
}

// The Worker's own page needs no headers, whatever is listed.
func TestCORSOfTheWorkersOwnPage(t *testing.T) {
	env := embedded()
	env["ALLOWED_ORIGINS"], env["PUBLIC_URL"] = "https://app.example", "https://sessions.example/"
	for _, origin := range []string{"http://127.0.0.1:8787", "https://sessions.example"} {
		w := newWorker(t, env)
		end := w.run(map[string]any{"kind": "request", "method": "GET", "url": "http://127.0.0.1:8787" + keySetPath, "headers": map[string]string{"origin": origin}})
		h, _ := end["headers"].(map[string]any)
		if end["status"] != 200.0 || h["access-control-allow-origin"] != nil {
			t.Errorf("%s: %v", origin, end)
		}
	}
}
