//go:build !js

package e2e

import "testing"

// A guest who is erased is nobody: the same browser with the same link is a new guest, which takes
// a use, and no row names the old one. Who made a link and is erased takes along whom it let in.
func TestGuestsErased(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GUEST_LINKS": "1"})
	l := s.link("welcome", `{"role":"edit","uses":2}`)
	g := l.guest("Gus")
	s.connect(dialling{document: "welcome", clientID: "g", token: g.token}).op("m1", 1)
	said := s.must("DELETE", "/v1/admin/users/"+g.user, ``)
	if at(said, "database", "guests") != 1.0 {
		t.Errorf("the receipt is %v", said)
	}
	if again := l.redeem("", g.cookie, ""); again.status != 200 || again.user == g.user {
		t.Errorf("comes back: HTTP %d %v", again.status, again.body)
	}
	if third := l.redeem("Third", "", ""); third.reason != "link_used_up" {
		t.Errorf("the use came back: %v", third.body)
	}
	status, made := s.asUser(s.Login("owner"), "POST", "/v1/documents/welcome/links", `{"role":"edit"}`)
	if status != 201 {
		t.Fatalf("HTTP %d %v", status, made)
	}
	s.Shown("a link", made["link"].(string))
	g = link{s, made["link_id"].(string), made["link"].(string)}.guest("Gwen")
	c := s.connect(dialling{document: "welcome", clientID: "g", token: g.token})
	c.op("m1", 1)
	s.must("DELETE", "/v1/admin/users/usr_owner", ``)
	if f := c.expectFrame("system", "error"); f.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("its guest hears %v", f.Data)
	}
	c.ended()
}
