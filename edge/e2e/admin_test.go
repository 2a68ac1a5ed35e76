//go:build !js

package e2e

import (
	"fmt"
	"net/http/cookiejar"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const opFrame = `{"type":"operation","event":"op","message_id":%q,"data":{"op":1}}`

// A role that an operator changes reaches the open socket before the answer does.
// S2: "When permissions change, clients receive immediate notification", "Cache
// invalidation | Real-time via events" and "`admin` | Full control | All operations,
// manage permissions".
//
// Holds: "a changed permission reaches the open connection".
func TestARoleChangeReachesTheOpenSocket(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	editor.op("m1", 1)
	answer := s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"view","reason":"left_the_team"}`)
	changed, _ := at(answer, "receipt", "changed").([]any)
	if answer["stored"] != true || len(changed) != 1 || at(changed[0], "document") != "welcome" || fmt.Sprint(texts(at(changed[0], "permissions"))) != "[read]" {
		t.Errorf("the receipt: %v", answer)
	}
	f := editor.expect("system", "permission_change")
	if fmt.Sprint(f.Data["permissions"]) != "[read]" || f.text("reason") != "document_role_changed" {
		t.Errorf("received %v", f.Data)
	}
	editor.expect("system", "token_refresh_required") // S2: the token still says otherwise
	editor.send(fmt.Sprintf(opFrame, "m2"))
	if f := editor.expect("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" && f.text("error_code") != "STALE_PERMISSION_EPOCH" {
		t.Errorf("an op of a reader: %v", f.Data)
	}
	// Back to what the workspace role gives.
	s.must("DELETE", "/v1/admin/documents/welcome/members/usr_editor", ``)
	if f := editor.expect("system", "permission_change"); fmt.Sprint(f.Data["permissions"]) != "[read write comment]" {
		t.Errorf("received %v", f.Data)
	}
	editor.expect("system", "token_refresh_required")
	editor.op("m3", 1)
	// A user who may no longer read is disconnected.
	s.must("DELETE", "/v1/admin/workspaces/ws_demo/members/usr_editor", ``)
	for {
		f, err := editor.read()
		if err != nil {
			if code := websocket.CloseStatus(err); code != 4403 {
				t.Errorf("closed with %d, want 4403", code)
			}
			break
		}
		if f.Type != "system" && f.Type != "presence" {
			t.Errorf("received %+v", f)
		}
	}
}

// A workspace and a document from nothing, without SQL, and gone again.
//
// Holds: "a deleted document is erased".
func TestAnOperatorNeedsNoSQL(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.must("PUT", "/v1/admin/workspaces/ws_new", `{"name":"New"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_new/members/usr_outsider", `{"role":"member"}`)
	s.must("PUT", "/v1/admin/documents/fresh", `{"workspace_id":"ws_new","title":"Fresh"}`)
	c := s.connect(dialling{document: "fresh", clientID: "c", token: s.Login("outsider")})
	c.op("m1", 1)
	answer := s.must("GET", "/v1/admin/documents/fresh", ``)
	members, _ := at(answer, "live", "members").([]any)
	if at(answer, "stored", "title") != "Fresh" || at(answer, "live", "document_version") != 1.0 || len(members) != 1 || at(members[0], "user_id") != "usr_outsider" {
		t.Errorf("described as %v", answer)
	}
	answer = s.must("DELETE", "/v1/admin/documents/fresh", ``)
	if !slices.Contains(texts(answer["told"]), "usr_outsider") {
		t.Errorf("received %v", answer)
	}
	if at(answer, "erased", "document_version") != 1.0 {
		t.Errorf("answered %v", answer)
	}
	c.closes(4404, func(frame) {})
	if status, _ := s.admin("DELETE", "/v1/admin/documents/fresh", ``); status != 404 {
		t.Errorf("gone, and deleted again: HTTP %d", status)
	}
	s.refused(dialling{document: "fresh", clientID: "c", token: s.Login("outsider")}, "DOCUMENT_NOT_FOUND")
	// The same name in another workspace, a moment later: a user who was refused gets in, and
	// finds nothing. An eviction does not bring anything back, either.
	s.must("PUT", "/v1/admin/workspaces/ws_other", `{"name":"Other"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_other/members/usr_outsider", `{"role":"member"}`)
	s.must("PUT", "/v1/admin/documents/fresh", `{"workspace_id":"ws_other","title":"Fresh"}`)
	s.Evict("Document", "fresh")
	again := s.connect(dialling{document: "fresh", clientID: "c", sessionID: c.ack.text("session_id"), lastSeq: 1, token: s.Login("outsider")})
	if again.ack.Data["document_version"] != 0.0 || again.ack.Data["resumed"] != false || at(again.ack.Data, "gap", "reason") != "rewound" {
		t.Errorf("connection_ack %v", again.ack.Data)
	}
	again.op("m1", 1)
	// Made private while its only editor is away for a moment.
	again.send(`{"type":"system","event":"disconnect"}`)
	again.closes(1000, func(frame) {})
	s.must("PUT", "/v1/admin/documents/fresh", `{"workspace_id":"ws_other","title":"Fresh","access":"restricted"}`)
	s.refused(dialling{document: "fresh", clientID: "c", token: s.Login("outsider")}, "INSUFFICIENT_PERMISSIONS")
	s.must("PUT", "/v1/admin/documents/fresh/members/usr_outsider", `{"role":"view"}`)
	s.connect(dialling{document: "fresh", clientID: "c", token: s.Login("outsider")})
}

func TestALockReachesWriters(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	editor.op("m1", 1)
	if answer := s.must("PUT", "/v1/admin/documents/welcome/lock", `{"reason":"legal_hold","retry_after_ms":7000}`); answer["locked"] != true || answer["document_version"] != 1.0 {
		t.Errorf("answered %v", answer)
	}
	until := func(kind, event string) frame {
		for {
			if f := editor.expectAny(); f.Type == kind && f.Event == event {
				return f
			}
		}
	}
	editor.send(fmt.Sprintf(opFrame, "m2"))
	if f := until("system", "error"); f.text("error_code") != "DOCUMENT_LOCKED" || at(f.Data, "details", "retry_after") != 7000.0 {
		t.Errorf("received %v", f.Data)
	}
	s.Evict("Document", "welcome")
	editor.send(fmt.Sprintf(opFrame, "m3"))
	if f := until("system", "error"); f.text("error_code") != "DOCUMENT_LOCKED" {
		t.Errorf("after an eviction: %v", f.Data)
	}
	if answer := s.must("DELETE", "/v1/admin/documents/welcome/lock", ``); answer["locked"] != false {
		t.Errorf("answered %v", answer)
	}
	editor.send(fmt.Sprintf(opFrame, "m2"))
	if f := until("operation", "operation_ack"); f.number("document_version") != 2 {
		t.Errorf("unlocked: %v", f.Data)
	}
}

// TestKickAndRevoke: a kick removes no right; a revocation does.
//
// Holds: "a revoked token is worth nothing, also when it comes back".
func TestKickAndRevoke(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	jar, err := cookiejar.New(nil)
	check(err)
	token := s.LoginWith(jar, "editor")
	connect := func(document string) *conn {
		return s.connect(dialling{document: document, clientID: "e", token: token})
	}
	welcome, notes := connect("welcome"), connect("notes")
	welcome.op("m1", 1)
	answer := s.must("GET", "/v1/admin/users/usr_editor/session", ``)
	if channels, _ := at(answer, "session", "channels").([]any); len(channels) != 2 || at(answer, "session", "session_id") != welcome.ack.text("session_id") {
		t.Errorf("described as %v", answer)
	}
	ends := func(c *conn, code string, status websocket.StatusCode) {
		t.Helper()
		for {
			f, err := c.read()
			if err == nil {
				if f.Event == "error" && f.text("error_code") != code {
					t.Errorf("received %v, want %s", f.Data, code)
				}
				continue
			}
			if got := websocket.CloseStatus(err); got != status {
				t.Errorf("closed with %d, want %d", got, status)
			}
			return
		}
	}
	answer = s.must("POST", "/v1/admin/users/usr_editor/kick", `{"document":"notes"}`)
	if got := texts(at(answer, "receipt", "closed")); !slices.Equal(got, []string{"notes"}) {
		t.Errorf("the receipt: %v", answer)
	}
	ends(notes, "SESSION_ENDED", 4411)
	welcome.op("m2", 2)
	notes = connect("notes") // it may come back

	// Another token's end is nobody's here.
	if answer := s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"jti":"another"}`); len(texts(at(answer, "receipt", "closed"))) != 0 {
		t.Errorf("the receipt: %v", answer)
	}
	welcome.op("m3", 3)
	answer = s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"all":true,"reason":"laptop_stolen"}`)
	closed := texts(at(answer, "receipt", "closed"))
	slices.Sort(closed)
	if !slices.Equal(closed, []string{"notes", "welcome"}) || at(answer, "receipt", "last_accepted", "welcome") != "m3" {
		t.Errorf("the receipt: %v", answer)
	}
	ends(welcome, "TOKEN_REVOKED", 4410)
	ends(notes, "TOKEN_REVOKED", 4410)
	for range 2 { // remembered through an eviction
		c, _, err := dialling{document: "welcome", clientID: "e", token: token, origin: s.URL}.dial(s)
		if err != nil {
			t.Fatal(err)
		}
		c.expectError("TOKEN_REVOKED")
		s.Do(map[string]string{"do": "evict", "class": "UserSession", "name": "usr_editor", "attempt": "1"}, nil)
	}
	if status, _, _ := s.Post(jar, "/auth/refresh", nil); status != 401 {
		t.Errorf("the sign-in goes on: HTTP %d", status)
	}
	// A new sign-in is a new beginning, also in the second of the revocation.
	token = s.LoginWith(jar, "editor")
	connect("welcome").op("m4", 4)
}

// One token, by its jti; what lives by another goes on. S2: “"jti": "token_unique_id"”.
//
// Holds: "a revoked token is worth nothing, also when it comes back".
func TestRevokesOneToken(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	stolen, kept := s.Login("editor"), s.Login("editor")
	phone := s.connect(dialling{document: "welcome", clientID: "phone", token: stolen})
	laptop := s.connect(dialling{document: "notes", clientID: "laptop", token: kept})
	phone.op("m1", 1)
	jti, _ := claimsOf(t, stolen)["jti"].(string)
	answer := s.must("POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"jti":%q,"reason":"phone_stolen"}`, jti))
	if got := texts(at(answer, "receipt", "closed")); !slices.Equal(got, []string{"welcome"}) || at(answer, "receipt", "last_accepted", "welcome") != "m1" {
		t.Errorf("the receipt: %v", answer)
	}
	phone.expectError("TOKEN_REVOKED")
	if code := phone.expectClose(); code != 4410 {
		t.Errorf("closed with %d", code)
	}
	laptop.quiet()
	s.refused(dialling{document: "welcome", clientID: "phone", token: stolen}, "TOKEN_REVOKED")
	s.connect(dialling{document: "welcome", clientID: "laptop", token: kept})
}

// "Why was I disconnected?" S2: "Log authentication events - For security auditing".
//
// Holds: "why somebody was disconnected can be told".
func TestExplainsADisconnect(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "phone", token: s.Login("editor")})
	c.op("m1", 1)
	s.must("POST", "/v1/admin/users/usr_editor/kick", `{"reason":"too_loud"}`)
	for {
		if _, err := c.read(); err != nil {
			break
		}
	}
	answer := s.must("GET", "/v1/admin/users/usr_editor/explain?at="+time.Now().UTC().Format(time.RFC3339), ``)
	// The document recorded the close itself; the entry before it says why.
	entry := at(answer, "entry")
	before, _ := answer["before"].([]any)
	why := slices.ContainsFunc(append(before, entry), func(e any) bool {
		return at(e, "event") == "kicked" && at(e, "reason") == "too_loud" && at(e, "by") == "admin"
	})
	if answer["found"] != true || at(entry, "sentence") != answer["sentence"] || !why {
		t.Errorf("explained by %v", answer)
	}
	t.Logf("%v", answer["sentence"])
	answer = s.must("GET", "/v1/admin/users/usr_editor/audit?document=welcome", ``)
	var events []string
	entries, _ := answer["entries"].([]any)
	for _, e := range entries {
		event, _ := at(e, "event").(string)
		events = append(events, event)
	}
	for _, want := range []string{"admitted", "connected", "kicked"} {
		if !slices.Contains(events, want) {
			t.Errorf("the log lacks %s: %v", want, events)
		}
	}
	if incomplete := texts(answer["incomplete"]); len(incomplete) != 0 {
		t.Errorf("incomplete: %v", incomplete)
	}
}
