//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// delegation is one as its maker is shown it.
type delegation struct{ id, key string }

// name is what the log and everybody else call its program.
func (d delegation) name() string { return "delegate:" + d.id }

func (d delegation) dial(document string) dialling {
	return dialling{document: document, clientID: d.name(), token: d.key, carriage: "header", lastSeq: -1}
}

// asUser sends a request as a user's page does.
func (s *server) asUser(token, method, path, body string) (int, map[string]any) {
	s.T.Helper()
	header := map[string]string{"authorization": "Bearer " + token}
	if body != "" {
		header["content-type"] = "application/json"
	}
	status, text, _ := s.Request(method, path, body, header)
	var answer map[string]any
	json.Unmarshal(text, &answer)
	return status, answer
}

// delegate has a user let a program in on a document.
func (s *server) delegate(token, document, name, role string) delegation {
	s.T.Helper()
	body := fmt.Sprintf(`{"document":%q,"name":%q,"expires":%d`, document, name, time.Now().Add(time.Hour).Unix())
	if role != "" {
		body += fmt.Sprintf(`,"role":%q`, role)
	}
	status, answer := s.asUser(token, "POST", "/v1/delegations", body+"}")
	if status != 201 {
		s.T.Fatalf("a delegation: HTTP %d %v", status, answer)
	}
	d := delegation{}
	d.id, _ = answer["id"].(string)
	d.key, _ = answer["key"].(string)
	s.Shown("a delegation's key", d.key)
	return d
}

// answers checks that the connection lives, whatever else it was sent.
func (c *conn) answers() {
	c.t.Helper()
	c.send(`{"type":"system","event":"ping","data":{}}`)
	c.expectFrame("system", "pong")
}

// ended waits for the end, whatever comes before it.
func (c *conn) ended() {
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

func permissionsOf(f frame) string { return strings.Join(texts(f.Data["permissions"]), " ") }

// A program acts for a user under its own name, and with no more than the user's rights: a change of
// those reaches it in the same epoch, and what it sends then is refused.
//
// Holds: "a program that acts for a user may never do what its user may not".
func TestADelegateIsHeldToItsUser(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("editor")
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	agent := s.delegate(token, "welcome", "Agent X", "")
	commenter := s.delegate(token, "welcome", "Agent C", "comment")
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: token})

	a := s.connect(agent.dial("welcome"))
	if a.ack.text("user_id") != "usr_editor" || a.ack.text("client_id") != agent.name() || permissionsOf(a.ack) != "read write comment" {
		t.Errorf("welcomed with %v", a.ack.Data)
	}
	joined := viewer.expectFrame("presence", "join")
	for joined.text("client_id") != agent.name() {
		joined = viewer.expectFrame("presence", "join")
	}
	if joined.text("name") != "Agent X" || joined.Data["delegate"] != true || joined.text("user_id") != "usr_editor" {
		t.Errorf("shown as %v", joined.Data)
	}
	c := s.connect(commenter.dial("welcome"))
	if permissionsOf(c.ack) != "read comment" {
		t.Errorf("capped at comment: %v", c.ack.Data)
	}
	a.op("m1", "from the agent")
	if f := viewer.expectFrame("operation", "op"); f.text("user_id") != "usr_editor" || f.text("client_id") != agent.name() {
		t.Errorf("others receive %v", f.Data)
	}
	if f := editor.expectFrame("operation", "op"); f.text("client_id") != agent.name() {
		t.Errorf("its user receives %v", f.Data)
	}
	editor.op("m1", "from the user") // the same message id: another client's
	c.send(`{"type":"operation","event":"op","message_id":"c1","data":{"op":1}}`)
	if f := c.expectFrame("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" {
		t.Errorf("it writes: %v", f.Data)
	}

	// Downgraded: the user and both programs, in one epoch.
	s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"view"}`)
	epoch := editor.expectFrame("system", "permission_change").number("perm_epoch")
	for name, one := range map[string]*conn{"Agent X": a, "Agent C": c} {
		if f := one.expectFrame("system", "permission_change"); permissionsOf(f) != "read" || f.number("perm_epoch") != epoch {
			t.Errorf("%s hears %v, its user epoch %d", name, f.Data, epoch)
		}
		one.send(`{"type":"operation","event":"op","message_id":"late","data":{"op":1}}`)
		if f := one.expectFrame("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" {
			t.Errorf("%s writes on: %v", name, f.Data)
		}
	}
	// Raised: what is withheld of a program stays withheld.
	s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"full_access"}`)
	if f := a.expectFrame("system", "permission_change"); permissionsOf(f) != "read write comment moderate admin" {
		t.Errorf("Agent X hears %v", f.Data)
	}
	if f := c.expectFrame("system", "permission_change"); permissionsOf(f) != "read comment" {
		t.Errorf("Agent C hears %v", f.Data)
	}
	c.ws.CloseNow()
	if c = s.connect(commenter.dial("welcome")); permissionsOf(c.ack) != "read comment" {
		t.Errorf("back with %v", c.ack.Data)
	}

	// The user goes away, and the program works on; a kick ends both, and both may come back.
	editor.send(`{"type":"system","event":"disconnect"}`)
	editor.ended()
	a.op("m2", "while the user is away")
	s.Evict("Document", "welcome")
	s.Evict("UserSession", "usr_editor")
	a.op("m3", "after an eviction")
	s.must("POST", "/v1/admin/users/usr_editor/kick", `{}`)
	if f := a.expectFrame("system", "error"); f.text("error_code") != "SESSION_ENDED" {
		t.Errorf("kicked: %v", f.Data)
	}
	s.connect(agent.dial("welcome")).op("m4", "back")

	// Who did what, by its own name.
	members := fmt.Sprint(s.must("GET", "/v1/admin/documents/welcome", ``))
	if !strings.Contains(members, "delegate:Agent X") || !strings.Contains(members, agent.name()) {
		t.Errorf("the members: %s", members)
	}
	lines := fmt.Sprint(s.must("GET", "/v1/admin/users/usr_editor/audit?limit=200", ``))
	for _, want := range []string{
		"Client " + agent.name() + " (Agent X, for the user) was admitted to welcome.",
		"Client " + agent.name() + " (Agent X, for the user) connected to welcome (new).",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("the audit log lacks %q", want)
		}
	}
	// A right that is lost altogether ends the program's connection as it does its user's.
	again := s.connect(agent.dial("welcome"))
	s.must("PUT", "/v1/admin/documents/welcome", `{"workspace_id":"ws_demo","title":"Welcome","access":"restricted"}`)
	s.must("DELETE", "/v1/admin/documents/welcome/members/usr_editor", ``)
	if f := again.expectFrame("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" {
		t.Errorf("without a right: %v", f.Data)
	}
	s.refused(agent.dial("welcome"), "INSUFFICIENT_PERMISSIONS")
	if status, answer := s.asUser(token, "POST", "/v1/delegations", fmt.Sprintf(`{"document":"welcome","name":"x","expires":%d}`, time.Now().Add(time.Minute).Unix())); status != 403 {
		t.Errorf("a delegation on what the user may not read: HTTP %d %v", status, answer)
	}
}

// What ends a delegation, and what does not. The program is out when the call is answered.
//
// Holds: "a revoked delegation is out when the call is answered".
func TestWhatEndsADelegation(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"READ_ONLY_MS": "100"})
	token := s.Login("editor")
	jti := fmt.Sprint(claimsOf(t, token)["jti"])
	signIn, _, _ := strings.Cut(jti, ".")
	agent, other := s.delegate(token, "welcome", "Agent X", ""), s.delegate(token, "welcome", "Agent Y", "edit")
	a, o := s.connect(agent.dial("welcome")), s.connect(other.dial("welcome"))
	a.op("m1", 1)

	// One token, or one sign-in, is not what a delegation lives by.
	s.must("POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"jti":%q}`, jti))
	s.must("POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"sign_in":%q}`, signIn))
	a.op("m2", 2)
	// Its user revokes it; the revoked token is no good for that.
	if status, _ := s.asUser(token, "DELETE", "/v1/delegations/"+agent.id, ``); status != 401 {
		t.Errorf("by a revoked token: HTTP %d", status)
	}
	token = s.Login("editor")
	if status, answer := s.asUser(s.Login("viewer"), "DELETE", "/v1/delegations/"+agent.id, ``); status != 404 {
		t.Errorf("by another user: HTTP %d %v", status, answer)
	}
	status, answer := s.asUser(token, "DELETE", "/v1/delegations/"+agent.id, ``)
	if status != 200 || !slices.Equal(texts(at(answer, "receipt", "closed")), []string{"welcome"}) || at(answer, "receipt", "last_accepted", "welcome") != "m2" {
		t.Fatalf("revoked: HTTP %d %v", status, answer)
	}
	if f := a.expectFrame("system", "error"); f.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("revoked: %v", f.Data)
	}
	s.refused(agent.dial("welcome"), "TOKEN_REVOKED")
	o.answers()
	list := fmt.Sprint(s.must("GET", "/v1/admin/users/usr_editor/delegations", ``))
	if !strings.Contains(list, "Agent X") || !strings.Contains(list, "Agent Y") || strings.Contains(list, "hfu_") {
		t.Errorf("listed: %s", list)
	}

	// The database takes nothing: the program is out all the same, and the front Worker, which finds
	// it valid, does not let it in.
	s.d1("CREATE TRIGGER locked BEFORE UPDATE ON delegations BEGIN SELECT RAISE(ABORT, 'database is locked'); END")
	lost := s.delegate(token, "welcome", "Agent L", "")
	l := s.connect(lost.dial("welcome"))
	status, answer = s.asUser(token, "DELETE", "/v1/delegations/"+lost.id, ``)
	if status != 503 || at(answer, "data", "details", "reason") != "delegation_not_stored" {
		t.Errorf("without the database: HTTP %d %v", status, answer)
	}
	if f := l.expectFrame("system", "error"); f.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("without the database: %v", f.Data)
	}
	s.refused(lost.dial("welcome"), "TOKEN_REVOKED")
	// Everything is revoked: what was made before is over for good, what is made after is not.
	receipt := s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"all":true}`)
	if !slices.Equal(texts(at(receipt, "receipt", "closed")), []string{"welcome"}) {
		t.Errorf("the receipt: %v", receipt)
	}
	if f := o.expectFrame("system", "error"); f.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("everything is revoked: %v", f.Data)
	}
	s.refused(other.dial("welcome"), "TOKEN_REVOKED")
	s.d1("DROP TRIGGER locked")
	third := s.delegate(s.Login("editor"), "welcome", "Agent Z", "")
	s.connect(third.dial("welcome")).op("m1", 3)
	// An operator makes one and revokes it.
	made := s.must("POST", "/v1/admin/users/usr_viewer/delegations", fmt.Sprintf(`{"document":"welcome","name":"Reader","expires":%d}`, time.Now().Add(time.Hour).Unix()))
	reader := delegation{}
	reader.id, _ = made["id"].(string)
	reader.key, _ = made["key"].(string)
	r := s.connect(reader.dial("welcome"))
	if permissionsOf(r.ack) != "read" {
		t.Errorf("a viewer's program: %v", r.ack.Data)
	}
	s.must("DELETE", "/v1/admin/users/usr_viewer/delegations/"+reader.id, `{"reason":"pilot_over"}`)
	if f := r.expectFrame("system", "error"); f.text("error_code") != "TOKEN_REVOKED" {
		t.Errorf("revoked by an operator: %v", f.Data)
	}
	// One whose time is over, while it is connected and after.
	short := s.must("POST", "/v1/admin/users/usr_viewer/delegations", fmt.Sprintf(`{"document":"welcome","name":"Short","expires":%d}`, time.Now().Add(2*time.Second).Unix()))
	ended := delegation{}
	ended.id, _ = short["id"].(string)
	ended.key, _ = short["key"].(string)
	e := s.connect(ended.dial("welcome"))
	if f := e.expectFrame("system", "error"); f.text("error_code") != "TOKEN_EXPIRED" {
		t.Errorf("at its end: %v", f.Data)
	}
	if f := s.refused(ended.dial("welcome"), "TOKEN_REVOKED"); f.Data["details"].(map[string]any)["reason"] != "delegation_ended" {
		t.Errorf("after its end: %v", f.Data)
	}
}

// The attacker has a delegation's key, or an account, or both, and wants more than the key gives.
func TestAttacksWithADelegation(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"DELEGATES_PER_USER": "2", "CONNECTIONS_PER_USER": "2"})
	owner, viewer := s.Login("owner"), s.Login("viewer")
	agent := s.delegate(owner, "welcome", "Agent X", "view")
	mine := s.delegate(viewer, "welcome", "Mine", "full_access")
	user := s.connect(dialling{document: "welcome", clientID: "o", token: owner})
	a := s.connect(agent.dial("welcome"))

	reason := func(f frame) any { return at(f.Data["details"], "reason") }
	// Another document, also one on which the user may do everything.
	if f := s.refused(agent.dial("notes"), "INSUFFICIENT_PERMISSIONS"); reason(f) != "delegation_of_another_document" {
		t.Errorf("another document: %v", f.Data)
	}
	// Another's key by its id, a made-up one, one in a URL or where pages put tokens.
	forged := agent.key[:len(agent.key)-43] + mine.key[len(mine.key)-43:]
	for _, key := range []string{forged, mine.key[:21] + agent.key[21:], "hfu_x", agent.key + "x", "hfu_0000000000000000_" + strings.Repeat("A", 43)} {
		d := agent.dial("welcome")
		d.token, d.clientID = key, ""
		if f := s.refused(d, "AUTHENTICATION_FAILED"); reason(f) != "delegation_key_invalid" {
			t.Errorf("%.8s…: %v", key, f.Data)
		}
	}
	for _, carriage := range []string{"query", "protocol"} {
		d := agent.dial("welcome")
		d.carriage = carriage
		s.refused(d, "AUTHENTICATION_FAILED")
	}
	// The user's own client id, another delegate's; and a user under a delegate's name.
	for _, id := range []string{"o", mine.name()} {
		d := agent.dial("welcome")
		d.clientID = id
		s.refused(d, "MALFORMED_MESSAGE")
	}
	for _, document := range []string{"welcome", "notes"} {
		s.refused(dialling{document: document, clientID: agent.name(), token: viewer, carriage: "header"}, "MALFORMED_MESSAGE")
	}
	// A cap of more than the user may is nothing.
	if m := s.connect(mine.dial("welcome")); permissionsOf(m.ack) != "read" {
		t.Errorf("a viewer's program: %v", m.ack.Data)
	}
	// The user's own token does not make the program the user.
	for _, stolen := range []string{owner, mine.key, agent.key} {
		a.send(`{"type":"system","event":"token_refresh","data":{"token":"` + stolen + `"}}`)
		if f := a.expectFrame("system", "error"); reason(f) != "delegate_has_no_token" {
			t.Errorf("a token: %v", f.Data)
		}
	}
	// Nor does a key serve where a token does.
	user.send(`{"type":"system","event":"token_refresh","data":{"token":"` + agent.key + `"}}`)
	user.expectFrame("system", "error")
	a.send(`{"type":"operation","event":"op","message_id":"w","data":{"op":1}}`)
	a.expectFrame("system", "error")
	for _, path := range []string{"/v1/admin/documents/welcome", "/v1/admin/users/usr_owner/delegations", "/v1/delegations"} {
		if status, _ := s.asUser(agent.key, "GET", path, ``); status != 401 {
			t.Errorf("%s by a key: HTTP %d", path, status)
		}
	}
	if status, _ := s.asUser(owner, "GET", "/v1/admin/users/usr_owner/delegations", ``); status != 401 {
		t.Errorf("an operators' route by a user's token: HTTP %d", status)
	}
	if status, _ := s.asUser(secrets["ADMIN_TOKEN"], "GET", "/v1/delegations", ``); status != 401 {
		t.Errorf("a user's route by an operator's token: HTTP %d", status)
	}
	// What the front Worker says of a user no request can say.
	for _, name := range []string{"visitor:claims", "x-visitor-claims"} {
		if status, _, _ := s.Request("GET", "/v1/delegations", "", map[string]string{strings.ReplaceAll(name, ":", "-"): `{"user_id":"usr_owner"}`}); status != 401 {
			t.Errorf("claims in a header: HTTP %d", status)
		}
	}
	// As many programs as may, which take no browser's place; and no browser takes theirs.
	second, third := s.delegate(owner, "welcome", "Agent Y", ""), s.delegate(owner, "welcome", "Agent Z", "")
	y := s.connect(second.dial("welcome"))
	if f := s.refused(third.dial("welcome"), "RATE_LIMIT_EXCEEDED"); reason(f) != "too_many_delegates" {
		t.Errorf("one too many: %v", f.Data)
	}
	more := s.connect(dialling{document: "welcome", clientID: "o2", token: owner})
	for _, c := range []*conn{user, a, y, more} {
		c.answers()
	}
	// The same key again is the same program: the newer connection goes on.
	again := s.connect(agent.dial("welcome"))
	a.ended()
	again.answers()
}

// A program's op survives a kill -9, and it resumes as any client does.
func TestADelegateSurvivesAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	s := d.server
	token := s.Login("editor")
	agent := s.delegate(token, "welcome", "Agent X", "edit")
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: token})
	a := s.connect(agent.dial("welcome"))
	session := a.ack.text("session_id")
	a.op("m1", "before")
	d.Kill()
	d.Restart()
	editor = s.connect(dialling{document: "welcome", clientID: "e", sessionID: editor.ack.text("session_id"), lastSeq: 0, token: token})
	editor.send(`{"type":"operation","event":"op","message_id":"m2","data":{"op":"missed"}}`)
	editor.expectFrame("operation", "operation_ack")
	back := agent.dial("welcome")
	back.sessionID, back.lastSeq = session, 1
	a = s.connect(back)
	if a.ack.Data["resumed"] != true || permissionsOf(a.ack) != "read write comment" {
		t.Errorf("back with %v", a.ack.Data)
	}
	if got := a.receivedOps(2); !slices.Equal(got, []string{"2:missed"}) {
		t.Errorf("replayed %v", got)
	}
	a.send(`{"type":"operation","event":"op","message_id":"m1","data":{"op":"before"}}`)
	if f := a.expectFrame("operation", "operation_ack"); f.number("document_version") != 1 {
		t.Errorf("repeated: %v", f.Data)
	}
	// What was withheld is withheld still.
	s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"full_access"}`)
	a.send(`{"type":"operation","event":"lock","data":{"section":"s"}}`)
	if f := a.expectFrame("system", "error"); f.text("error_code") != "INSUFFICIENT_PERMISSIONS" {
		t.Errorf("after the kill it may do what is withheld of it: %v", f.Data)
	}
}
