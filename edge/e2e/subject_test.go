//go:build !js

package e2e

import (
	"strings"
	"testing"
)

// Which tokens are accepted, for whom they are, and whom they name.

// TestUnsaidAudience: a deployment that would accept everything a provider signs admits nobody, and reports why.
func TestUnsaidAudience(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	token := p.token("usr_owner", resource)
	for _, c := range [][]string{{"AUDIENCE", "", "audience_missing"}, {"ISSUER", "", "issuer_missing"}, {"JWKS_URL", strings.Replace(p.URL, "://", "://user:password@", 1) + "/jwks", "jwks_url_unusable"}} {
		s := p.trusting(t, c[0], c[1])
		s.expectAnswer(token, "503 SERVICE_UNAVAILABLE "+c[2])
		page, _, err := dialling{document: "welcome", clientID: "c1", token: token, origin: s.URL}.dial(s)
		check(err)
		if said := page.expectError("SERVICE_UNAVAILABLE").text("message"); !strings.Contains(said, c[0]) {
			t.Errorf("a page is answered %q", said)
		}
		if code := page.expectClose(); code != 4203 {
			t.Errorf("closed with %d", code)
		}
		logs := s.Logs()
		if strings.Count(logs, `"not_configured"`) != 1 || !strings.Contains(logs, c[2]) || strings.Contains(logs, "password@") {
			t.Errorf("%s=%q: the log says %s", c[0], c[1], logs)
		}
	}
	s := p.trusting(t, "AUDIENCE", "*")
	s.expectAnswer(p.token("usr_owner", "https://elsewhere.example/"), "")
}

// A provider's own word for its users is sub, and its access tokens have no other.
func TestSubjectIsTheProviders(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	s := p.trusting(t, "SUBJECT_CLAIM", "sub")
	c := s.connect(dialling{document: "welcome", clientID: "o", token: p.token("usr_owner", resource)})
	if user := c.ack.text("user_id"); user != "usr_owner" {
		t.Errorf("connected as %q", user)
	}
	s = p.trusting(t, "SUBJECT_CLAIM", "email")
	s.expectAnswer(p.token("usr_owner", resource), "401 AUTHENTICATION_FAILED claim_missing")
}

// TestEmbeddedIssuersAudience: the embedded issuer's tokens have the audience that the deployment sets.
func TestEmbeddedIssuersAudience(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"AUDIENCE": "web, phone"})
	s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	f := newForger()
	same := func(_, _ map[string]any) {}
	s.expectAnswer(f.token(same), "401 AUTHENTICATION_FAILED claim_missing")
	s.expectAnswer(f.token(func(_, c map[string]any) { c["aud"] = "phone" }), "")
}

// S1: "Each UserSession is keyed by email": also with the embedded issuer, if its deployment
// says so; and an operator who names somebody so ends all that is theirs.
func TestEmbeddedIssuerByEmail(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"SUBJECT_CLAIM": "email"})
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/owner@example.com", `{"role":"owner"}`)
	signIn := s.password("", "owner", "holdfast-demo")
	access, _ := signIn.body["access_token"].(string)
	c := s.connect(dialling{document: "welcome", clientID: "o", token: access})
	if user := c.ack.text("user_id"); user != "owner@example.com" || signIn.body["user_id"] != user {
		t.Errorf("connected as %q, signed in as %v", user, signIn.body["user_id"])
	}
	s.must("POST", "/v1/admin/users/owner@example.com/revoke", `{"all":true}`)
	c.expectError("TOKEN_REVOKED")
	if a := s.visit(visit{path: "/auth/refresh", cookie: signIn.cookie}); a.status != 401 {
		t.Errorf("the sign-in lives on: HTTP %d", a.status)
	}
}
