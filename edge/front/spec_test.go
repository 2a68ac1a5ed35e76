package front

import (
	"encoding/json"
	"strings"
	"testing"
)

// S1: "Each UserSession is keyed by email": by the user id, or, where SUBJECT_CLAIM says so,
// by the e-mail that the issuer has verified, in lower case.
func TestSpecSessionIsKeyedByUser(t *testing.T) {
	k1 := `{"alg":"RS256","kid":"k1"}`
	byEmail := map[string]string{"ISSUER": issuer, "AUDIENCE": "*", "STATIC_KEY": jwk("k1"), "SUBJECT_CLAIM": "email"}
	for _, c := range []struct {
		env          map[string]string
		claims, name string
	}{
		{embedded(), good, "usr_owner"},
		{byEmail, strings.Replace(good, `"email":"owner`, `"email_verified":true,"email":"Owner`, 1), "owner@example.com"},
	} {
		w := newWorker(t, c.env)
		w.call = func(string, map[string]any) map[string]any {
			return map[string]any{"body": strings.Replace(grant, "usr_owner", c.name, 1)}
		}
		end := w.run(upgrade(line + "?client_id=c&token=" + sign(k1, c.claims)))
		if want := "verify, call SESSIONS/" + c.name + ", forward DOCUMENTS/welcome"; end["do"] != "socket" || w.way() != want {
			t.Errorf("%s, want %s", w.way(), want)
		}
	}
}

// S2: “"permissions": { "documents": ["read", "write"], "workspaces": ["read"] }”: what a
// token says of permissions reaches no object; they come from the permission source.
func TestSpecTokenGrantsNothing(t *testing.T) {
	w := newWorker(t, embedded())
	claims := strings.Replace(good, "{", `{"workspace_ids":["ws_123","ws_456"],"permissions":{"documents":["admin"],"workspaces":["owner"]},`, 1)
	w.run(upgrade(line + "?client_id=c&token=" + sign(`{"alg":"RS256","kid":"k1"}`, claims)))
	if len(w.bodies) != 2 {
		t.Fatalf("%s", w.way())
	}
	for _, word := range []string{"permissions", "workspace_ids", "ws_123"} {
		if text, _ := json.Marshal(w.bodies[0]); strings.Contains(string(text), word) {
			t.Errorf("the session object received %s", text)
		}
	}
	if text, _ := json.Marshal(w.bodies[1]); strings.Contains(string(text), "admin") || !strings.Contains(string(text), `"permissions":["read","write"]`) {
		t.Errorf("the document object received %s", text)
	}
}

// S2: "WS->>Auth: Validate token" and "Authenticated session established": every
// connect is verified anew, a resume like the first, before any object learns of it.
func TestSpecResumeIsVerified(t *testing.T) {
	w := newWorker(t, embedded())
	for range 2 {
		w.steps = nil
		if end := w.run(upgrade(line + "?client_id=c&session_id=s1&last_seq=4&token=" + goodToken())); end["do"] != "socket" || w.way() != "verify, forward DOCUMENTS/welcome" {
			t.Errorf("%s: %v", w.way(), end)
		}
	}
	p := strings.Split(goodToken(), ".")
	w.steps = nil
	end := w.run(upgrade(line + "?client_id=c&session_id=s1&last_seq=4&token=" + p[0] + "." + p[1] + "." + b64(strings.Repeat("x", 256))))
	if code, reason := failure(t, end); code != "AUTHENTICATION_FAILED" || reason != "signature_invalid" || w.way() != "verify, respond" {
		t.Errorf("a session id in the place of a signature: %s %s after %s", code, reason, w.way())
	}
}
