//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// S1: "No cross-user data access", "Sessions are completely isolated" and "Each
// UserSession is keyed by email". Power of the attacker: an account of their own, a good
// token for it, and every id of the victim's: user, session, client, documents, messages,
// comments, sections. Every route and every frame is tried with them.
func TestNothingOfAnotherUser(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	victim := s.connect(dialling{document: "welcome", clientID: "victims-tab", token: s.Login("owner")})
	private := s.connect(dialling{document: "secret", clientID: "victims-tab", token: s.Login("owner")})
	private.op("p1", "for nobody else")
	victim.op("m1", "hello")
	victim.send(`{"type":"comment","event":"create","message_id":"m2","data":{"body":"mine"}}`)
	comment := victim.expect("operation", "operation_ack").text("comment_id")
	victim.send(`{"type":"operation","event":"lock","message_id":"m3","data":{"section":"intro"}}`)
	victim.expect("operation", "locks")
	session := victim.ack.text("session_id")

	token := s.Login("viewer")
	evil := dialling{document: "welcome", clientID: "victims-tab", sessionID: session, lastSeq: 0, token: token}

	t.Run("the session's id and the client's id resume nothing", func(t *testing.T) {
		s := s.in(t)
		c := s.connect(evil)
		if c.ack.Data["resumed"] != false || c.ack.text("session_id") == session || c.ack.text("user_id") != "usr_viewer" {
			t.Errorf("came in as %v", c.ack.Data)
		}
		if c.ack.text("last_message_id") != "" {
			t.Errorf("received something of the victim's messages: %v", c.ack.Data)
		}
		c.ws.CloseNow()
	})
	victim.drain()

	t.Run("documents that are not theirs", func(t *testing.T) {
		s := s.in(t)
		for _, document := range []string{"secret", "no-such-document"} {
			d := evil
			d.document = document
			want := map[string]string{"secret": "INSUFFICIENT_PERMISSIONS", "no-such-document": "DOCUMENT_NOT_FOUND"}[document]
			s.refused(d, want)
		}
	})

	t.Run("an app's way to the victim's session, with a user's token", func(t *testing.T) {
		s := s.in(t)
		for _, path := range []string{"/app-ws?package=" + captions + "&", "/v1/ws/apps/" + captions + "?"} {
			_, response, err := appDial{path: path + "session_id=" + reference("usr_owner"), key: token}.dial(s)
			if err == nil || response == nil || response.StatusCode != 401 {
				t.Errorf("%s: %v %v", path, err, response)
			}
		}
	})

	t.Run("the victim's device", func(t *testing.T) {
		s := s.in(t)
		phone := deviceDial{clientID: "victims-phone", token: s.Login("owner")}.connect(s, "")
		s.message("usr_owner", `"for the victim"`)
		c := deviceDial{clientID: "victims-phone", token: token}.connect(s, fmt.Sprintf(`{"session_id":%q,"last_seq":0}`, session))
		if c.ack.Data["resumed"] != false || c.ack.text("session_id") == session || c.ack.text("user_id") != "usr_viewer" || c.ack.Data["replay"] != nil {
			t.Errorf("came in as %v", c.ack.Data)
		}
		c.quiet()
		if received := phone.receivedMessages(1); received[0] != "1:for the victim" {
			t.Errorf("the victim received %v", received)
		}
		phone.quiet()
		for _, c := range []*conn{c, phone} {
			c.send(`{"type":"system","event":"disconnect"}`)
			c.expectClose()
		}
	})

	t.Run("frames in the victim's name", func(t *testing.T) {
		s := s.in(t)
		c := s.connect(dialling{document: "welcome", clientID: "victims-tab", token: token})
		c.drain() // what a reader of this document may receive
		victim.drain()
		for name, frame := range map[string]string{
			"an op":               `{"type":"operation","event":"op","message_id":"x1","client_id":"victims-tab","data":{"op":1,"user_id":"usr_owner","perm_epoch":99}}`,
			"the victim's op":     `{"type":"operation","event":"op","message_id":"m1","data":{"op":"hello"}}`,
			"a comment":           `{"type":"comment","event":"create","message_id":"x2","data":{"body":1,"user_id":"usr_owner"}}`,
			"a reply":             fmt.Sprintf(`{"type":"comment","event":"reply","message_id":"x3","data":{"comment_id":%q,"body":1}}`, comment),
			"the comment's end":   fmt.Sprintf(`{"type":"comment","event":"resolve","message_id":"x4","data":{"comment_id":%q}}`, comment),
			"the section's lock":  `{"type":"operation","event":"unlock","message_id":"x5","data":{"section":"intro"}}`,
			"a lock":              `{"type":"operation","event":"lock","message_id":"x6","data":{"section":"end","user_id":"usr_owner"}}`,
			"a snapshot of all":   `{"type":"operation","event":"snapshot","message_id":"x7","data":{"document_version":1,"part":0,"parts":1,"data":"gone"}}`,
			"the victim's leave":  `{"type":"system","event":"session_ended","message_id":"x8","data":{"session_id":"` + session + `"}}`,
			"a grant":             `{"type":"system","event":"permission_change","message_id":"x9","data":{"user_id":"usr_viewer","permissions":["admin"]}}`,
			"the admin's message": `{"kind":"end","user_id":"usr_owner","fence":99,"kick":true}`,
		} {
			c.send(frame)
			if f := c.expect("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" && f.text("error_code") != "MALFORMED_MESSAGE" {
				t.Errorf("%s: %v", name, f.Data)
			}
		}
		// A reader's presence carries the reader's own name, whatever the frame claims.
		c.send(`{"type":"presence","event":"update","client_id":"other","data":{"user_id":"usr_owner","name":"Olive","data":{"cursor":1}}}`)
		for {
			f := victim.expectAny()
			if f.Type == "presence" && f.Event == "update" {
				if f.text("user_id") != "usr_viewer" || f.text("client_id") != "victims-tab" || f.text("name") == "Olive" {
					t.Errorf("seen as %v", f.Data)
				}
				break
			}
		}
		c.ws.CloseNow()
	})
	victim.drain()

	t.Run("operators' routes", func(t *testing.T) {
		s := s.in(t)
		for _, path := range []string{
			"GET /v1/admin/users/usr_owner/session", "GET /v1/admin/users/usr_owner/audit", "GET /v1/admin/users/usr_owner/explain?at=2026-01-01T00:00:00Z",
			"POST /v1/admin/users/usr_owner/kick", "POST /v1/admin/users/usr_owner/revoke", "POST /v1/admin/users/usr_owner/device/messages", "PUT /v1/admin/documents/secret/members/usr_viewer",
			"PUT /v1/admin/documents/welcome/lock", "DELETE /v1/admin/documents/welcome", "PUT /v1/admin/workspaces/ws_demo/members/usr_viewer", "GET /v1/admin/documents/secret",
			"GET /v1/admin/apps", "GET /v1/admin/apps/com.example.one", "PUT /v1/admin/apps/com.example.one", "DELETE /v1/admin/apps/com.example.one",
			"POST /v1/admin/apps/com.example.one/secret", "POST /v1/admin/apps/com.example.one/keys", "DELETE /v1/admin/apps/com.example.one/keys/0123456789abcdef",
		} {
			method, path, _ := strings.Cut(path, " ")
			for _, bearer := range []string{"", token, "Bearer", secrets["ADMIN_TOKEN"][:len(secrets["ADMIN_TOKEN"])-1]} {
				status, text, _ := s.Request(method, path, `{"all":true,"role":"full_access"}`, map[string]string{"authorization": "Bearer " + bearer})
				if status != 401 && status != 429 || strings.Contains(string(text), "usr_owner") {
					t.Errorf("%s %s: HTTP %d %s", method, path, status, text)
				}
			}
		}
	})

	t.Run("subjects that look alike are others", func(t *testing.T) {
		s := s.in(t)
		f := newForger()
		for _, subject := range []string{"USR_OWNER", "usr_owner ", " usr_owner", "usr_owner/", "usr_owner\u200b", "usr_owner\x00", "__proto__", "constructor", strings.Repeat("u", 257)} {
			look := f.token(func(_, c map[string]any) { c["user_id"] = subject })
			c, response, err := dialling{document: "secret", clientID: "victims-tab", sessionID: session, token: look, origin: s.URL}.dial(s)
			if err != nil {
				if response == nil || response.StatusCode < 400 {
					t.Errorf("%q: %v", subject, err)
				}
				continue
			}
			if f := c.expectAny(); f.Event != "error" {
				t.Errorf("%q came in: %+v", subject, f)
			}
		}
	})

	// Nothing of all that has touched the victim.
	if v := victim.op("m4", "still here"); v != 3 {
		t.Errorf("the next version is %d", v)
	}
	if v := private.op("p2", "and here"); v != 2 {
		t.Errorf("the private document's next version is %d", v)
	}
	if id := at(s.must("GET", "/v1/admin/users/usr_owner/session", ``), "session", "session_id"); id != session {
		t.Errorf("the victim's session is %v", id)
	}
}

// drain reads what has come until nothing has for a moment: an own ping's pong is the
// last of it.
func (c *conn) drain() {
	c.t.Helper()
	id := fmt.Sprintf("drain-%d", time.Now().UnixNano())
	c.send(fmt.Sprintf(`{"type":"system","event":"ping","message_id":%q}`, id))
	for {
		if f := c.expectAny(); f.Event == "pong" && f.MessageID == id {
			return
		}
	}
}
