//go:build !js

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// nextModules builds the front's and the objects' modules as the next version has them: with
// one more member in what they say to each other, which that version insists on where it
// has written it itself, and one more kind of request (edge/call/version_next.go). It is
// standard Go's compiler that builds them: in seconds, and the modules are as good.
func nextModules(t *testing.T) (front, object string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"front", "object"} {
		cmd := exec.Command("go", "build", "-tags", "nextversion", "-buildmode=c-shared", "-o", filepath.Join(dir, name+".wasm"), "../"+name+"wasm")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return filepath.Join(dir, "front.wasm"), filepath.Join(dir, "object.wasm")
}

// A deployment replaces the front Worker first, and objects up to minutes later. Whichever
// is the newer one, everything works between the two that both of them know; what only the
// newer one knows is tried again later.
func TestVersionsSideBySide(t *testing.T) {
	t.Parallel()
	front, object := nextModules(t)
	for _, c := range []struct {
		name    string
		modules map[string]string
		// anew is whether the new kind of request is answered.
		anew bool
	}{
		{"the front is newer", map[string]string{"front.wasm": front}, false},
		{"the objects are newer", map[string]string{"object.wasm": object}, true},
		{"both are", map[string]string{"front.wasm": front, "object.wasm": object}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &server{Server: harness.StartWith(t, map[string]string{}, c.modules)}
			s.must("PUT", "/v1/admin/documents/nextversion", `{"workspace_id":"ws_demo","title":"By the new kind"}`)
			token := s.Login("owner")
			if c.anew {
				s.connect(dialling{document: "nextversion", clientID: "c", token: token}).op("m1", 1)
			} else {
				f := s.refused(dialling{document: "nextversion", clientID: "c", token: token}, "SERVICE_UNAVAILABLE")
				if details := f.Data["details"]; at(details, "reason") != "unsupported" || at(details, "retry_after") != 5000.0 || f.Data["recoverable"] != true {
					t.Errorf("refused with %v", f.Data)
				}
			}
			s.bothVersionsKnow(t, token)
		})
	}
}

// bothVersionsKnow goes through the requests that objects are asked, but for those of the
// log's contents, which the other tests go through by the same way.
func (s *server) bothVersionsKnow(t *testing.T, token string) {
	t.Helper()
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: token})
	owner.op("m1", 1)
	// A new token in place: the document asks the session object for a grant.
	owner.send(`{"type":"system","event":"token_refresh","data":{"token":"` + s.Login("owner") + `"}}`)
	owner.expect("system", "token_refreshed")
	// A resume.
	owner.ws.CloseNow()
	owner = s.connect(dialling{document: "welcome", clientID: "o", sessionID: owner.ack.text("session_id"), lastSeq: 0, token: token})
	if owner.ack.Data["resumed"] != true {
		t.Errorf("back with %v", owner.ack.Data)
	}
	// A role that is changed is pushed to the document.
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	answer := s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"view"}`)
	if changed, _ := at(answer, "receipt", "changed").([]any); len(changed) != 1 || fmt.Sprint(texts(at(changed[0], "permissions"))) != "[read]" {
		t.Errorf("the receipt: %v", answer)
	}
	editor.expect("system", "permission_change")
	// A change of the document itself reaches the session objects of all who are there.
	answer = s.must("PUT", "/v1/admin/documents/welcome", `{"workspace_id":"ws_demo","title":"Welcome","access":"workspace"}`)
	if notified := texts(answer["told"]); !slices.Contains(notified, "usr_owner") && !slices.Contains(notified, "usr_editor") {
		t.Errorf("received %v", answer)
	}
	if version := at(s.must("GET", "/v1/admin/documents/welcome", ``), "live", "document_version"); version != 1.0 {
		t.Errorf("described as version %v", version)
	}
	s.must("PUT", "/v1/admin/documents/welcome/lock", `{"reason":"legal_hold"}`)
	s.must("DELETE", "/v1/admin/documents/welcome/lock", ``)
	// A device, an app of its user, and a message for it.
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	a := s.serveApp(t, notes)
	app, _ := phone.starts(a)
	phone.sendsTo(notes, `{"say":"hello"}`)
	app.receivesFrom("device", "map[say:hello]")
	s.message("usr_owner", `{"n":1}`)
	phone.receivedMessages(1)
	s.must("DELETE", "/v1/admin/apps/"+notes, ``)
	if f := app.expectError("TOKEN_REVOKED"); f.text("error_code") == "" {
		t.Errorf("the app received %v", f)
	}
	// What is known of the user, and the end of it.
	if channels, _ := at(s.must("GET", "/v1/admin/users/usr_owner/session", ``), "session", "channels").([]any); len(channels) < 2 {
		t.Errorf("%d channels", len(channels))
	}
	answer = s.must("POST", "/v1/admin/users/usr_owner/revoke", `{"all":true}`)
	if closed := texts(at(answer, "receipt", "closed")); !slices.Contains(closed, "welcome") || at(answer, "receipt", "last_accepted", "welcome") != "m1" {
		t.Errorf("the receipt: %v", answer)
	}
	s.refused(dialling{document: "welcome", clientID: "o", token: token}, "TOKEN_REVOKED")
	if entries, _ := s.must("GET", "/v1/admin/users/usr_owner/audit", ``)["entries"].([]any); len(entries) < 3 {
		t.Errorf("%d entries in the audit log", len(entries))
	}
	s.must("DELETE", "/v1/admin/documents/welcome", ``)
}
