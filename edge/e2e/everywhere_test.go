//go:build !js

package e2e

import (
	"testing"
)

// Logging out everywhere leaves a thief nothing: not the refresh token, not the access
// token, not the connection. The user signs in again, and nobody else notices.
func TestLogoutEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	here, there := s.password("", "owner", "holdfast-demo"), s.password("", "owner", "holdfast-demo")
	access, _ := there.body["access_token"].(string)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: access})
	other := s.connect(dialling{document: "notes", clientID: "o2", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	owner.op("m1", "hello")
	editor.receivedOps(1)
	s.delegate(access, "welcome", "Agent", "edit")

	out := s.visit(visit{path: "/auth/logout", cookie: here.cookie, body: map[string]any{"everywhere": true}})
	if out.status != 204 {
		t.Fatalf("HTTP %d %v", out.status, out.body)
	}
	for _, c := range []*conn{owner, other} {
		c.expectError("TOKEN_REVOKED")
		if code := c.expectClose(); code != 4410 {
			t.Errorf("closed with %d", code)
		}
	}
	for name, cookie := range map[string]string{"this sign-in": here.cookie, "the other": there.cookie} {
		if a := s.visit(visit{path: "/auth/refresh", cookie: cookie}); a.status != 401 {
			t.Errorf("%s lives on: HTTP %d", name, a.status)
		}
	}
	if said, _ := s.attempt(access); said[:3] != "401" {
		t.Errorf("the access token is still good: answered %q", said)
	}
	editor.quiet()
	// What the user has let programs do is over, and listed so.
	if list := s.must("GET", "/v1/admin/users/usr_owner/delegations", "")["delegations"].([]any); len(list) != 1 || at(list[0], "state") != "revoked" {
		t.Errorf("delegations: %v", list)
	}
	// At once, in the second of the logout most likely: what is new lives.
	s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")}).op("m2", "again")
}

// TestWrongOperatorTokens: a client that guesses the operators' token has to wait; an operator does not.
func TestWrongOperatorTokens(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOGINS_PER_IP_PER_MIN": "4", "LOGINS_PER_IP_BURST": "2"})
	ask := func(address, token string) int {
		return s.visit(visit{method: "GET", path: "/v1/admin/users/usr_owner", address: address, bearer: token}).status
	}
	for range 2 {
		if status := ask("203.0.113.7", "a-guess-at-the-token"); status != 401 {
			t.Fatalf("a guess: HTTP %d", status)
		}
	}
	if status := ask("203.0.113.7", "another-guess"); status != 429 {
		t.Errorf("after two: HTTP %d", status)
	}
	if status := ask("203.0.113.7", secrets["ADMIN_TOKEN"]); status == 401 || status == 429 {
		t.Errorf("an operator is refused for what others there have tried: HTTP %d", status)
	}
	for range 5 {
		if status := ask("203.0.113.8", secrets["ADMIN_TOKEN"]); status == 401 || status == 429 {
			t.Errorf("an operator: HTTP %d", status)
		}
	}
}

// The attacker has a link that an erased user has made, its guests' tokens and an open connection. When
// the erasure is answered they are out, and nobody comes in by the link.
func TestGuestsOfAnErasedUserAreOut(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GUEST_LINKS": "1"})
	token := s.Login("owner")
	status, made := s.asUser(token, "POST", "/v1/documents/welcome/links", `{"role":"edit","uses":5}`)
	if status != 201 {
		t.Fatalf("HTTP %d %v", status, made)
	}
	l := link{s, made["link_id"].(string), made["link"].(string)}
	s.Shown("a link", l.text)
	kept := s.link("welcome", `{"role":"edit"}`) // an operator's
	ann, bob, cid := l.guest("Ann"), l.guest("Bob"), kept.guest("Cid")
	c := s.connect(dialling{document: "welcome", clientID: "a", token: ann.token})
	other := s.connect(dialling{document: "welcome", clientID: "c", token: cid.token})
	c.op("m1", 1)
	other.receivedOps(1)
	answer := s.must("DELETE", "/v1/admin/users/usr_owner", "")
	if answer["guests"] != 2.0 {
		t.Errorf("erased: %v", answer)
	}
	c.expectError("TOKEN_REVOKED")
	if code := c.expectClose(); code != 4410 {
		t.Errorf("closed with %d", code)
	}
	for _, g := range []guest{ann, bob} {
		f := s.refusedAny(dialling{document: "welcome", clientID: "a", token: g.token})
		if code := f.text("error_code"); code != "TOKEN_REVOKED" && code != "TOKEN_EXPIRED" && code != "INSUFFICIENT_PERMISSIONS" {
			t.Errorf("its token still counts: %v", f.Data)
		}
	}
	if g := l.redeem("Ann", ann.cookie, ""); g.status != 401 {
		t.Errorf("the link still counts: HTTP %d %v", g.status, g.body)
	}
	other.op("m2", 2)
}
