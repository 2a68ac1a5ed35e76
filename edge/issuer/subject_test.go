package issuer

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Where users are called by their e-mail, the issuer calls them so wherever it speaks of
// them to others; and its tokens say for whom they are.
//
// S1: "Each UserSession is keyed by email".
func TestSubjectIsTheEmail(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.EmailSubjects, c.Audience = true, []string{"web", "phone"} })
	w.store.members["owner@example.com"] = []Membership{{"ws_mail", "owner"}}
	a := w.login("Owner@example.com", password)
	if a.owner != "owner@example.com" {
		t.Errorf("signed in as %q", a.owner)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.access, ".")[1])
	for _, want := range []string{`"user_id":"usr_owner"`, `"email":"owner@example.com"`, `"email_verified":true`, `"workspace_ids":["ws_mail"]`, `"aud":["web","phone"]`} {
		if !strings.Contains(string(payload), want) {
			t.Errorf("%s lacks %s", payload, want)
		}
	}
	if b := w.with("/auth/refresh", a.cookie.Value); b.owner != "owner@example.com" {
		t.Errorf("refreshed as %q", b.owner)
	}
	w.everywhere(w.login("owner@example.com", password).cookie.Value)
	if len(w.ended) != 1 || !strings.HasPrefix(w.ended[0], "owner@example.com ") {
		t.Errorf("ended %v", w.ended)
	}
}
