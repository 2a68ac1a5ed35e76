package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const appended = `{"appended":{"document_version":7,"generation":"g1","entries":[{"message_id":"m1","document_version":7}]}}`

// servers is a world with a document that answers servers.
func servers(t *testing.T) *world {
	w := newWorld(t)
	w.answers["append"] = appended
	w.answers["content"] = `{"content":{"generation":"g1","document_version":9,"lines":[{"kind":"op","version":7,"client_id":"server","message_id":"m1","at":"2026-11-21T14:00:00Z","op":{"x":1}}],"after":7,"more":true}}`
	w.answers["DOCUMENTS presence"] = `{"presence":{"document_version":9,"members":[{"user_id":"ann","client_id":"c","name":"Ann","since":"2026-11-21T14:00:00Z","data":{"cursor":1}}]}}`
	w.answers["look"] = `{"grant":{"user_id":"ann","document":"d1","permissions":["read","write"],"epoch":2}}`
	return w
}

// key makes a document key and returns its text and id.
func (w *world) key(body string) (key, id string) {
	w.t.Helper()
	a := w.ask("POST", "/v1/admin/keys", body)
	if a.status != 201 {
		w.t.Fatalf("%d %s", a.status, a.text)
	}
	key, _ = a.body["key"].(string)
	id, _ = a.body["key_id"].(string)
	if strings.Contains(strings.Join(w.lines, ""), key) {
		w.t.Errorf("the key is in the log: %s", w.lines)
	}
	return key, id
}

func TestServersAddToADocument(t *testing.T) {
	w := servers(t)
	a := w.ask("POST", "/v1/admin/documents/d1/operations", `{"message_id":"m1","op":{"x":1},"section":"intro","if_version":6,"force":true}`)
	if a.status != 200 || a.text != `{"document_version":7,"generation":"g1","entries":[{"message_id":"m1","document_version":7}]}` {
		t.Fatalf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"append","client_id":"server","force":true,"if_version":6,"by":"olive","frames":[{"type":"operation","event":"op","message_id":"m1","data":{"op":{"x":1},"section":"intro"}}]}`)
	w.ask("POST", "/v1/admin/documents/d1/operations", `{"operations":[{"message_id":"a","op":1},{"message_id":"b","op":null}],"client_id":"jobs","user_id":"ann"}`, "If-Match", `"g1.6"`)
	w.expect(`SESSIONS/ann {"kind":"look","document":"d1"}`,
		`DOCUMENTS/d1 {"kind":"append","user_id":"ann","client_id":"jobs","grant":{"user_id":"ann","document":"d1","permissions":["read","write"],"epoch":2},"generation":"g1","if_version":6,"by":"olive","frames":[{"type":"operation","event":"op","message_id":"a","data":{"op":1}},{"type":"operation","event":"op","message_id":"b","data":{"op":null}}]}`)
	w.ask("POST", "/v1/admin/documents/d1/comments", `{"comments":[{"message_id":"a","event":"create","body":"hi","anchor":[1]},{"message_id":"b","event":"resolve","comment_id":"4"}],"client_id":"jobs"}`)
	w.expect(`DOCUMENTS/d1 {"kind":"append","client_id":"server/jobs","by":"olive","frames":[{"type":"comment","event":"create","message_id":"a","data":{"body":"hi","anchor":[1]}},{"type":"comment","event":"resolve","message_id":"b","data":{"comment_id":"4"}}]}`)
	// The document's access has changed: the user's object is asked again, once.
	w.answers["append"] = `{"appended":{"outdated":true,"access":5}}`
	if a := w.ask("POST", "/v1/admin/documents/d1/operations", `{"message_id":"m1","op":1,"user_id":"ann"}`); a.status != 503 || a.reason != "access_changed" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`SESSIONS/ann {"kind":"look","document":"d1"}`, "DOCUMENTS/d1", `SESSIONS/ann {"kind":"look","document":"d1","access":5}`, "DOCUMENTS/d1")
	for body, want := range map[string]string{
		`{"operations":[],"client_id":"x"}`:                                                 "operations",
		`{"operations":{},"client_id":"x"}`:                                                 "operations",
		`{"operations":[{"message_id":"a","op":1}],"op":2}`:                                 "op",
		`{"operations":[{"message_id":"a","op":1,"x":2}]}`:                                  "entry",
		`{"operations":[1]}`:                                                                "entry",
		`{"operations":[{"op":1,"op":2}]}`:                                                  "op",
		`{"operations":[{"message_id":"a","op":1},{"message_id":"a","op":2}]}`:              "message_id",
		`{"message_id":"a","op":1,"user_id":"guest:00000000000000aa:00000000000000bb"}`:     "user_id",
		`{"message_id":"a","op":1,"user_id":""}`:                                            "user_id",
		`{"message_id":"a","op":1,"user_id":" server"}`:                                     "user_id",
		`{"message_id":"a","op":1,"client_id":"a b"}`:                                       "client_id",
		`{"message_id":"a","op":1,"if_version":-1}`:                                         "if_version",
		`{"message_id":"a","op":1,"user_id":"ann","client_id":"delegate:00000000000000d1"}`: "client_id",
		`{"message_id":"a","op":1,"force":1}`:                                               "force",
		`{"message_id":"a","op":1,"generation":""}`:                                         "generation",
		`{"message_id":"a","op":1,"unheard":""}`:                                            "",
		`{"message_id":"a","op":1,"client_id":"` + long(130) + `"}`:                         "client_id",
		`{"message_id":"a","op":1,"client_id":"` + long(125) + `"}`:                         "client_id",
		`{"operations":[` + strings.Repeat(`{"op":1},`, 100) + `{}]}`:                       "too_many_entries",
		`{"op":"` + long(1<<20) + `"}`:                                                      "too_large",
	} {
		a := w.ask("POST", "/v1/admin/documents/d1/operations", body)
		if a.status < 400 || a.status >= 500 || want != "" && a.reason != want && !strings.Contains(a.text, fmt.Sprintf(`"field":%q`, want)) {
			t.Errorf("%.100s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
	for _, tag := range []string{"*", `g1.6`, `"g1"`, `"g1.x"`, `W/"g1.6"`} {
		if a := w.ask("POST", "/v1/admin/documents/d1/operations", `{"message_id":"a","op":1}`, "If-Match", tag); a.status != 400 {
			t.Errorf("If-Match: %s: %d %s", tag, a.status, a.text)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestServersReadADocument(t *testing.T) {
	w := servers(t)
	a := w.ask("GET", "/v1/admin/documents/d1/content?after=6&limit=1", "")
	next := "/v1/admin/documents/d1/content?after=7&generation=g1&limit=1"
	if a.status != 200 || a.header.Get("ETag") != `"g1.9"` || a.header.Get("Link") != "<"+next+`>; rel="next"` || a.header.Get("Content-Type") != "application/x-ndjson" ||
		!strings.HasSuffix(a.text, "\n"+`{"kind":"end","generation":"g1","document_version":9,"after":7,"more":true,"next":"`+next+`"}`+"\n") {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"content","after":6,"entries":1,"bytes":1048576}`)
	w.ask("GET", next+"&snapshot=5&part=2", "", "If-None-Match", `"g1.8"`)
	w.expect(`DOCUMENTS/d1 {"kind":"content","generation":"g1","after":7,"snapshot":5,"part":2,"entries":1,"bytes":1048576,"known":"\"g1.8\""}`)
	w.answers["content"] = `{"content":{"generation":"g1","document_version":9,"same":true}}`
	if a := w.ask("GET", next, "", "If-None-Match", `"g1.9"`); a.status != 304 || a.text != "" || a.header.Get("ETag") != `"g1.9"` {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	w.answers["content"] = `{"error":{"error_code":"MALFORMED_MESSAGE","message":"x","details":{"reason":"generation_changed"},"recoverable":false,"action":"stop"}}`
	if a := w.ask("GET", next, ""); a.status != 412 || a.reason != "generation_changed" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, query := range []string{"after=x", "after=-1", "limit=0", "limit=1001", "after=1&after=2", "part=99999999999999999999", "generation=" + long(200)} {
		if a := w.ask("GET", "/v1/admin/documents/d1/content?"+query, ""); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
	if a := w.ask("GET", "/v1/admin/documents/d1/presence", ""); a.status != 200 || !strings.Contains(a.text, `"data":{"cursor":1}`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("GET", "/v1/admin/documents/none/content", ""); a.status != 404 || a.code != "DOCUMENT_NOT_FOUND" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// The attacker has a key for some documents. It opens those, by the routes of its scopes, and
// says nothing of any other.
func TestADocumentKeyOpensItsDocumentsAlone(t *testing.T) {
	w := servers(t)
	w.documents["team-b"] = Document{ID: "team-b", WorkspaceID: "other"}
	key, id := w.key(`{"name":"billing","documents":["d1","team-*"],"scopes":["read","write"]}`)
	with := []string{"Authorization", "Bearer " + key}
	ask := func(method, path, body string) reply { t.Helper(); return w.ask(method, path, body, with...) }
	if a := ask("GET", "/v1/admin/documents/d1/content", ""); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if line := strings.Join(w.lines, ""); !strings.Contains(line, `"by":"key:billing"`) || !strings.Contains(line, `"document_key":"`+id+`"`) || strings.Contains(line, key) {
		t.Errorf("logged %s", line)
	}
	ask("POST", "/v1/admin/documents/team-b/operations", `{"message_id":"m","op":1,"client_id":"x"}`)
	w.expect(`DOCUMENTS/team-b {"kind":"append","client_id":"billing/x","by":"key:billing"`)
	var first string
	for _, c := range [][3]string{
		{"GET", "/v1/admin/documents/d2/content", ""}, {"GET", "/v1/admin/documents/none/presence", ""}, {"POST", "/v1/admin/documents/d1/comments", `{"message_id":"m","event":"create","body":1}`},
		{"GET", "/v1/admin/documents/d1", ""}, {"DELETE", "/v1/admin/documents/d1", ""}, {"PUT", "/v1/admin/documents/d1/lock", ""}, {"POST", "/v1/admin/documents/d1/restore", `{"version":1}`},
		{"GET", "/v1/admin/documents", ""}, {"GET", "/v1/admin/keys", ""}, {"POST", "/v1/admin/keys", `{"name":"x","documents":["*"],"scopes":["read"]}`}, {"DELETE", "/v1/admin/keys/" + id, ""},
		{"GET", "/v1/admin/nothing", ""}, {"PATCH", "/v1/admin/documents/d1/content", ""}, {"GET", "/v1/admin/users/ann/session", ""},
		{"POST", "/v1/admin/documents/d1/operations", `{"message_id":"m","op":1,"user_id":"ann"}`}, {"POST", "/v1/admin/documents/d1/operations", `{"message_id":"m","op":1,"force":true}`},
	} {
		a := w.ask(c[0], c[1], c[2], with...)
		if a.status != 403 || a.reason != "not_for_this_key" || first != "" && a.text != first {
			t.Errorf("%s %s: %d %s", c[0], c[1], a.status, a.text)
		}
		first = a.text
		w.expect()
	}
	// In users' names only with the scope for it.
	users, _ := w.key(`{"name":"import","documents":["*"],"scopes":["write","users"]}`)
	if a := w.ask("POST", "/v1/admin/documents/d1/operations", `{"message_id":"m","op":1,"user_id":"ann"}`, "Authorization", "Bearer "+users); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("SESSIONS/ann", `DOCUMENTS/d1 {"kind":"append","user_id":"ann","client_id":"import"`)
	// Of one workspace.
	ofWorkspace, _ := w.key(`{"name":"ws","documents":["*"],"workspace_id":"ws","scopes":["read"]}`)
	for document, want := range map[string]int{"d1": 200, "team-b": 403, "none": 403} {
		if a := w.ask("GET", "/v1/admin/documents/"+document+"/presence", "", "Authorization", "Bearer "+ofWorkspace); a.status != want {
			t.Errorf("%s: %d %s", document, a.status, a.text)
		}
	}
	// Revoked, it opens nothing from then on; so does one that has expired.
	if a := w.ask("DELETE", "/v1/admin/keys/"+id, ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := ask("GET", "/v1/admin/documents/d1/content", ""); a.status != 401 || a.code != "TOKEN_REVOKED" || a.reason != "document_key_revoked" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect()
	short, _ := w.key(`{"name":"short","documents":["*"],"scopes":["read"],"expires":"2026-11-21T14:03:00Z"}`)
	w.cfg.Now = func() time.Time { return start.Add(time.Minute) }
	if a := w.ask("GET", "/v1/admin/documents/d1/content", "", "Authorization", "Bearer "+short); a.status != 401 || a.reason != "document_key_expired" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("GET", "/v1/admin/documents/d1/content", "", "Authorization", "Bearer hfd_0123456789abcdef_"+long(43)); a.status != 401 || a.reason != "not_an_operator" {
		t.Errorf("%d %s", a.status, a.text)
	}
	a := w.ask("GET", "/v1/admin/keys", "")
	if list, _ := a.body["keys"].([]any); len(list) != 4 || strings.Contains(a.text, "hfd_") {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, body := range []string{
		`{}`, `{"name":"server","documents":["*"],"scopes":["read"]}`, `{"name":"a/b","documents":["*"],"scopes":["read"]}`, `{"name":"a","documents":[],"scopes":["read"]}`,
		`{"name":"a","documents":["a/b"],"scopes":["read"]}`, `{"name":"a","documents":["**"],"scopes":["read"]}`, `{"name":"a","documents":["*"],"scopes":["admin"]}`,
		`{"name":"a","documents":["*"],"scopes":[]}`, `{"name":"a","documents":["*"],"scopes":["read"],"expires":1}`, `{"name":"a","documents":["*"],"scopes":["read"],"workspace_id":""}`,
	} {
		if a := w.ask("POST", "/v1/admin/keys", body); a.status != 400 || a.reason != "bad_field" {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
}

// What is on the way as its document is erased does not stay behind as the content of one that
// there is not.
func TestAnAppendThatAnErasureOvertakes(t *testing.T) {
	w := servers(t)
	w.answers["append"] = `{"appended":{"document_version":1,"generation":"g1","entries":[{"message_id":"m1","document_version":1}]}}`
	ask := func() reply { return w.ask("POST", "/v1/admin/documents/d1/operations", `{"message_id":"m1","op":1}`) }
	if a := ask(); a.status != 200 || len(w.did) != 1 {
		t.Fatalf("%d %s, did %q", a.status, a.text, w.did)
	}
	w.before = func(kind string) {
		if kind == "append" {
			w.EraseDocument(t.Context(), "d1", true, false)
		}
	}
	if a := ask(); a.status != 404 || a.code != "DOCUMENT_NOT_FOUND" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("DOCUMENTS/d1 {\"kind\":\"append\"", "delete d1", `DOCUMENTS/d1 {"kind":"erase"}`)
}
