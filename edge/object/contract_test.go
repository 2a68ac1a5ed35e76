package object

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// contract is what a permission source is asked and answers, as its description has it.
func contract(t testing.TB) openapi.Operation {
	text, err := os.ReadFile("../permissions/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if all := doc.Operations(); len(all) == 1 {
		return all[0]
	}
	t.Fatal("the description is of one operation")
	return openapi.Operation{}
}

// What is sent is described; and what the description allows is what is taken, without a word
// in the log, and nothing else is.
func TestTheContractOfAPermissionSource(t *testing.T) {
	o := contract(t)
	if want := []string{"200", "403", "404", "default"}; !slices.Equal(o.Statuses(), want) {
		t.Errorf("described are %v, want %v", o.Statuses(), want)
	}
	f := withSource(t)
	asked := without(f.enter(admit("d1")), "alarm")[0]
	if err := o.CheckRequest([]byte(asked[strings.Index(asked, "{"):])); err != nil {
		t.Error(err)
	}
	roles := func(name string, all ...string) (bodies []string) {
		for _, role := range all {
			bodies = append(bodies, fmt.Sprintf(`{"workspace_id":"w","%s":%s}`, name, role))
		}
		return bodies
	}
	bodies := []string{
		`{}`, `[]`, `7`, `"w"`, `null`, ``, `{`, `{"workspace_id":"w"}`, `{"workspace_id":""}`, `{"workspace_id":7}`, `{"workspace_id":null}`,
		`{"workspace_id":"a b"}`, `{"workspace_id":"büro"}`, `{"workspace_id":"!~"}`,
		`{"workspace_id":"` + strings.Repeat("w", 128) + `"}`, `{"workspace_id":"` + strings.Repeat("w", 129) + `"}`,
		`{"workspace_id":"w","more":{"of":["its","own"]}}`,
		`{"workspace_id":"w","workspace_role":"owner","document_role":"edit","restricted":true,"locked":false}`,
	}
	bodies = append(bodies, roles("workspace_role", `"owner"`, `"admin"`, `"member"`, `"viewer"`, `""`, `null`, `"Owner"`, `"edit"`, `7`, `["owner"]`, `true`)...)
	bodies = append(bodies, roles("document_role", `"full_access"`, `"edit"`, `"comment"`, `"view"`, `""`, `null`, `"owner"`, `"none"`, `7`, `{}`)...)
	bodies = append(bodies, roles("restricted", `true`, `false`, `null`, `"true"`, `1`)...)
	bodies = append(bodies, roles("locked", `true`, `false`, `null`, `"true"`, `0`)...)
	for _, body := range bodies {
		text, _ := json.Marshal(map[string]any{"status": 200, "body": body})
		_, wrong := parseSourceAnswer(text)
		if err := o.CheckAnswer(200, []byte(body)); body == "" && wrong.reason == "" || body != "" && (err == nil) != (wrong.reason == "") {
			t.Errorf("%s: described %v, taken %+v", body, err, wrong)
		}
	}
	for status := 100; status < 600; status++ {
		text, _ := json.Marshal(map[string]any{"status": status, "body": `{"workspace_id":"w"}`})
		if _, wrong := parseSourceAnswer(text); (wrong.reason == "") != slices.Contains(o.Statuses(), fmt.Sprint(status)) {
			t.Errorf("status %d: %+v", status, wrong)
		}
	}
}

// The variables, and the reasons in the log, that the description names are there.
func TestTheContractNamesWhatThereIs(t *testing.T) {
	contract, err := os.ReadFile("../permissions/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../VARIABLES.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\b(PERMISSION|STALE|SUBJECT|WEBHOOK)[A-Z]*_[A-Z_]+`).FindAllString(string(contract), -1) {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("there is no variable %s", name)
		}
	}
	source, err := os.ReadFile("source.go")
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.ReadFile("../worker/fetch.mjs")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"status", "timed_out", "not_reached", "not_sent", "cut_short", "too_large", "not_json", "bad_field", unknownRole} {
		if !strings.Contains(string(contract), "`"+reason+"`") {
			t.Errorf("%s is not described", reason)
		}
		if !strings.Contains(string(source)+string(host), `"`+reason+`"`) {
			t.Errorf("nothing says %s", reason)
		}
	}
}
