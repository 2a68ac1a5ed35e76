package object

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
)

const shield = "https://shield.example/permissions"

func withSource(t *testing.T) *fake {
	f := newFake(t, "ann", NewUser)
	f.env["PERMISSIONS_URL"] = shield
	f.env["PERMISSIONS_TOKEN"] = "s3cret"
	return f
}

func sourceSays(status int, body string) Input {
	text, _ := json.Marshal(map[string]any{"status": status, "body": body})
	return Input{Kind: Answered, Ask: 1, Text: text}
}

// With a source of its own a deployment's database is not asked, and the source once.
func TestTheSourceIsAskedInsteadOfTheDatabase(t *testing.T) {
	f := withSource(t)
	expect(t, without(f.enter(admit("d1")), "alarm"), `fetch 1 `+shield+` 2s "Bearer s3cret" 65536 {"user_id":"ann","document":"d1"}`)
	left := without(f.enter(sourceSays(200, `{"workspace_id":"ws_1","workspace_role":"owner","document_role":"comment","locked":true,"more":{"of":["its","own"]}}`)), "alarm")
	expect(t, left, `respond 5 200 {"grant":{"user_id":"ann"`)
	if want := `"workspace_id":"ws_1","role":"owner","permissions":["read","comment"],"epoch":1,"locked":true`; !strings.Contains(left[0], want) {
		t.Errorf("the grant lacks %s: %s", want, left[0])
	}
	f.object, f.now = nil, f.now.Add(4*time.Minute)
	expect(t, without(f.enter(admit("d1")), "alarm"), "respond 5 200")
	f.now = f.now.Add(2 * time.Minute)
	expect(t, without(f.enter(admit("d1")), "alarm"), "fetch 1")

	f = withSource(t)
	f.env["PERMISSIONS_TOKEN"], f.env["PERMISSIONS_TIMEOUT_MS"], f.env["PERMISSIONS_MAX_BYTES"] = "", "60000", "999999999"
	expect(t, without(f.enter(admit("d1")), "alarm"), `fetch 1 `+shield+` 5s "" 1048576 {`)
}

// Whatever is no answer lets nobody in.
func TestSourceAnswers(t *testing.T) {
	const unavailable = `{"error":{"error_code":"SERVICE_UNAVAILABLE"`
	for _, c := range []struct {
		name   string
		answer Input
		want   string
	}{
		{"not found", sourceSays(404, "whatever"), `{"error":{"error_code":"DOCUMENT_NOT_FOUND"`},
		{"no access", sourceSays(403, ""), `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`},
		{"no role", sourceSays(200, `{"workspace_id":"w"}`), `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`},
		{"roles that are null", sourceSays(200, `{"workspace_id":"w","workspace_role":null,"document_role":null}`), `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`},
		{"a role nobody knows", sourceSays(200, `{"workspace_id":"w","workspace_role":"emperor"}`), `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`},
		{"restricted to others", sourceSays(200, `{"workspace_id":"w","workspace_role":"owner","restricted":true}`), `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`},
		{"a viewer", sourceSays(200, `{"workspace_id":"w","workspace_role":"viewer"}`), `{"grant":{`},
		{"an empty answer", sourceSays(200, ""), unavailable},
		{"no JSON", sourceSays(200, "<html>"), unavailable},
		{"no object", sourceSays(200, `["owner"]`), unavailable},
		{"no workspace", sourceSays(200, `{"document_role":"edit"}`), unavailable},
		{"a workspace that is a number", sourceSays(200, `{"workspace_id":7,"document_role":"edit"}`), unavailable},
		{"a role that is a list", sourceSays(200, `{"workspace_id":"w","document_role":["edit"]}`), unavailable},
		{"restricted as a word", sourceSays(200, `{"workspace_id":"w","workspace_role":"owner","restricted":"no"}`), unavailable},
		{"too deep", sourceSays(200, `{"workspace_id":"w","workspace_role":"owner","x":`+strings.Repeat("[", 9)+strings.Repeat("]", 9)+`}`), unavailable},
		{"a redirect", sourceSays(302, `{"workspace_id":"w","workspace_role":"owner"}`), unavailable},
		{"201", sourceSays(201, `{"workspace_id":"w","workspace_role":"owner"}`), unavailable},
		{"500", sourceSays(500, `{"workspace_id":"w","workspace_role":"owner"}`), unavailable},
		{"401", sourceSays(401, ""), unavailable},
		{"too large", Input{Kind: Answered, Ask: 1, Text: []byte(`{"error":"too large"}`)}, unavailable},
		{"none", Input{Kind: Failed, Ask: 1}, unavailable},
	} {
		f := withSource(t)
		f.enter(admit("d1"))
		left := without(f.enter(c.answer), "alarm")
		if len(left) != 1 || !strings.HasPrefix(left[0], "respond 5 200 "+c.want) {
			t.Errorf("%s: %v", c.name, left)
		}
	}
}

// The log says why an answer was none, and nothing of what it said.
func TestWhyTheSourceFailedIsLogged(t *testing.T) {
	for _, c := range []struct {
		answer Input
		want   string
	}{
		{Input{Kind: Failed, Ask: 1}, `"reason":"no_answer"`},
		{Input{Kind: Failed, Ask: 1, Text: []byte("timed_out")}, `"reason":"timed_out"`},
		{sourceSays(200, `{"workspace_id":"w","workspace_role":"s3cret"}`), `"reason":"unknown_role","field":"workspace_role"`},
		{sourceSays(200, `{"workspace_id":"w","workspace_role":"owner","document_role":"s3cret"}`), `"reason":"unknown_role","field":"document_role"`},
		{Input{Kind: Answered, Ask: 1, Text: []byte(`{"error":"too large"}`)}, `"reason":"too_large"`},
		{sourceSays(302, "s3cret"), `"reason":"status","status":302`},
		{sourceSays(429, "s3cret"), `"reason":"status","status":429`},
		{sourceSays(200, "<html>s3cret"), `"reason":"not_json"`},
		{sourceSays(200, `["s3cret"]`), `"reason":"not_json"`},
		{sourceSays(200, `{"document_role":"edit","x":"s3cret"}`), `"reason":"bad_field","field":"workspace_id"`},
		{sourceSays(200, `{"workspace_id":7,"x":"s3cret"}`), `"reason":"bad_field","field":"workspace_id"`},
		{sourceSays(200, `{"workspace_id":"büro","x":"s3cret"}`), `"reason":"bad_field","field":"workspace_id"`},
		{sourceSays(200, `{"workspace_id":"w","document_role":["s3cret"]}`), `"reason":"bad_field","field":"document_role"`},
	} {
		f := withSource(t)
		f.enter(admit("d1"))
		f.enter(c.answer)
		want := `{"level":"error","event":"permission_source_failed",` + c.want + `,"user_id":"ann"}`
		if len(f.rare) != 1 || f.rare[0] != want {
			t.Errorf("logged %s, want %s", f.rare, want)
		}
	}
}

// Whatever a service says, nobody is found by what is not of the form.
func FuzzSourceAnswer(f *testing.F) {
	f.Add(200, `{"workspace_id":"w","workspace_role":"owner","restricted":false,"locked":true}`)
	f.Add(403, "")
	f.Add(200, `{"workspace_id":"w","document_role":null}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		text, _ := json.Marshal(map[string]any{"status": status, "body": body})
		a, wrong := parseSourceAnswer(text)
		ok := wrong.reason == "" || wrong.reason == unknownRole
		levels, _ := permission.Resolve(a.Source)
		switch {
		case ok && status != 200 && status != 403 && status != 404:
			t.Errorf("%d %q is an answer", status, body)
		case ok && levels != 0 && (status != 200 || a.WorkspaceID == ""):
			t.Errorf("%d %q gives %v", status, body, levels.Names())
		case ok && status == 200:
			var any struct {
				WorkspaceID string `json:"workspace_id"`
			}
			if json.Unmarshal([]byte(body), &any) != nil {
				t.Errorf("%q is taken for JSON", body)
			}
		}
		parseSourceAnswer([]byte(body)) // what the host would have to be broken to hand over
	})
}
