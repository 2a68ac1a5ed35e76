package front

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// discovering is a deployment that knows an issuer's name and nothing else of it.
func discovering(name string) map[string]string {
	return map[string]string{"ISSUER": name, "AUDIENCE": "web", "SUBJECT_CLAIM": "sub"}
}

func TestDiscovery(t *testing.T) {
	const openID, oauth = "https://two.example/tenant/.well-known/openid-configuration", "https://two.example/.well-known/oauth-authorization-server/tenant"
	const keys, moved = "https://two.example/keys", "https://keys.two.example/"
	alice, bob := from(second, "k1", `,"aud":"web","sub":"alice"`), from(second, "k2", `,"aud":"web","sub":"bob"`)
	p := &published{}
	p.document(second, keys, jwk("k1"))
	w := newWorker(t, discovering(second))
	w.fetch = p.fetch
	ask := func(token, want string, asked ...string) {
		t.Helper()
		p.asked = nil
		if got := w.who(token); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if !slices.Equal(p.asked, asked) {
			t.Errorf("asked %v, want %v", p.asked, asked)
		}
	}
	ask(alice, "alice", openID, keys)
	ask(alice, "alice")
	ask(bob, "- key_not_known_yet")

	// The issuer has a new key, where it had the old one: the address is known.
	p.at[keys]["body"] = `{"keys":[` + jwk("k1") + `,` + jwk("k2") + `]}`
	w.now = w.now.Add(30 * time.Second)
	ask(bob, "bob", keys)

	// After JWKS_FRESH_S both are asked for anew: the keys have moved.
	p.document(second, moved, jwk("k1"))
	delete(p.at, keys)
	w.now = w.now.Add(10 * time.Minute)
	later := func(claims string) string {
		at := w.now.Unix()
		return sign(`{"alg":"RS256","kid":"k1"}`, `{"iat":`+num(at)+`,"exp":`+num(at+900)+`,"iss":"`+second+`"`+claims+`}`)
	}
	ask(later(`,"aud":"web","sub":"alice"`), "alice", openID, moved)

	// Later still the document is gone, or a page; the keys are where they were.
	p.at[openID] = map[string]any{"status": 200, "body": "<html>"}
	w.now = w.now.Add(10 * time.Minute)
	ask(later(`,"aud":"web","sub":"alice"`), "alice", openID, moved)
	p.at[openID] = map[string]any{"error": "TimeoutError"}
	w.now = w.now.Add(10 * time.Minute)
	ask(later(`,"aud":"web","sub":"alice"`), "alice", openID, moved)
	delete(p.at, openID)
	w.now = w.now.Add(10 * time.Minute)
	ask(later(`,"aud":"web","sub":"alice"`), "alice", openID, oauth, moved)

	// Not for ever: after JWKS_STALE_S the address counts no more.
	w.now = w.now.Add(time.Hour)
	ask(later(`,"aud":"web","sub":"alice"`), "- keys_unavailable", openID, oauth)
	ask(later(`,"aud":"web","sub":"alice"`), "- keys_unavailable")
	if got := strings.Count(strings.Join(w.logs, "\n"), `"discovery_failed"`); got != 4 {
		t.Errorf("%d lines: %v", got, w.logs)
	}

	// An authorization server that is no OpenID provider has its document elsewhere.
	p.at[oauth] = map[string]any{"status": 200, "body": `{"issuer":"` + second + `","jwks_uri":"` + moved + `"}`}
	w.now = w.now.Add(5 * time.Second)
	ask(later(`,"aud":"web","sub":"alice"`), "alice", openID, oauth, moved)
}

func num(n int64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

// TestDiscoveryOfAnother: power of the attacker: answers in the issuer's place, by a redirect or because the
// operator misspelt the issuer. None of their keys counts.
func TestDiscoveryOfAnother(t *testing.T) {
	const openID = "https://two.example/tenant/.well-known/openid-configuration"
	for want, answer := range map[string]map[string]any{
		`"reason":"another_issuer","status":200`:     {"status": 200, "body": `{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}`},
		`"reason":"no_usable_jwks_uri","status":200`: {"status": 200, "body": `{"issuer":"` + second + `","jwks_uri":"http://evil.example/keys"}`},
		`"reason":"not_a_document","status":200`:     {"status": 200, "body": `{"keys":[` + jwk("k1") + `]}`},
		`"reason":"status","status":302`:             {"status": 302, "body": ""},
		`"reason":"status","status":500`:             {"status": 500, "body": ""},
		`"reason":"too large","status":200`:          {"status": 200, "error": "too large"},
		`"reason":"TimeoutError"`:                    {"error": "TimeoutError"},
	} {
		p := &published{}
		p.document(second, "https://two.example/keys", jwk("k1"))
		p.at["https://evil.example/keys"] = p.at["https://two.example/keys"]
		p.at[openID] = answer
		w := newWorker(t, discovering(second))
		w.fetch = p.fetch
		end := w.run(upgrade(line+"?client_id=c", "authorization", "Bearer "+from(second, "k1", `,"aud":"web","sub":"alice"`), "origin", "http://127.0.0.1:8787"))
		if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "keys_unavailable" || end["code"] != 4203.0 {
			t.Errorf("%s: %v", want, end)
		}
		if !slices.Equal(p.asked, []string{openID}) {
			t.Errorf("%s: asked %v", want, p.asked)
		}
		if line := `{"level":"warn","event":"discovery_failed",` + want + `,"issuer":"` + second + `"}`; !slices.Contains(w.logs, line) {
			t.Errorf("%v, want %s", w.logs, line)
		}
	}
}

// TestColdDiscovery: each connect during discovery waits for that one, also those that come while the keys
// are fetched.
func TestColdDiscovery(t *testing.T) {
	w := newWorker(t, discovering(second))
	p := &published{}
	p.document(second, "https://two.example/keys", jwk("k1"))
	waiting := []any{}
	for range 20 {
		event := upgrade(line+"?client_id=c", "authorization", "Bearer "+from(second, "k1", `,"aud":"web","sub":"usr_owner"`))
		step := w.step(event)
		if step["do"] != "fetch" {
			t.Fatalf("%v", step)
		}
		if len(waiting) == 10 { // one of them has the document already, and those behind know it
			step = w.step(map[string]any{"kind": "result", "state": step["state"], "result": p.fetch(step["url"].(string))})
		}
		waiting = append(waiting, step)
	}
	w.fetch = p.fetch
	for _, step := range waiting {
		step := step.(map[string]any)
		if end := w.run(map[string]any{"kind": "result", "state": step["state"], "result": p.fetch(step["url"].(string))}); end["do"] != "socket" {
			t.Errorf("%v", end)
		}
	}
}

// TestWhoIsAsked: what is configured wins over discovery, and what cannot be asked is said.
func TestWhoIsAsked(t *testing.T) {
	for _, c := range []struct {
		env    map[string]string
		reason string
	}{
		{discovering(second), ""},
		{with(discovering(second), "JWKS_URL", "https://issuer.example/keys"), ""},
		{with(discovering(second), "EMBEDDED_ISSUER", "0"), ""},
		{with(discovering("http://localhost:9998/")), ""},
		{with(discovering(second), "EMBEDDED_ISSUER", "1"), "not_configured"}, // it has lost its key, and must not look elsewhere for one
		{with(discovering(second), "AUDIENCE", "-"), "audience_missing"},
		{with(discovering(second), "AUDIENCE", "*"), ""},
		{discovering("http://two.example"), "issuer_unusable"},
		{discovering("two.example"), "issuer_unusable"},
		{discovering("https://two.example?tenant=7"), "issuer_unusable"},
		{discovering("https://user:secret@two.example"), "issuer_unusable"},
		{with(discovering(second), "ALGORITHMS", "ES256, EdDSA RS256"), ""},
		{with(discovering(second), "ALGORITHMS", "ES256 none"), "algorithms_unusable"},
		{with(discovering(second), "ALGORITHMS", "HS256"), "algorithms_unusable"},
		{with(discovering(second), "ALGORITHMS", "es256"), "algorithms_unusable"},
		{with(discovering(second), "AUDIENCE_CLAIM", "client_id"), ""},
		{with(discovering(second), "AUDIENCE_CLAIM", "aud"), ""},
		{with(discovering(second), "AUDIENCE_CLAIM", "scope"), "audience_claim_unusable"},
		{with(discovering(second), "AUDIENCE_CLAIM", "iss"), "audience_claim_unusable"},
		{with(embedded(), "ALGORITHMS", "ES256", "AUDIENCE_CLAIM", "azp"), ""}, // the embedded issuer's tokens are RS256
	} {
		raw, _ := json.Marshal(c.env)
		cfg, err := ParseEnv(raw)
		got := ""
		if cfg.Fault != nil {
			got = cfg.Fault.Reason
		}
		if got != c.reason || (err == nil) != (got == "") || strings.Contains(Complaints(raw, cfg, err), "secret") {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	w := newWorker(t, with(embedded(), "ALGORITHMS", "ES256"))
	if got := w.who(goodToken()); got != "usr_owner" {
		t.Error(got)
	}
}

// TestAudienceClaim: an issuer whose access tokens say whom they are for in another claim.
func TestAudienceClaim(t *testing.T) {
	for _, c := range []struct{ claim, claims, want string }{
		{"client_id", `,"client_id":"web"`, "alice"},
		{"client_id", `,"client_id":"elsewhere"`, "- audience_mismatch"},
		{"client_id", `,"aud":"web"`, "- claim_missing"}, // an ID token
		{"client_id", `,"client_id":"web","aud":"elsewhere"`, "- audience_mismatch"},
		{"client_id", `,"client_id":"web","aud":"web"`, "alice"},
		{"client_id", `,"client_id":["web"]`, "- token_malformed"},
		{"client_id", `,"client_id":""`, "- claim_missing"},
		{"client_id", `,"azp":"web"`, "- claim_missing"},
		{"azp", `,"azp":"web"`, "alice"},
		{"azp", `,"azp":"web.evil.example"`, "- audience_mismatch"},
		{"aud", `,"client_id":"web"`, "- claim_missing"},
		{"", `,"client_id":"web","aud":"elsewhere"`, "- audience_mismatch"},
	} {
		p := &published{}
		p.document(second, "https://two.example/keys", jwk("k1"))
		w := newWorker(t, with(discovering(second), "AUDIENCE_CLAIM", c.claim))
		w.fetch = p.fetch
		if got := w.who(from(second, "k1", `,"sub":"alice"`+c.claims)); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.claim, c.claims, got, c.want)
		}
	}
}
