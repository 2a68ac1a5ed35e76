//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// What a backend has written in its own name it resolves at once, by the name that the entries bear:
// the comments of a user, and of another of its programs, stay open.
func TestAServersCommentsAreResolvedInBulk(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	key, _ := s.documentKey(`{"name":"billing","documents":["welcome"],"scopes":["comment"]}`)
	s.Shown("a document key", key)
	many := func(first int) string {
		var list []string
		for i := range 3 {
			list = append(list, fmt.Sprintf(`{"message_id":"c%d","event":"create","body":"Line %d is long."}`, first+i, i))
		}
		return `"comments":[` + strings.Join(list, ",") + `]`
	}
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	owner.send(`{"type":"comment","event":"create","message_id":"mine","data":{"body":"Mine."}}`)
	owner.expect("operation", "operation_ack")
	s.must("POST", welcome+"/comments", `{"client_id":"lint",`+many(0)+`}`)
	s.must("POST", welcome+"/comments", `{`+many(3)+`}`)
	if status, text, _ := s.by(key, "POST", welcome+"/comments", `{`+many(6)+`}`); status != 200 {
		t.Fatalf("HTTP %d %s", status, text)
	}
	resolve := func(client string) any {
		t.Helper()
		return at(s.must("POST", welcome+"/comments/resolve", `{"client_id":"`+client+`","reason":"new_build"}`), "comments")
	}
	if n := resolve("server/lint"); n != 3.0 {
		t.Errorf("%v were resolved", n)
	}
	for range 3 {
		owner.receives("resolve")
	}
	// In hibernation's place, and once more.
	s.Evict("Document", "welcome")
	for client, want := range map[string]float64{"server/lint": 0, "lint": 0, "server": 3, "billing": 3, "o": 0} {
		if n := resolve(client); n != want {
			t.Errorf("%v of %s were resolved", n, client)
		}
	}
	if n := at(s.must("POST", welcome+"/comments/resolve", `{"user_id":"usr_owner"}`), "comments"); n != 1.0 {
		t.Errorf("%v of the owner's are left", n)
	}
	log := fmt.Sprint(s.must("GET", "/v1/admin/users/usr_owner/audit?document=welcome", ""))
	if !strings.Contains(log, "comments_resolved") || !strings.Contains(log, "server/lint") {
		t.Errorf("the audit log: %s", log)
	}
}
