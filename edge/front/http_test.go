package front

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/token"
)

func post(path string, headers ...string) map[string]any {
	event := get("http://127.0.0.1:8787"+path, headers...)
	event["method"] = "POST"
	return event
}

// The key set costs no module: anybody may ask for it as often as they like.
//
// Holds: "a stranger's request starts next to nothing".
func TestKeySet(t *testing.T) {
	env := embedded()
	env["PREVIOUS_KEYS"] = `{"keys":[` + otherJWK("k0") + `]}`
	w := newWorker(t, env)
	end := w.run(get("http://127.0.0.1:8787" + keySetPath))
	keys := token.NewFetched(token.Ages{})
	if _, err := keys.Load([]byte(end["body"].(string)), now); err != nil || strings.Contains(end["body"].(string), `"d"`) {
		t.Fatalf("%v %v", end, err)
	}
	for _, kid := range []string{"k0", "k1"} {
		if _, decision, _ := keys.Lookup(&token.Token{KeyID: kid, Algorithm: token.Algorithm}, false, now); decision != token.Use {
			t.Errorf("%s: decision %d", kid, decision)
		}
	}
	if cache := end["headers"].(map[string]any)["cache-control"]; cache != "public, max-age=300" {
		t.Errorf("cached %v", cache)
	}
	if end := w.run(post(keySetPath)); end["status"] != 405.0 || end["headers"].(map[string]any)["allow"] != "GET" {
		t.Errorf("by POST: %v", end)
	}
	if end := w.run(post("/v1/openapi.json")); end["status"] != 405.0 {
		t.Errorf("the description by POST: %v", end)
	}
}

// Power of the attacker: one address, and no account. A module is booted for as many requests
// as its bucket holds, and for none that could not be right.
//
// Holds: "a stranger's request starts next to nothing".
func TestAuthPerAddress(t *testing.T) {
	env := embedded()
	maps.Copy(env, map[string]string{"AUTH_PER_IP_PER_MIN": "6", "AUTH_PER_IP_BURST": "3"})
	for _, path := range []string{"/auth/refresh", "/auth/logout", "/auth/login", "/auth/password", "/auth/reset"} {
		w := newWorker(t, env)
		for range 3 {
			if end := w.run(post(path, access.AddressHeader, "203.0.113.7")); end["do"] != "handler" {
				t.Fatalf("%s: %v", path, end)
			}
		}
		end := w.run(post(path, access.AddressHeader, "203.0.113.7"))
		if code, reason := failure(t, end); code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_requests" || end["headers"].(map[string]any)["retry-after"] != "10" {
			t.Errorf("%s: %v", path, end)
		}
		if end := w.run(post(path, access.AddressHeader, "203.0.113.8")); end["do"] != "handler" {
			t.Errorf("%s, a neighbour: %v", path, end)
		}
	}
	w := newWorker(t, env)
	for what, c := range map[string]struct {
		event  map[string]any
		status float64
	}{
		"no such route": {post("/auth/nothing"), 404}, "a link": {get("http://127.0.0.1:8787/auth/refresh"), 405},
		"a body that says it is too long": {post("/auth/logout", "content-length", "4097"), 413},
	} {
		if end := w.run(c.event); end["do"] != "respond" || end["status"] != c.status {
			t.Errorf("%s: %v", what, end)
		}
	}
}

// What is booted has its body already, and the limits of that go along.
//
// Holds: "a stranger's request starts next to nothing".
func TestHandlersBody(t *testing.T) {
	env := embedded()
	maps.Copy(env, map[string]string{"BODY_TIMEOUT_MS": "2500", "ADMIN_MAX_BODY_BYTES": "100", "ADMIN_TOKEN": "olive:right", "ALLOWED_ORIGINS": "https://a.example"})
	w := newWorker(t, env)
	end := w.run(post("/auth/login", "origin", "https://a.example"))
	late, large, unwanted := end["too_late"].(map[string]any), end["too_large"].(map[string]any), end["unwanted"].(map[string]any)
	if end["max_bytes"] != float64(access.SignInBytes) || end["timeout_ms"] != 2500.0 || late["status"] != 408.0 || large["status"] != 413.0 || unwanted["status"] != 400.0 {
		t.Errorf("%v", end)
	}
	for _, refusal := range []map[string]any{late, large, unwanted} {
		if refusal["do"] != "respond" || refusal["headers"].(map[string]any)["access-control-allow-origin"] != "https://a.example" {
			t.Errorf("%v", refusal)
		}
	}
	for length, want := range map[string]string{"100": "handler", "101": "respond", "99999999999999999999999": "handler", "x": "handler"} {
		if end := w.run(post("/v1/admin/apps", "authorization", "Bearer right", "content-length", length)); end["do"] != want {
			t.Errorf("%s bytes: %v", length, end)
		}
	}
}

// Whoever misspells a path gets our own answer in our own form, and not the file server's.
func TestWhatIsNearlyARoute(t *testing.T) {
	w := newWorker(t, embedded())
	for _, path := range []string{
		"/v1/ws/device/", "/glasses-ws/", "/app-ws/", "/GLASSES-WS", "/V1/ws/documents/welcome", "/v1/WS/device", "//v1/ws/documents/welcome",
		"/healthz/", "/HEALTHZ", "/Auth/login", "/v1", "/v1/%zz", "/v1/ws/", "/.well-known/JWKS.json", "/.well-known/%",
		"/v1%/x", "/auth%", "/app-ws%zz", "/healthz;", "/v1;x", "/auth;x=1", "/v1%252Fws", "/glasses-ws%00",
	} {
		for _, event := range []map[string]any{get(appHost + path + "?client_id=c"), upgrade(appHost + path + "?client_id=c")} {
			if code, _ := failure(t, w.run(event)); code != "NOT_FOUND" {
				t.Errorf("%s: %s", path, code)
			}
		}
		if end := w.run(upgrade(appHost+path, "origin", appHost)); end["do"] != "refuse" {
			t.Errorf("%s, a page: %v", path, end)
		}
	}
	for path, want := range map[string]string{
		"/v1/ws/documents/100%": "document_id_invalid", "/v1/ws/documents/a%zz": "document_id_invalid", "/v1/ws/documents/a%C3": "document_id_invalid",
		"/v1/ws/documents/welcome/": "document_id_invalid", "/v1/ws/documents/": "document_id_invalid",
	} {
		if _, reason := failure(t, w.run(upgrade(appHost+path+"?client_id=c&token="+goodToken()))); reason != want {
			t.Errorf("%s: %s", path, reason)
		}
	}
	// A parameter of ours that cannot be read was sent all the same.
	for _, c := range []struct{ query, reason string }{
		{"client_id=50%", "client_id_invalid"}, {"client_id=a;b", "client_id_invalid"}, {"client_id=c&session_id=%zz&last_seq=0", "session_id_invalid"},
		{"client_id=c&last_seq=5%", "last_seq_invalid"}, {"client_id=c&client_id=%", "client_id_invalid"},
	} {
		if _, reason := failure(t, w.run(upgrade(line+"?token="+goodToken()+"&"+c.query))); reason != c.reason {
			t.Errorf("%s: %s", c.query, reason)
		}
	}
	if end := w.run(upgrade(line + "?theme=100%&client_id=c&token=" + goodToken())); end["do"] != "socket" {
		t.Errorf("a parameter of somebody else's: %v", end)
	}
	for _, path := range []string{"/", "/index.html", "/nothing", "/V2/x", "/%zz"} {
		if end := w.run(get(appHost + path)); end["do"] != "assets" {
			t.Errorf("%s: %v", path, end)
		}
	}
}

// A signature that only has the form of one boots a module, and counts until it is found good.
func TestWebhooksPerAddress(t *testing.T) {
	env := embedded()
	env["WEBHOOK_SECRET"] = "s"
	for _, good := range []bool{true, false} {
		w := newWorker(t, env)
		w.front.connects.limit.Burst = 3
		for n := range 6 {
			sent := post("/v1/webhooks/permissions", access.AddressHeader, "203.0.113.7", "x-holdfast-signature", fmt.Sprintf("t=%d,v1=%s", now.Unix(), strings.Repeat("0", 64)))
			end := w.run(sent)
			if handled := end["do"] == "handler"; handled != (good || n < 3) {
				t.Fatalf("good %v, request %d: %v", good, n+1, end)
			}
			if good {
				if end["max_bytes"] != float64(vars.WebhookMaxBodyBytes.Int("")) {
					t.Errorf("%v", end)
				}
				w.step(map[string]any{"kind": "settled", "state": end["state"]})
			}
		}
	}
}
