package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestFetchedKeys(t *testing.T) {
	w := newWorker(t, fetching())
	jwks := map[string]any{"status": 200, "body": `{"keys":[` + jwk("k0") + `]}`}
	w.fetch = func(url string) map[string]any {
		if url != "https://issuer.example/keys" {
			t.Errorf("fetched %s", url)
		}
		return jwks
	}
	ask := func(want, way string) {
		t.Helper()
		w.steps = nil
		end := w.run(upgrade(line + "?client_id=c&token=" + goodToken()))
		got := end["do"].(string)
		if got != "socket" {
			code, reason := failure(t, end)
			got = code + " " + reason
		}
		if got != want || !strings.HasPrefix(w.way(), way) {
			t.Errorf("%s by %s, want %s by %s", got, w.way(), want, way)
		}
	}
	ask("AUTHENTICATION_FAILED key_unknown", "fetch, respond")
	ask("SERVICE_UNAVAILABLE key_not_known_yet", "respond") // not again so soon, but perhaps it is one of the issuer's
	jwks["body"] = `{"keys":[` + jwk("k0") + `,` + jwk("k1") + `]}`
	w.now = w.now.Add(30 * time.Second)
	ask("socket", "fetch, verify")
	ask("socket", "verify")
	w.now = w.now.Add(10 * time.Minute)
	jwks = map[string]any{"error": "TimeoutError"}
	ask("socket", "fetch, note, verify") // stale, for want of better
	w.now = w.now.Add(time.Minute - time.Second)
	ask("socket", "fetch, verify") // a line a minute

	cold := newWorker(t, fetching())
	cold.fetch = func(string) map[string]any { return map[string]any{"status": 502, "body": "<html>"} }
	end := cold.run(upgrade(line + "?client_id=c&token=" + goodToken()))
	if _, reason := failure(t, end); reason != "keys_unavailable" || end["headers"].(map[string]any)["retry-after"] != "5" {
		t.Errorf("%v", end)
	}
	cold.run(upgrade(line + "?client_id=c&token=" + goodToken()))
	if cold.way() != "fetch, note, respond, respond" {
		t.Errorf("an issuer that is down is asked by every visitor: %s", cold.way())
	}
}

// During a rotation both keys sign: each token is checked with the one it names.
func TestPreviousKeys(t *testing.T) {
	old := goodToken() // by k1
	for _, c := range []struct{ what, signing, previous, want string }{
		{"k1 signs", jwk("k1"), "", "socket"},
		{"k1 has signed", otherJWK("k2"), `{"keys":[` + jwk("k1") + `]}`, "socket"},
		{"k1 has signed, a list", otherJWK("k2"), ` [` + otherJWK("k0") + `,` + jwk("k1") + `] `, "socket"},
		{"k1 is withdrawn", otherJWK("k2"), "", "AUTHENTICATION_FAILED key_unknown"},
		{"another key is called k1", jwk("k2"), `[` + otherJWK("k1") + `]`, "AUTHENTICATION_FAILED signature_invalid"},
		{"the same twice", jwk("k1"), `[` + jwk("k1") + `]`, "socket"},
		{"the list cannot be read: the newest counts", jwk("k1"), `[{"kty":"oct"}]`, "socket"},
		{"two of one name: the newest counts", jwk("k1"), `[` + otherJWK("k1") + `]`, "socket"},
		{"a list of text", jwk("k1"), `["k1"]`, "socket"},
	} {
		env, _ := json.Marshal(map[string]string{"ISSUER": issuer, "EMBEDDED_ISSUER": "1", "SIGNING_KEY": c.signing, "PREVIOUS_KEYS": c.previous})
		cfg, err := ParseEnv(env)
		if broken := strings.HasPrefix(c.what, "the list") || strings.HasPrefix(c.what, "two") || strings.HasPrefix(c.what, "a list"); (err != nil) != broken {
			t.Errorf("%s: %v", c.what, err)
		}
		w := &worker{t: t, front: New(cfg), now: now}
		w.call = func(string, map[string]any) map[string]any { return map[string]any{"body": grant} }
		w.forward = func(string, map[string]any) map[string]any { return nil }
		end := w.run(upgrade(line + "?client_id=c&token=" + old))
		got := end["do"].(string)
		if got != "socket" {
			code, reason := failure(t, end)
			got = code + " " + reason
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// Who was admitted need not stand in the log; who was refused always does.
func TestLogLevel(t *testing.T) {
	for level, admitted := range map[string]bool{"": true, "info": true, "warn": false, "error": false} {
		env := embedded()
		env["LOG_LEVEL"] = level
		w := newWorker(t, env)
		w.run(upgrade(line + "?client_id=c&token=" + goodToken()))
		w.run(upgrade("http://127.0.0.1:8787/glasses-ws?token=" + goodToken()))
		w.run(upgrade(line + "?client_id=c&token=not.a.token"))
		logs := strings.Join(w.logs, "\n")
		if strings.Contains(logs, "connect_admitted") != admitted || !strings.Contains(logs, "connect_refused") {
			t.Errorf("%q: %s", level, logs)
		}
	}
}
