package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// pages follows an export, and returns its lines; it holds each page against its own account of itself.
func (w *world) pages(path string, headers ...string) (lines []string) {
	w.t.Helper()
	for {
		a := w.ask("GET", path, "", headers...)
		if a.status != 200 || a.header.Get("Content-Type") != "application/x-ndjson" {
			w.t.Fatalf("%s: %d %s", path, a.status, a.text)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(a.text, "\n"), "\n")...)
		var last struct {
			Kind, Next string
			Lines      int
			Complete   bool
		}
		if json.Unmarshal([]byte(lines[len(lines)-1]), &last); last.Lines != len(lines) || last.Complete != (last.Kind == "end") {
			w.t.Fatalf("%s: line %d is %s", path, len(lines), lines[len(lines)-1])
		}
		if last.Kind == "end" {
			return lines
		}
		if a.header.Get("Link") != "<"+last.Next+`>; rel="next"` {
			w.t.Errorf("%q and %q", a.header.Get("Link"), last.Next)
		}
		if path = last.Next; len(lines) > 1000 {
			w.t.Fatalf("it does not end: %s", path)
		}
	}
}

func entryLine(n int) string {
	return fmt.Sprintf(`{"kind":"op","version":%d,"user_id":"ann","client_id":"c","message_id":"m%d","at":"2026-11-21T14:00:00Z","op":%d}`, n, n, n)
}

// A document's export says what it is, has what the document says, and goes on where that says. A key
// opens its content alone.
func TestADocumentIsExported(t *testing.T) {
	w := newWorld(t)
	first := `{"exported":{"generation":"g1","document_version":9,"snapshot_version":4,"kept_from":0,"term":77,"rows":{"ops":9},"lines":[` + entryLine(1) + `],"section":"people","after":"a b/ü","more":true}}`
	w.answers["export"] = first
	a := w.ask("GET", "/v1/admin/documents/d1/export?limit=2", "")
	next := "/v1/admin/documents/d1/export?after=a+b%2F%C3%BC&generation=g1&limit=2&lines=3&section=people&snapshot=4&version=9"
	if a.status != 200 || a.header.Get("Link") != "<"+next+`>; rel="next"` || !strings.HasPrefix(a.text, `{"kind":"manifest","format":"holdfast-document","format_version":1,"made_at":"2026-11-21T14:02:00Z","pages":{"max_lines":2,"max_bytes":1048576},`+
		`"document":"d1","workspace_id":"ws","title":"One","generation":"g1","document_version":9,"term":77,"snapshot_version":4,"kept_from":0,"rows":{"ops":9},"has":["snapshot","entries","comments","people","audit","kept_snapshots"],"has_not":[{"what":"replaced_snapshots"`) ||
		!strings.HasSuffix(a.text, "\n"+entryLine(1)+"\n"+`{"kind":"page","lines":3,"next":"`+next+`"}`+"\n") {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"export","entries":2,"bytes":1048576}`)
	w.answers["export"] = `{"exported":{"generation":"g1","document_version":9,"snapshot_version":4,"kept_from":0,"term":0,"lines":[` + entryLine(2) + `],"section":"","after":"","more":false}}`
	if a := w.ask("GET", next, ""); a.status != 200 || a.text != entryLine(2)+"\n"+`{"kind":"end","complete":true,"lines":5}`+"\n" || a.header.Get("Link") != "" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"export","generation":"g1","version":9,"snapshot":4,"section":"people","after":"a b/ü","entries":2,"bytes":1048576}`)
	for _, reason := range []string{"generation_changed", "rewound", "snapshot_gone"} {
		w.answers["export"] = `{"error":{"error_code":"MALFORMED_MESSAGE","message":"x","details":{"reason":"` + reason + `"},"recoverable":false,"action":"stop"}}`
		if a := w.ask("GET", next, ""); a.status != 412 || a.reason != reason {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	w.answers["export"] = first
	key, _ := w.key(`{"name":"backup","documents":["d1"],"scopes":["read"]}`)
	a = w.ask("GET", "/v1/admin/documents/d1/export", "", "Authorization", "Bearer "+key)
	if a.status != 200 || !strings.Contains(a.text, `"has":["snapshot","entries","comments"],"has_not":[{"what":"people"`) || strings.Contains(a.text, `"rows"`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"export","content":true,"entries":1000,"bytes":1048576}`)
	other, _ := w.key(`{"name":"other","documents":["d1"],"scopes":["write","comment"]}`)
	for _, c := range [][2]string{{other, "documents/d1"}, {key, "documents/d2"}, {key, "users/ann"}} {
		if a := w.ask("GET", "/v1/admin/"+c[1]+"/export", "", "Authorization", "Bearer "+c[0]); a.status != 403 || a.reason != "not_for_this_key" {
			t.Errorf("%s: %d %s", c[1], a.status, a.text)
		}
		w.expect()
	}
	for _, query := range []string{"limit=0", "limit=1001", "lines=x", "version=-1", "after=3", "generation=g1", "section=entries&after=" + long(2000), "section=a&section=b", "section=entries&snapshot=x"} {
		if a := w.ask("GET", "/v1/admin/documents/d1/export?"+query, ""); a.status != 400 || a.reason != "bad_field" {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
		w.expect()
	}
	if a := w.ask("GET", "/v1/admin/documents/none/export", ""); a.status != 404 || a.code != "DOCUMENT_NOT_FOUND" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down["DOCUMENTS/d1"] = true
	if a := w.ask("GET", "/v1/admin/documents/d1/export", ""); a.status != 503 || a.reason != "document_unavailable" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A user's export goes through the database, the user's object and each document, however small its
// pages are, and is the same.
func TestAUserIsExported(t *testing.T) {
	w := newWorld(t)
	w.userRows = map[string][]UserRow{"members": {{"ws", `{"workspace_id":"ws"}`}, {"ws 2", `{"workspace_id":"ws 2"}`}}, "users": {{"ann", `{"email":"ann@example.com"}`}}}
	answer := func(line, rest string) string {
		return `{"exported":{"generation":"g1","document_version":9,"lines":[` + line + `]` + rest + `}}`
	}
	w.answers["SESSIONS export"] = answer(`{"kind":"row","of":"user","table":"visited","row":{"document":"d1"}}`, "")
	w.answers["DOCUMENTS export"] = answer(entryLine(3), "")
	lines := w.pages("/v1/admin/users/ann/export")
	text := strings.Join(lines, "\n")
	if len(lines) != 8 || !strings.HasPrefix(text, `{"kind":"manifest","format":"holdfast-user","format_version":1,"made_at":"2026-11-21T14:02:00Z","pages":{"max_lines":1000,"max_bytes":1048576},"user_id":"ann","has":["database","user","document"],"has_not":[{"what":"secrets"`) ||
		!strings.Contains(text, "\n"+`{"kind":"row","of":"database","table":"members","row":{"workspace_id":"ws 2"}}`+"\n"+`{"kind":"row","of":"database","table":"users","row":{"email":"ann@example.com"}}`+"\n"+`{"kind":"row","of":"user",`) {
		t.Errorf("%d lines: %s", len(lines), text)
	}
	w.did = nil
	small := w.pages("/v1/admin/users/ann/export?limit=1")
	if got := strings.Join(small, "\n"); strings.Count(got, `"kind":"page"`) < 4 {
		t.Errorf("pages: %s", got)
	}
	var bare []string
	for _, line := range small {
		if !strings.Contains(line, `"kind":"page"`) {
			bare = append(bare, line)
		}
	}
	if fmt.Sprint(bare[1:len(bare)-1]) != fmt.Sprint(lines[1:len(lines)-1]) {
		t.Errorf("in small pages\n%s", strings.Join(bare, "\n"))
	}
	// In the midst of a document, and of more documents than one call asks.
	w.answers["DOCUMENTS export"] = answer(entryLine(3), `,"section":"entries","after":"3","more":true`)
	a := w.ask("GET", "/v1/admin/users/ann/export?of=document&document=d1&section=entries&after=2&generation=g1&lines=7", "")
	if !strings.HasSuffix(a.text, `{"kind":"page","lines":9,"next":"/v1/admin/users/ann/export?after=3&document=d1&generation=g1&limit=1000&lines=9&of=document&section=entries"}`+"\n") {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"export","of":"ann","generation":"g1","section":"entries","after":"2","entries":1000,"bytes":1048576}`)
	w.answers["DOCUMENTS export"] = answer("", "")
	w.answers["visited"] = `{"documents":["d` + strings.Join(strings.Split(strings.Repeat("x", erasedAtOnce), ""), `","d`) + `"],"more":true}`
	a = w.ask("GET", "/v1/admin/users/ann/export?of=document&document=d0", "")
	if !strings.Contains(a.text, `{"kind":"page","lines":1,"next":"/v1/admin/users/ann/export?document=dx&limit=1000&lines=1&of=document&section="}`) || len(w.did) != 1+erasedAtOnce {
		t.Errorf("%d %s after %d", a.status, a.text, len(w.did))
	}
	for _, query := range []string{"of=x", "section=members", "of=database&section=passwords", "document=d1", "of=user&document=d1", "of=document&document=a/b", "of=document&after=3", "limit=0"} {
		if a := w.ask("GET", "/v1/admin/users/ann/export?"+query, ""); a.status != 400 || a.reason != "bad_field" {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
	// The export of who was erased meanwhile, of who has come back since, and of another.
	w.userRows = map[string][]UserRow{"admitted_users": {{"ann", `{"user_id":"ann","admitted_at":"2026-11-01T00:00:00.000Z"}`}}}
	a = w.ask("GET", "/v1/admin/users/ann/export?limit=1", "")
	_, next, _ := strings.Cut(a.text, `"next":"`)
	next, _, _ = strings.Cut(next, `"`)
	if a = w.ask("GET", next, ""); a.status != 200 {
		t.Errorf("%s: %d %s", next, a.status, a.text)
	}
	for _, rows := range [][]UserRow{nil, {{"ann", `{"user_id":"ann","admitted_at":"2026-11-02T00:00:00.000Z"}`}}} {
		w.userRows["admitted_users"] = rows
		if a = w.ask("GET", next, ""); a.status != 412 || a.reason != "generation_changed" {
			t.Errorf("%s: %d %s", next, a.status, a.text)
		}
	}
	for down, reason := range map[string]string{"UserRows": "database_unavailable", "SESSIONS/ann": "session_unavailable"} {
		w.down = map[string]bool{down: true}
		if a := w.ask("GET", "/v1/admin/users/ann/export", ""); a.status != 503 || a.reason != reason {
			t.Errorf("%s: %d %s", down, a.status, a.text)
		}
	}
}
