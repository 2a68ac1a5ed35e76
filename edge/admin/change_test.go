package admin

import (
	"fmt"
	"strings"
	"testing"
)

// A stored change is sent to the session object, which answers with what came of it.
func TestRolesAreStoredThenTold(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, path, body, stored, sent string }{
		{"PUT", "/v1/admin/documents/d1/members/ann", `{"role":"view","reason":"left_the_team"}`, "grant d1 ann view",
			`SESSIONS/ann {"kind":"access","user_id":"ann","document":"d1","reason":"document_role_changed","by":"olive"}`},
		{"DELETE", "/v1/admin/documents/d1/members/ann", ``, "grant d1 ann ",
			`SESSIONS/ann {"kind":"access","user_id":"ann","document":"d1","reason":"document_role_changed","by":"olive"}`},
		{"PUT", "/v1/admin/workspaces/ws/members/ann%40example.com%2Fx", `{"role":"viewer"}`, "member ws ann@example.com/x viewer",
			`SESSIONS/ann@example.com/x {"kind":"access","user_id":"ann@example.com/x","workspace_id":"ws","reason":"workspace_role_changed","by":"olive"}`},
		{"DELETE", "/v1/admin/workspaces/ws/members/ann", `{"reason":"left"}`, "member ws ann ",
			`SESSIONS/ann {"kind":"access","user_id":"ann","workspace_id":"ws","reason":"workspace_role_changed","by":"olive"}`},
	} {
		for range 2 { // a repeat is harmless
			a := w.ask(c.method, c.path, c.body)
			if want := `{"stored":true,"receipt":{"user_id":"ann","changed":[{"document":"d1","permissions":["read"],"removed":["write"],"perm_epoch":2}],"closed":[],"last_accepted":{},"took_ms":3}}`; a.status != 200 || a.text != want {
				t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.text)
			}
			w.expect(c.stored, c.sent)
		}
	}
	a := w.ask("PUT", "/v1/admin/documents/d1/members/ann", `{"role":"view"}`, "Authorization", "Bearer "+adrian)
	if a.status != 200 || !strings.Contains(w.did[1], `"by":"admin"`) {
		t.Errorf("%d %s", a.status, w.did)
	}
}

// Each failure says whether the change is stored, and what is not stored is not sent.
func TestChangesThatFail(t *testing.T) {
	const (
		member    = "/v1/admin/documents/d1/members/ann"
		workspace = "/v1/admin/workspaces/ws/members/ann"
	)
	for _, c := range []struct {
		down, method, path, body string
		status                   int
		reason                   string
		stored                   bool
	}{
		{"PutGrant", "PUT", member, `{"role":"edit"}`, 503, "database_unavailable", false},
		{"SESSIONS/ann", "PUT", member, `{"role":"edit"}`, 503, "session_unavailable", true},
		{"SESSIONS/ann", "DELETE", member, ``, 503, "session_unavailable", true},
		{"PutMember", "PUT", workspace, `{"role":"owner"}`, 503, "database_unavailable", false},
		{"SESSIONS/ann", "PUT", workspace, `{"role":"owner"}`, 503, "session_unavailable", true},
		{"SetLocked", "PUT", "/v1/admin/documents/d1/lock", ``, 503, "database_unavailable", false},
		{"DOCUMENTS/d1", "PUT", "/v1/admin/documents/d1/lock", ``, 503, "document_unavailable", true},
		{"DOCUMENTS/d1", "DELETE", "/v1/admin/documents/d1/lock", ``, 503, "document_unavailable", true},
		{"Document", "PUT", "/v1/admin/documents/d1", `{"workspace_id":"ws","title":"x"}`, 503, "database_unavailable", false},
		{"PutDocument", "PUT", "/v1/admin/documents/d1", `{"workspace_id":"ws","title":"x"}`, 503, "database_unavailable", false},
		{"DOCUMENTS/d1", "PUT", "/v1/admin/documents/d1", `{"workspace_id":"ws","title":"x"}`, 503, "document_unavailable", true},
		{"SESSIONS/bob", "PUT", "/v1/admin/documents/d1", `{"workspace_id":"ws","title":"x"}`, 503, "session_unavailable", true},
		{"EraseDocument", "DELETE", "/v1/admin/documents/d1", ``, 503, "database_unavailable", false},
		{"SESSIONS/bob", "DELETE", "/v1/admin/documents/d1", ``, 503, "session_unavailable", true},
		{"DOCUMENTS/d1", "DELETE", "/v1/admin/documents/d1", ``, 503, "document_unavailable", true},
		{"DOCUMENTS/d2", "PUT", "/v1/admin/documents/d2", `{"workspace_id":"ws","title":"x"}`, 503, "document_unavailable", false},
		{"PutWorkspace", "PUT", "/v1/admin/workspaces/ws", `{"name":"x"}`, 503, "database_unavailable", false},
		{"SESSIONS/ann", "POST", "/v1/admin/users/ann/revoke", `{"jti":"j"}`, 503, "session_unavailable", false},
		{"SESSIONS/ann", "POST", "/v1/admin/users/ann/kick", ``, 503, "session_unavailable", false},
		{"SESSIONS/ann", "GET", "/v1/admin/users/ann/session", ``, 503, "session_unavailable", false},
		{"DOCUMENTS/d1", "GET", "/v1/admin/documents/d1", ``, 503, "document_unavailable", false},
		{"", "PUT", "/v1/admin/documents/none/members/ann", `{"role":"edit"}`, 404, "", false},
		{"", "DELETE", "/v1/admin/documents/none/members/ann", ``, 404, "", false},
		{"", "PUT", "/v1/admin/workspaces/none/members/ann", `{"role":"owner"}`, 404, "workspace_not_found", false},
		{"", "PUT", "/v1/admin/documents/d1", `{"workspace_id":"none","title":"x"}`, 404, "workspace_not_found", false},
		{"", "PUT", "/v1/admin/documents/none/lock", ``, 404, "", false},
		{"", "GET", "/v1/admin/documents/none", ``, 404, "", false},
	} {
		w := newWorld(t)
		w.down[c.down] = true
		a := w.ask(c.method, c.path, c.body)
		if a.status != c.status || a.reason != c.reason || a.stored != c.stored || (a.status == 503) != (a.header.Get("Retry-After") == "1") {
			t.Errorf("%s %s with %s down: %d %s", c.method, c.path, c.down, a.status, a.text)
		}
		if !c.stored && c.status == 503 && len(w.did) > 1 {
			t.Errorf("%s %s with %s down: sent %q", c.method, c.path, c.down, w.did)
		}
	}
}

// An object's own error is the caller's; one that makes no sense is a fault of ours.
// Behind a change that is stored both mean: notify them again.
func TestObjectsThatRefuse(t *testing.T) {
	for _, c := range []struct {
		answer       string
		kick, change int
		reason       string
	}{
		{`{"error":{"error_code":"SERVICE_UNAVAILABLE","message":"x","details":{"reason":"document_unreachable","retry_after":2000},"recoverable":true,"action":"wait"}}`, 503, 503, "document_unreachable"},
		{`{"error":{"error_code":"INTERNAL_ERROR","message":"x","recoverable":true,"action":"reconnect"}}`, 500, 503, "not_told"},
		{`{"error":7}`, 500, 503, "not_told"},
		{`{"grant":{}}`, 500, 503, "not_told"},
		{`{"receipt":`, 503, 503, "session_unavailable"},
		{``, 503, 503, "session_unavailable"},
	} {
		w := newWorld(t)
		w.answers["SESSIONS/ann"] = c.answer
		if a := w.ask("POST", "/v1/admin/users/ann/kick", ``); a.status != c.kick || a.stored {
			t.Errorf("%s: kick %d %s", c.answer, a.status, a.text)
		}
		if a := w.ask("PUT", "/v1/admin/documents/d1/members/ann", `{"role":"edit"}`); a.status != c.change || a.reason != c.reason || !a.stored {
			t.Errorf("%s: change %d %s", c.answer, a.status, a.text)
		}
	}
}

// Where permissions come from elsewhere nothing is stored that nobody would read.
func TestPermissionsElsewhere(t *testing.T) {
	w := newWorld(t)
	w.cfg.Elsewhere = true
	for _, c := range [][3]string{
		{"PUT", "/v1/admin/documents/d1/members/ann", `{"role":"edit"}`}, {"DELETE", "/v1/admin/documents/d1/members/ann", ``},
		{"PUT", "/v1/admin/workspaces/ws/members/ann", `{"role":"owner"}`}, {"DELETE", "/v1/admin/workspaces/ws/members/ann", ``},
		{"PUT", "/v1/admin/documents/d1", `{"workspace_id":"ws","title":"x"}`},
		{"PUT", "/v1/admin/workspaces/ws", `{"name":"x"}`},
	} {
		if a := w.ask(c[0], c[1], c[2]); a.status != 409 || a.reason != "permissions_elsewhere" {
			t.Errorf("%s %s: %d %s", c[0], c[1], a.status, a.text)
		}
		w.expect()
	}
	// A document is an object here too: an operator can lock it, whatever the source says,
	// and erase it.
	if a := w.ask("PUT", "/v1/admin/documents/any/lock", `{"reason":"legal_hold"}`); a.status != 200 || a.body["locked"] != true {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/any {"kind":"lock","held":true,"locked":true,"reason":"legal_hold","by":"olive"}`)
	if a := w.ask("DELETE", "/v1/admin/documents/any/lock", ``); a.status != 200 || a.body["locked"] != false {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("DELETE", "/v1/admin/documents/any", ``); a.status != 200 || len(w.did) != 4 || w.did[0] != "unlist any" || w.did[1] != `DOCUMENTS/any {"kind":"erase"}` {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	w.down["DOCUMENTS/any"] = true
	for _, path := range []string{"/v1/admin/documents/any", "/v1/admin/documents/any/lock"} {
		if a := w.ask("DELETE", path, ``); a.status != 503 || a.reason != "document_unavailable" || a.stored {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	delete(w.down, "DOCUMENTS/any")
	if a := w.ask("GET", "/v1/admin/documents/anything", ``); a.status != 200 || a.body["stored"] != nil || a.body["live"] == nil {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestLock(t *testing.T) {
	w := newWorld(t)
	a := w.ask("PUT", "/v1/admin/documents/d1/lock", `{"reason":"legal_hold","retry_after_ms":60000}`)
	if a.status != 200 || a.text != `{"stored":true,"locked":true,"document_version":9}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("locked d1", `DOCUMENTS/d1 {"kind":"lock","locked":true,"reason":"legal_hold","by":"olive","retry_after_ms":60000}`)
	a = w.ask("DELETE", "/v1/admin/documents/d1/lock", ``)
	if a.status != 200 || a.body["locked"] != false {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("unlocked d1", `DOCUMENTS/d1 {"kind":"lock","reason":"by_operator","by":"olive"}`)
}

// An operator needs no SQL to begin with.
func TestDocumentsAndWorkspaces(t *testing.T) {
	w := newWorld(t)
	if a := w.ask("PUT", "/v1/admin/workspaces/w2", `{"name":"Zweite"}`); a.status != 200 || a.text != `{"stored":true}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("workspace w2 Zweite")
	// Of an earlier document of the name nothing may be left.
	if a := w.ask("PUT", "/v1/admin/documents/d2", `{"workspace_id":"w2","title":"Zwei"}`); a.status != 409 || a.reason != "content_left" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d2 {"kind":"describe"}`)
	w.answers["DOCUMENTS describe"] = `{"document":{"document_version":0,"members":[]}}`
	if a := w.ask("PUT", "/v1/admin/documents/d2", `{"workspace_id":"w2","title":"Zwei"}`); a.status != 201 || a.text != `{"stored":true,"told":[]}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d2 {"kind":"describe"}`, "document d2 w2 Zwei workspace")
	// The document learns of a change before anybody who is there does, for it keeps out who is not.
	a := w.ask("PUT", "/v1/admin/documents/d2", `{"workspace_id":"w2","title":"Zwei","access":"restricted"}`)
	if a.status != 200 || a.text != `{"stored":true,"told":["bob","ann"]}` || len(w.did) != 4 || w.did[1] != `DOCUMENTS/d2 {"kind":"access"}` {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	for _, user := range []string{"ann", "bob"} {
		want := fmt.Sprintf(`SESSIONS/%s {"kind":"access","user_id":%q,"document":"d2","access":3,"reason":"permissions_changed","by":"olive"}`, user, user)
		if !strings.Contains(strings.Join(w.did, "\n"), want) {
			t.Errorf("%s is not notified: %q", user, w.did)
		}
	}
	// The row goes before the content, and who has a grant and may be about to connect is notified too.
	w.grants["d2 zoe"] = "view"
	a = w.ask("DELETE", "/v1/admin/documents/d2", `{"reason":"by_request"}`)
	if want := `{"stored":true,"told":["ann","bob","zoe"],"database":{"documents":1},"erased":{"document_version":9,"snapshot_version":0,"open_comments":2,"access":4,"closed":["bob","ann"],"sockets":2,"rows":{"ops":9},"bytes":120},` +
		`"at":"2026-11-21T14:02:00Z","restorable_until":{"objects":"2026-12-21T14:02:00Z","database":"2026-12-21T14:02:00Z"},"left":[{"what":"document_row"`; a.status != 200 || !strings.HasPrefix(a.text, want) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if w.did[0] != "delete d2" || w.did[1] != `DOCUMENTS/d2 {"kind":"erase"}` {
		t.Errorf("did %q", w.did)
	}
	if len(w.lines) != 2 || w.lines[0] != `{"level":"warn","event":"document_erased","document":"d2","by":"olive","reason":"by_request","document_version":9}` {
		t.Errorf("logged %s", w.lines)
	}
	// A repeat, in case it was not erased; and of one that never was.
	if a := w.ask("DELETE", "/v1/admin/documents/d2", ``); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
	delete(w.grants, "d2 zoe")
	w.answers["erase"] = `{"erased":{"document_version":0,"snapshot_version":0,"open_comments":0,"access":5,"closed":[]}}`
	if a := w.ask("DELETE", "/v1/admin/documents/d2", ``); a.status != 404 || a.code != "DOCUMENT_NOT_FOUND" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
