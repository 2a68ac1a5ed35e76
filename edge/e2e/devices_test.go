//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A laptop wakes up and dials by itself while the phone is in use: it is told who has the
// document, since when, and the phone notices nothing. Its user's word takes the document over.
//
// Holds: "a client that dials by itself never takes over from another that has come since"
func TestARedialTakesOverFromNobody(t *testing.T) {
	t.Parallel()
	for limit, others := range map[string][]string{"1": nil, "2": {"tablet"}} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			s := start(t, map[string]string{"CONNECTIONS_PER_USER": limit})
			token := s.Login("owner")
			laptop := s.connect(dialling{document: "welcome", clientID: "laptop", token: token})
			laptop.op("m1", 1)
			before := time.Now().Add(-time.Second)
			phone := s.connect(dialling{document: "welcome", clientID: "phone", token: token})
			for _, other := range others {
				s.connect(dialling{document: "welcome", clientID: other, token: token})
			}
			laptop.expectError("CONNECTION_REPLACED")
			laptop.expectClose()

			back := dialling{document: "welcome", clientID: "laptop", token: token, sessionID: laptop.ack.text("session_id"), lastSeq: 1, redial: true}
			f := s.refused(back, "CONNECTION_REPLACED")
			details := f.Data["details"]
			since, err := time.Parse(time.RFC3339, fmt.Sprint(at(details, "since")))
			if at(details, "reason") != "held_by_another_client" || at(details, "client_id") != "phone" || err != nil || since.Before(before) || since.After(time.Now().Add(time.Second)) {
				t.Errorf("refused with %v", f.Data)
			}
			if v := phone.op("p1", 2); v != 2 {
				t.Errorf("the phone's op is version %d", v)
			}
			back.redial = false
			if c := s.connect(back); c.ack.text("last_message_id") != "m1" || c.ack.number("document_version") != 2 {
				t.Errorf("taken over with %v", c.ack.Data)
			}
			e := phone.expectError("CONNECTION_REPLACED")
			if at(e.Data["details"], "client_id") != "laptop" {
				t.Errorf("the phone is told %v", e.Data)
			}
		})
	}
}

// Three clients of one user at once. Each has its own frames, presence and place in the
// operators' lists; what an operator does to the user reaches each of them.
func TestSeveralClientsOfOneUser(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"CONNECTIONS_PER_USER": "3"})
	token := s.Login("owner")
	clients := map[string]*conn{}
	for _, id := range []string{"laptop", "phone", "tablet"} {
		clients[id] = s.connect(dialling{document: "welcome", clientID: id, token: token})
	}
	for i, id := range []string{"laptop", "phone", "tablet"} {
		clients[id].op("m"+id, id)
		for other, c := range clients {
			if other == id {
				continue
			}
			if f := c.expect("operation", "op"); f.Data["op"] != id || f.text("client_id") != id || f.text("user_id") != "usr_owner" || int(f.Seq) != i+1 {
				t.Errorf("%s received %+v", other, f)
			}
		}
	}
	// A repeat is known by its client's own ids.
	if v := clients["phone"].op("mphone", "phone"); v != 2 {
		t.Errorf("a repeat became version %d", v)
	}

	for what, list := range map[string]any{
		"channels": at(s.must("GET", "/v1/admin/users/usr_owner/session", ""), "session", "channels"), "members": at(s.must("GET", "/v1/admin/documents/welcome", ""), "live", "members"),
	} {
		if rows, _ := list.([]any); len(rows) != 3 {
			t.Errorf("%s: %v", what, list)
		}
	}

	// A permission is pushed to each of them.
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/usr_owner", `{"role":"member"}`)
	for id, c := range clients {
		if f := c.expect("system", "permission_change"); f.number("perm_epoch") == 0 {
			t.Errorf("%s: %v", id, f.Data)
		}
		c.expect("system", "token_refresh_required")
	}
	// The fourth takes the place of the one that connected first.
	watch := s.connect(dialling{document: "welcome", clientID: "watch", token: token})
	clients["laptop"].expectError("CONNECTION_REPLACED")
	if code := clients["laptop"].expectClose(); code != 4409 {
		t.Errorf("closed with %d", code)
	}
	delete(clients, "laptop")
	clients["watch"] = watch

	answer := s.must("POST", "/v1/admin/users/usr_owner/revoke", `{"all":true,"reason":"stolen"}`)
	if closed := texts(at(answer, "receipt", "closed")); !slices.Equal(closed, []string{"welcome"}) {
		t.Errorf("closed %v", answer)
	}
	for id, c := range clients {
		c.expectError("TOKEN_REVOKED")
		if code := c.expectClose(); code != 4410 {
			t.Errorf("%s: closed with %d", id, code)
		}
	}
	if left := at(s.must("GET", "/v1/admin/users/usr_owner/session", ""), "session", "session_id"); left != nil {
		t.Errorf("the session goes on: %v", left)
	}
}
