package admin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A user is out before anything of them is erased, and the object that knows the documents
// goes last: what fails in between is found again by a repeat.
//
// Holds: "an erased user is in no object and no row".
func TestAUserIsErasedStepByStep(t *testing.T) {
	steps := []string{
		`SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"by_request","by":"olive","all":true}`,
		"erase user ann",
		`SESSIONS/ann {"kind":"visited","limit":64}`,
		`DOCUMENTS/d1 {"kind":"forget","user_id":"ann","texts":true,"reason":"by_request","by":"olive"}`,
		`DOCUMENTS/d2 {"kind":"forget","user_id":"ann","texts":true,"reason":"by_request","by":"olive"}`,
		`SESSIONS/ann {"kind":"visited","forgotten":["d1","d2"],"limit":1}`,
		`SESSIONS/ann {"kind":"erase_user"}`,
		"erase user ann", // what the database was told meanwhile
	}
	const body = `{"comments":"erase","reason":"by_request"}`
	w := newWorld(t)
	a := w.ask("DELETE", "/v1/admin/users/ann", body)
	if a.status != 200 || a.body["more"] != false || !strings.Contains(a.text, `"database":{"members":2},"object":{"rows":{"audit":7},"sockets":1},"documents":[{"document":"d1","erased":{"rows":{"ops":3,"members":1}`) ||
		!strings.Contains(a.text, `"restorable_until":{"objects":"2026-12-21T14:02:00Z","database":"2026-12-21T14:02:00Z"},"left":[{"what":"revoked_before"`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	slices.Sort(w.did[3:5]) // asked side by side
	w.expect(steps...)
	for _, c := range []struct {
		down, reason string
		stored       bool
		did          int
	}{
		{"SESSIONS/ann", "session_unavailable", false, 1}, {"EraseUser", "database_unavailable", true, 2}, {"DOCUMENTS/d2", "document_unavailable", true, 6},
	} {
		w := newWorld(t)
		w.down[c.down] = true
		a := w.ask("DELETE", "/v1/admin/users/ann", body)
		if a.status != 503 || a.reason != c.reason || a.stored != c.stored || len(w.did) != c.did {
			t.Errorf("%s down: %d %s, %q", c.down, a.status, a.text, w.did)
		}
		if c.down == "DOCUMENTS/d2" && w.did[5] != `SESSIONS/ann {"kind":"visited","forgotten":["d1"],"limit":1}` {
			t.Errorf("a repeat asks who has answered: %q", w.did[5])
		}
	}
}

// With more documents than one call asks, the user's object stays, for it knows the others.
func TestAUserOfManyDocuments(t *testing.T) {
	w := newWorld(t)
	w.answers["visited"] = `{"documents":["d1"],"more":true}`
	a := w.ask("DELETE", "/v1/admin/users/ann", `{"content":"keep"}`)
	if a.status != 200 || a.body["more"] != true || strings.Contains(strings.Join(w.did, "\n"), "erase_user") {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	if want := `DOCUMENTS/d1 {"kind":"forget","user_id":"ann","names":true,"reason":"by_operator","by":"olive"}`; w.did[3] != want {
		t.Errorf("asked %s", w.did[3])
	}
	for _, body := range []string{`{"content":"erase"}`, `{"comments":"anonymise"}`, `{"content":7}`} {
		if a := w.ask("DELETE", "/v1/admin/users/ann", body); a.status != 400 || len(w.did) > 0 {
			t.Errorf("%s: %d %s, did %q", body, a.status, a.text, w.did)
		}
	}
}

// A workspace goes document by document, and itself with the last.
func TestAWorkspaceIsErased(t *testing.T) {
	w := newWorld(t)
	w.answers["visited"] = `{"documents":[],"more":false}`
	delete(w.documents, "d1")
	for i := range erasedAtOnce + 1 {
		id := fmt.Sprintf("x%03d", i)
		w.documents[id] = Document{ID: id, WorkspaceID: "ws"}
	}
	a := w.ask("DELETE", "/v1/admin/workspaces/ws", `{"reason":"customer_left"}`)
	if list, _ := a.body["documents"].([]any); a.status != 200 || a.body["more"] != true || len(list) != erasedAtOnce || w.workspaces["ws"] == "" {
		t.Fatalf("%d %s", a.status, a.text)
	}
	w.down["DOCUMENTS/x064"] = true
	if a := w.ask("DELETE", "/v1/admin/workspaces/ws", ``); a.status != 503 || !a.stored || w.workspaces["ws"] == "" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down = map[string]bool{}
	if _, ok := w.documents["x064"]; ok {
		t.Error("its row is there")
	}
	w.did = nil
	if a := w.ask("DELETE", "/v1/admin/workspaces/ws", ``); a.status != 200 || a.body["more"] != false || !strings.Contains(a.text, `"database":{"members":2,"workspaces":1}`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if !slices.Contains(w.did, `DOCUMENTS/x064 {"kind":"erase"}`) {
		t.Errorf("the document whose row is gone is forgotten: %q", w.did)
	}
	if a := w.ask("DELETE", "/v1/admin/workspaces/ws", ``); a.status != 404 || a.reason != "workspace_not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestACommentIsErased(t *testing.T) {
	w := newWorld(t)
	a := w.ask("DELETE", "/v1/admin/documents/d1/comments/27", `{"reason":"legal"}`)
	if a.status != 200 || !strings.HasPrefix(a.text, `{"erased":{"entries":3,"document_version":10},"at":"2026-11-21T14:02:00Z","restorable_until":{"objects":"2026-12-21T14:02:00Z"},"left":[{"what":"snapshots"`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"erase_comment","id":27,"reason":"legal","by":"olive"}`)
	for path, status := range map[string]int{"d1/comments/0": 400, "d1/comments/x": 400, "d1/comments/9007199254740993": 400, "nowhere/comments/1": 404} {
		if a := w.ask("DELETE", "/v1/admin/documents/"+path, ``); a.status != status || len(w.did) > 0 {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}
