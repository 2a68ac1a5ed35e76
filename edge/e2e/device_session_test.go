//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestOperatorEndsADevice: a revocation and a kick end the device's connection at once, and the
// receipt reports that.
func TestOperatorEndsADevice(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("owner")
	editor := s.connect(dialling{document: "welcome", clientID: "o", token: token})
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	if phone.ack.text("session_id") != editor.ack.text("session_id") {
		t.Fatal("the device and the document have a session each")
	}
	_, answer := s.admin("GET", "/v1/admin/users/usr_owner/session", "")
	channels, _ := json.Marshal(at(answer, "session", "channels"))
	if !strings.Contains(string(channels), `"document":"@device"`) || !strings.Contains(string(channels), `"document":"welcome"`) {
		t.Errorf("described: %s", channels)
	}
	// A change of permissions is about documents.
	if status, answer := s.admin("PUT", "/v1/admin/documents/welcome/members/usr_owner", `{"role":"view"}`); status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	status, answer := s.admin("POST", "/v1/admin/users/usr_owner/kick", `{"document":"@device"}`)
	if closed, _ := json.Marshal(at(answer, "receipt", "closed")); status != 200 || string(closed) != `["@device"]` {
		t.Errorf("a kick: HTTP %d %v", status, answer)
	}
	phone.expectError("SESSION_ENDED")
	if code := phone.expectClose(); code != 4411 {
		t.Errorf("kicked: closed with %d", code)
	}
	phone = deviceDial{clientID: "phone", token: token}.connect(s, "")
	waits := deviceDial{clientID: "tablet", token: token}.open(s)
	status, answer = s.admin("POST", "/v1/admin/users/usr_owner/revoke", `{"all":true}`)
	if closed, _ := json.Marshal(at(answer, "receipt", "closed")); status != 200 || string(closed) != `["@device","welcome"]` {
		t.Errorf("a revocation: HTTP %d %v", status, answer)
	}
	phone.expectError("TOKEN_REVOKED")
	if code := phone.expectClose(); code != 4410 {
		t.Errorf("revoked: closed with %d", code)
	}
	if e := waits.expect("system", "connection_error"); e.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("in the handshake: %+v", e)
	}
	_, response, err := deviceDial{clientID: "phone", token: token}.dial(s)
	if err == nil || response == nil || response.StatusCode != 401 {
		t.Errorf("with a revoked token: %v %v", err, response)
	}
	status, answer = s.admin("GET", "/v1/admin/users/usr_owner/audit", "")
	entries, _ := json.Marshal(answer)
	if status != 200 || !strings.Contains(string(entries), `"document":"@device"`) || !strings.Contains(string(entries), "TOKEN_REVOKED") {
		t.Errorf("the audit: HTTP %d %s", status, entries)
	}
}

// The device channel keeps the session alive when every document is gone.
func TestDeviceKeepsTheSession(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "300"})
	token := s.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	for range 2 {
		editor := s.connect(dialling{document: "welcome", clientID: "o", token: token})
		if editor.ack.text("session_id") != phone.ack.text("session_id") {
			t.Fatal("another session")
		}
		editor.send(`{"type":"system","event":"disconnect"}`)
		editor.expectClose()
		time.Sleep(100 * time.Millisecond)
	}
	phone.send(`{"type":"system","event":"disconnect"}`)
	if code := phone.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if again := (deviceDial{clientID: "phone", token: token}).connect(s, ""); again.ack.text("session_id") == phone.ack.text("session_id") {
		t.Error("the session outlived the user's own word")
	}
}

// S1: "Expired tokens are rejected": on a connection that is open too, unless a newer one comes.
func TestDeviceTokenExpires(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"ACCESS_TOKEN_TTL_S": "2", "READ_ONLY_MS": "500", "REFRESH_NOTICE_MS": "60000"})
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	phone.expect("system", "token_refresh_required")
	phone.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, s.Login("owner")))
	phone.expect("system", "token_refreshed")
	phone.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, s.Login("editor")))
	phone.expectError("AUTHENTICATION_FAILED")
	phone.expect("system", "token_refresh_required")
	phone.expectError("TOKEN_EXPIRED")
	if code := phone.expectClose(); code != 4102 {
		t.Errorf("closed with %d", code)
	}
}
