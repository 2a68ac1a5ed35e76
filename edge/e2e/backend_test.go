//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const welcome = "/v1/admin/documents/welcome"

// by asks as whoever has a token or a key.
func (s *server) by(key, method, path, body string, header ...string) (int, []byte, http.Header) {
	s.T.Helper()
	all := map[string]string{"authorization": "Bearer " + key}
	for i := 0; i < len(header); i += 2 {
		all[header[i]] = header[i+1]
	}
	status, text, answered := s.Request(method, path, body, all)
	s.described(method, path, status, text, answered)
	return status, text, answered
}

// refusal is the reason of an error, or its code where it has none.
func refusal(text []byte) string {
	var f struct{ Data map[string]any }
	json.Unmarshal(text, &f)
	if reason, ok := at(f.Data, "details", "reason").(string); ok {
		return reason
	}
	return fmt.Sprint(f.Data["error_code"])
}

// reads follows a document from a path on, page by page; it returns the lines but for the ends, and
// the last end.
func (s *server) reads(key, path string) (lines []map[string]any, end map[string]any) {
	s.T.Helper()
	for {
		status, text, _ := s.by(key, "GET", path, "")
		if status != 200 {
			s.T.Fatalf("%s: HTTP %d %s", path, status, text)
		}
		for line := range strings.Lines(string(text)) {
			var l map[string]any
			check(json.Unmarshal([]byte(line), &l))
			lines = append(lines, l)
		}
		end, lines = lines[len(lines)-1], lines[:len(lines)-1]
		if end["kind"] != "end" {
			s.T.Fatalf("the last line is %v", end)
		}
		path = end["next"].(string)
		if end["more"] == false {
			return lines, end
		}
	}
}

// documentKey makes a key, and returns its text and id.
func (s *server) documentKey(body string) (key, id string) {
	s.T.Helper()
	answer := s.must("POST", "/v1/admin/keys", body)
	return answer["key"].(string), answer["key_id"].(string)
}

// A server's ops reach open sockets as any other, in one order with theirs; its repeats and a
// socket's are one op; it reads what it and they have written, and who is there.
//
// Holds: "what a server appends is stored once, in one order with the sockets' ops, and reaches them".
func TestAServerWritesBesideSockets(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	key, id := s.documentKey(`{"name":"billing","documents":["wel*"],"scopes":["read","write","comment"]}`)
	s.Shown("a document key", key)
	// On a document where nobody is.
	answer := s.must("POST", welcome+"/operations", `{"operations":[{"message_id":"a","op":{"n":1}},{"message_id":"b","op":{"n":2}}]}`)
	if at(answer, "document_version") != 2.0 {
		t.Fatalf("%v", answer)
	}
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	owner.send(`{"type":"presence","event":"join","data":{"data":{"cursor":3}}}`)
	if v := owner.op("m1", "mine"); v != 3 {
		t.Fatalf("version %d", v)
	}
	s.Evict("Document", "welcome")
	status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"a","op":{"n":4}}`)
	if status != 200 || !strings.Contains(string(text), `{"message_id":"a","document_version":4}`) {
		t.Fatalf("HTTP %d %s", status, text)
	}
	if f := owner.expect("operation", "op"); f.Seq != 4 || f.Data["client_id"] != "billing" || f.Data["user_id"] != nil || at(f.Data, "op", "n") != 4.0 {
		t.Errorf("received %+v", f)
	}
	s.Evict("Document", "welcome")
	for _, again := range []string{`{"message_id":"a","op":{"n":4}}`, `{"operations":[{"message_id":"a","op":5},{"message_id":"c","op":5}]}`} {
		if status, text, _ := s.by(key, "POST", welcome+"/operations", again); status != 200 || !strings.Contains(string(text), `{"message_id":"a","document_version":4,"repeated":true}`) {
			t.Errorf("HTTP %d %s", status, text)
		}
	}
	if f := owner.expect("operation", "op"); f.Seq != 5 || f.Data["op"] != 5.0 {
		t.Errorf("received %+v", f)
	}
	// In the user's name: what the user's socket has sent is known, and the other way round.
	answer = s.must("POST", welcome+"/operations", `{"user_id":"usr_owner","client_id":"o","operations":[{"message_id":"m1","op":0},{"message_id":"m2","op":"for me"}]}`)
	if got := fmt.Sprint(answer["entries"]); got != "[map[document_version:3 message_id:m1 repeated:true] map[document_version:6 message_id:m2]]" {
		t.Errorf("answered %s", got)
	}
	if f := owner.expect("operation", "operation_ack"); f.MessageID != "m2" || f.Seq != 6 || f.Data["op"] != "for me" {
		t.Errorf("received %+v", f)
	}
	if v := owner.op("m2", "for me"); v != 6 {
		t.Errorf("a repeat became version %d", v)
	}
	// Comments, by both.
	answer = s.must("POST", welcome+"/comments", `{"message_id":"c1","event":"create","body":"Is it so?","anchor":[1,2]}`)
	if at(answer["entries"].([]any)[0], "comment_id") != "7" {
		t.Errorf("%v", answer)
	}
	if f := owner.expect("comment", "create"); f.Data["comment_id"] != "7" || f.Data["body"] != "Is it so?" {
		t.Errorf("received %+v", f)
	}
	owner.comment("reply", "m3", `{"comment_id":"7","body":"It is."}`)
	if status, text, _ := s.by(key, "POST", welcome+"/comments", `{"message_id":"c1","event":"resolve","comment_id":"7"}`); status != 200 {
		t.Errorf("HTTP %d %s", status, text)
	}
	owner.expect("comment", "resolve")

	lines, end := s.reads(key, welcome+"/content?after=1&limit=2")
	got := ""
	for _, l := range lines {
		got += fmt.Sprintf(" %v:%v/%v/%v", l["version"], l["kind"], l["user_id"], l["client_id"])
	}
	if want := " 2:op/<nil>/server 3:op/usr_owner/o 4:op/<nil>/billing 5:op/<nil>/billing 6:op/usr_owner/o 7:create/<nil>/server 8:reply/usr_owner/o 9:resolve/<nil>/billing"; got != want || end["document_version"] != 9.0 {
		t.Errorf("read%s, %v", got, end)
	}
	_, text, header := s.by(key, "GET", end["next"].(string), "")
	tag := header.Get("ETag")
	if want := fmt.Sprintf(`"%v.9"`, end["generation"]); tag != want || len(fmt.Sprint(end["generation"])) < 8 {
		t.Errorf("ETag %s, want %s: %s", tag, want, text)
	}
	if status, text, _ := s.by(key, "GET", end["next"].(string), "", "If-None-Match", tag); status != 304 || len(text) > 0 {
		t.Errorf("HTTP %d %s", status, text)
	}
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"d","op":1}`, "If-Match", strings.Replace(tag, ".9", ".8", 1)); status != 412 || refusal(text) != "version_changed" {
		t.Errorf("HTTP %d %s", status, text)
	}
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"d","op":1}`, "If-Match", tag); status != 200 {
		t.Errorf("HTTP %d %s", status, text)
	}
	members := s.must("GET", welcome+"/presence", ``)["members"].([]any)
	if len(members) != 1 || at(members[0], "user_id") != "usr_owner" || at(members[0], "client_id") != "o" || at(members[0], "data", "cursor") != 3.0 || at(members[0], "since") == nil {
		t.Errorf("present are %v", members)
	}
	// The log says which key it was, and not the key.
	s.awaitEntry(map[string]any{"event": "admin_call", "operation": "appendOperations", "document_key": id, "by": "key:billing"})
	if entries := fmt.Sprint(s.must("GET", "/v1/admin/users/usr_owner/audit", ``)["entries"]); !strings.Contains(entries, "server_wrote") {
		t.Errorf("the audit log: %s", entries)
	}
}

// A key with all scopes opens each route that is described as one for document keys, and no other of
// a document.
func TestAKeyOpensWhatIsDescribed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	key, _ := s.documentKey(`{"name":"all","documents":["*"],"scopes":["read","write","comment","users"]}`)
	opened := 0
	_, text, _ := s.Request("GET", "/v1/openapi.json", "", nil)
	var api struct{ Paths map[string]map[string]any }
	check(json.Unmarshal(text, &api))
	for path, methods := range api.Paths {
		if !strings.HasPrefix(path, "/v1/admin/documents/{document}") {
			continue
		}
		for method, operation := range methods {
			described, isOperation := operation.(map[string]any)
			if !isOperation {
				continue
			}
			body := "{}"
			if method == "get" {
				body = ""
			}
			url := strings.NewReplacer("{document}", "welcome", "{user_id}", "usr_viewer", "{version}", "1", "{link_id}", "00000000000000aa", "{id}", "1", "{comment_id}", "1").Replace(path)
			_, text, _ := s.Request(strings.ToUpper(method), url, body, map[string]string{"authorization": "Bearer " + key})
			forKeys := strings.Contains(fmt.Sprint(described["security"]), "documentKey")
			if opens := refusal(text) != "not_for_this_key"; opens != forKeys {
				t.Errorf("%s %s: described as one for keys: %t, and the answer is %s", method, url, forKeys, text)
			}
			if forKeys {
				opened++
			}
		}
	}
	if opened != 5 {
		t.Errorf("%d routes are for keys", opened)
	}
}

// The attacker has a key for some documents, or a viewer's name, or none. Nothing is stored, and
// nothing is said of what the key does not open.
//
// Holds: "a document key opens its documents alone".
func TestAServerIsHeldToItsKeyAndItsUsers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"LOGINS_PER_IP_PER_MIN": "5", "LOGINS_PER_IP_BURST": "5", "MAX_UNACKNOWLEDGED": "20"})
	key, id := s.documentKey(`{"name":"billing","documents":["welcome","locked"],"scopes":["read","write","users"]}`)
	operation := `{"message_id":"x","op":1}`
	// The demo's viewer reads; the outsider does not even.
	for user, want := range map[string]string{"usr_viewer": "INSUFFICIENT_PERMISSIONS", "usr_outsider": "no_access", "usr_nobody": "no_access"} {
		if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"x","op":1,"user_id":"`+user+`"}`); status != 403 || refusal(text) != want {
			t.Errorf("%s: HTTP %d %s", user, status, text)
		}
	}
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"x","op":1,"user_id":"usr_editor"}`); status != 200 {
		t.Errorf("HTTP %d %s", status, text)
	}
	// A role that is taken away counts at once, where the user has no connection either.
	s.must("PUT", "/v1/admin/documents/welcome/members/usr_editor", `{"role":"view"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_demo/members/usr_editor", `{"role":"viewer"}`)
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"y","op":1,"user_id":"usr_editor"}`); status != 403 || refusal(text) != "INSUFFICIENT_PERMISSIONS" {
		t.Errorf("HTTP %d %s", status, text)
	}
	for path, method := range map[string]string{
		"/v1/admin/documents/secret/content": "GET", "/v1/admin/documents/no-such/content": "GET", welcome: "GET", "/v1/admin/keys": "GET", welcome + "/lock": "PUT",
		"/v1/admin/documents/notes/presence": "GET", "/v1/admin/users/usr_owner/session": "GET", welcome + "/comments/resolve": "POST", welcome + "/comments": "POST",
	} {
		body := ""
		if strings.HasSuffix(path, "/comments") {
			body = `{"message_id":"c","event":"create","body":1}`
		}
		if status, text, _ := s.Request(method, path, body, map[string]string{"authorization": "Bearer " + key}); status != 403 || refusal(text) != "not_for_this_key" {
			t.Errorf("%s: HTTP %d %s", path, status, text)
		}
	}
	// A GET has no body, whoever asks: nobody is answered as if it had been read.
	for _, path := range []string{"/v1/admin/documents", "/v1/admin/users/usr_owner/session"} {
		if status, text, _ := s.Request("GET", path, `{"prefix":"w"}`, map[string]string{"authorization": "Bearer " + s.Operator, "content-type": "application/json"}); status != 400 || refusal(text) != "body_not_allowed" {
			t.Errorf("%s: HTTP %d %s", path, status, text)
		}
	}
	// Locks count, for all but an operator who says so.
	s.must("PUT", welcome+"/lock", `{"reason":"legal_hold"}`)
	if status, text, _ := s.by(key, "POST", welcome+"/operations", operation); status != 423 || refusal(text) != "DOCUMENT_LOCKED" {
		t.Errorf("HTTP %d %s", status, text)
	}
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"x","op":1,"force":true}`); status != 403 {
		t.Errorf("HTTP %d %s", status, text)
	}
	if v := at(s.must("POST", welcome+"/operations", `{"message_id":"x","op":1,"force":true}`), "document_version"); v != 2.0 {
		t.Errorf("version %v", v)
	}
	s.must("DELETE", welcome+"/lock", ``)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	owner.send(`{"type":"operation","event":"lock","message_id":"l","data":{"section":"intro"}}`)
	owner.expect("operation", "locks")
	for body, want := range map[string]string{`{"message_id":"s","op":1,"section":"intro"}`: "section_locked", `{"message_id":"s","op":1}`: "section_missing"} {
		if status, text, _ := s.by(key, "POST", welcome+"/operations", body); status != 423 || refusal(text) != want {
			t.Errorf("%s: HTTP %d %s", body, status, text)
		}
	}
	if status, text, _ := s.by(key, "POST", welcome+"/operations", `{"message_id":"s","op":1,"section":"end"}`); status != 200 {
		t.Errorf("HTTP %d %s", status, text)
	}
	owner.send(`{"type":"operation","event":"unlock","message_id":"u","data":{"section":"intro"}}`)
	owner.expect("operation", "op") // what was just posted
	owner.expect("operation", "locks")
	// Oversized and malformed bodies.
	many := ""
	for i := range 20 {
		many += fmt.Sprintf(`{"message_id":"m%d","op":1},`, i)
	}
	for body, want := range map[string]string{
		`{"message_id":"x","op":"` + strings.Repeat("x", 1<<20) + `"}`:                        "413 too_large",
		`{"message_id":"x","op":"` + strings.Repeat("x", 65<<10) + `"}`:                       "413 too_large",
		`{"operations":[` + many + `{"message_id":"n","op":1}]}`:                              "413 too_many_entries",
		`{"message_id":"x","op":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`: "400 too_deep",
		`{"message_id":"x"}`: "400 op_missing", `{"op":1}`: "400 message_id_missing", `{"message_id":7,"op":1}`: "400 bad_field", `{"message_id":"x","op":}`: "400 invalid_json",
		`{"operations":[{"message_id":"ok","op":1},{"message_id":"no"}]}`: "400 op_missing", `[]`: "400 bad_field",
		`{"operations":[{"message_id":"ok","op":1},{"message_id":"ok","op":2}]}`: "400 bad_field", `{"message_id":"x","op":1,"user_id":"guest:00000000000000aa:00000000000000bb"}`: "400 bad_field",
	} {
		if status, text, _ := s.by(key, "POST", welcome+"/operations", body); fmt.Sprint(status, " ", refusal(text)) != want {
			t.Errorf("%.60s: HTTP %d %s, want %s", body, status, text, want)
		}
	}
	if v := at(s.must("GET", welcome, ``), "live", "document_version"); v != 3.0 {
		t.Errorf("refused bodies have made version %v", v)
	}
	// Revoked, it opens nothing from then on.
	s.must("DELETE", "/v1/admin/keys/"+id, ``)
	if status, text, _ := s.by(key, "GET", welcome+"/content", ""); status != 401 || refusal(text) != "document_key_revoked" {
		t.Errorf("HTTP %d %s", status, text)
	}
	// Whoever guesses is stopped, and those with a good key at the same address are not.
	good, _ := s.documentKey(`{"name":"good","documents":["*"],"scopes":["read"]}`)
	from := []string{"cf-connecting-ip", "203.0.113.7"}
	if status, text, _ := s.by(good, "GET", welcome+"/presence", "", from...); status != 200 {
		t.Fatalf("HTTP %d %s", status, text)
	}
	limited := false
	for i := range 8 {
		status, text, _ := s.by(fmt.Sprintf("hfd_%016x_%s", i, strings.Repeat("A", 43)), "GET", welcome+"/content", "", from...)
		limited = limited || status == 429
		if status != 429 && (status != 401 || refusal(text) != "not_an_operator") {
			t.Errorf("HTTP %d %s", status, text)
		}
	}
	if !limited {
		t.Error("nobody stops who guesses")
	}
	if status, text, _ := s.by(good, "GET", welcome+"/presence", "", from...); status != 200 {
		t.Errorf("HTTP %d %s", status, text)
	}
}
