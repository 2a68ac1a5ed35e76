package object

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// exported follows the pages of an export, and returns its lines and how many pages there were.
func (f *fake) exported(request string, entries int) (lines []string, pages int) {
	f.t.Helper()
	more := fmt.Sprintf(`,"entries":%d,"bytes":1000000}`, entries)
	next := ""
	for {
		left := f.enter(Input{Kind: Request, Ask: 9, Text: []byte(strings.TrimSuffix(request, "}") + next + more)})
		left = slices.DeleteFunc(left, func(line string) bool { return !strings.HasPrefix(line, "respond 9 ") }) // it may just have woken
		text, answered := strings.CutPrefix(strings.Join(left, ""), "respond 9 200 ")
		var a struct {
			Exported struct {
				Generation      string
				DocumentVersion uint64 `json:"document_version"`
				SnapshotVersion uint64 `json:"snapshot_version"`
				Lines           []json.RawMessage
				Section, After  string
				More            bool
			}
		}
		if err := json.Unmarshal([]byte(text), &a); err != nil || !answered || a.Exported.Lines == nil {
			f.t.Fatalf("%s: %q", request, left)
		}
		pages++
		for _, line := range a.Exported.Lines {
			lines = append(lines, string(line))
		}
		if len(a.Exported.Lines) > entries || a.Exported.More && len(a.Exported.Lines) == 0 {
			f.t.Fatalf("a page has %d lines", len(a.Exported.Lines))
		}
		if !a.Exported.More {
			return lines, pages
		}
		e := a.Exported
		section, _ := json.Marshal(e.Section)
		after, _ := json.Marshal(e.After)
		next = fmt.Sprintf(`,"section":%s,"after":%s`, section, after)
		if e.Generation != "" && !strings.Contains(request, `"of"`) {
			next += fmt.Sprintf(`,"generation":%q,"version":%d,"snapshot":%d`, e.Generation, e.DocumentVersion, e.SnapshotVersion)
		}
	}
}

// A document's export is the same however small its pages are, and has everything.
func TestADocumentIsExported(t *testing.T) {
	r, d := talked(t)
	r.comment("ann", "resolve", "m7", `{"comment_id":"4"}`)
	whole, pages := d.exported(`{"kind":"export"}`, 1000)
	if pages != 1 {
		t.Errorf("%d pages", pages)
	}
	at, exact := r.now.Format(time.RFC3339), r.now.Format("2006-01-02T15:04:05.000Z") // as SQLite writes it
	text := strings.Join(whole, "\n")
	for _, want := range []string{
		`{"kind":"op","version":1,"user_id":"ann","client_id":"c-ann","message_id":"m1","at":"` + at + `","op":{"is":"m1"}}`,
		`{"kind":"reply","version":3,"user_id":"bob","client_id":"c-bob","message_id":"m3","at":"` + at + `","comment":{"comment_id":"2","body":"bob's own"}}`,
		`{"kind":"comment","comment_id":"2","user_id":"ann","at":"` + exact + `","replies":1,"open":true}`,
		`{"kind":"comment","comment_id":"4","user_id":"bob","at":"` + exact + `","replies":1,"open":false,"resolved_version":7,"resolved_at":"` + exact + `"}`,
		`{"kind":"person","user_id":"ann","name":"Name of ann","role":"member","operations":1,"comments":3,"snapshots":0,"first_at":"` + exact + `","last_at":"` + exact + `"}`,
		`{"kind":"audit","entry":{"at":"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s in\n%s", want, text)
		}
	}
	for _, size := range []int{1, 2, 3, 7} {
		if lines, pages := d.exported(`{"kind":"export"}`, size); !slices.Equal(lines, whole) || pages < len(whole)/size {
			t.Errorf("%d a page: %d pages,\n%s", size, pages, strings.Join(lines, "\n"))
		}
	}
	d.exec("UPDATE members SET client_id = 'delegate:00000000000000d1' WHERE user_id = 'bob'")
	if lines, _ := d.exported(`{"kind":"export"}`, 1000); !strings.Contains(strings.Join(lines, "\n"), `{"kind":"person","user_id":"bob","delegates":["Name of bob"],"operations":1,"comments":2,"snapshots":0,`) {
		t.Errorf("a delegate is in\n%s", strings.Join(lines, "\n"))
	}
	content, _ := d.exported(`{"kind":"export","content":true}`, 4)
	if n := len(content); n != 9 || strings.Contains(strings.Join(content, ""), `"person"`) || !slices.Equal(content, whole[:n]) {
		t.Errorf("readers get\n%s", strings.Join(content, "\n"))
	}
}

// A page belongs to the log that the first one was of: what is written meanwhile is not in it, and a
// restore or an erasure in between is refused. A snapshot that replaces its own does not matter while
// that is kept.
//
// Holds: "an export is of one log, at one version"
func TestAnExportIsOfOneLog(t *testing.T) {
	r, d := onDisk(t)
	r.env["KEEP_OPS"] = "1"
	r.commenter("ann")
	for i := 1; i <= 3; i++ {
		r.op("ann", fmt.Sprint("m", i))
	}
	expect(t, r.post("ann", 2, `"two"`), `"complete":true`)
	r.op("ann", "m4")
	before, _ := d.exported(`{"kind":"export"}`, 100)
	first := strings.Join(d.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"export","entries":1,"bytes":1000}`)}), "")
	if !strings.Contains(first, `"lines":[{"kind":"snapshot","version":2,"part":0,"parts":1,"data":"two"}]`) || !strings.Contains(first, `"document_version":4,"snapshot_version":2,`) ||
		!strings.Contains(first, `"rows":{"ops":4,"members":1,`) || !strings.Contains(first, `"section":"entries","after":"","more":true`) {
		t.Fatal(first)
	}
	generation := strings.Split(strings.Split(first, `"generation":"`)[1], `"`)[0]
	next := fmt.Sprintf(`{"kind":"export","generation":%q,"version":4,"snapshot":2,"section":"entries","entries":100,"bytes":100000}`, generation)
	r.op("ann", "m5")
	expect(t, r.post("ann", 5, `"five"`), `"complete":true`)
	said := strings.Join(r.request(next), "")
	for _, line := range before[1:5] {
		if !strings.Contains(said, line) {
			t.Errorf("lacks %s in %s", line, said)
		}
	}
	if strings.Contains(said, `"version":5,"user_id"`) || !strings.Contains(said, `"operations":4`) || !strings.Contains(said, `{"kind":"kept_snapshot","version":5,`) || !strings.Contains(said, `{"kind":"kept_snapshot","version":2,`) {
		t.Errorf("what is newer is in %s", said)
	}
	for _, c := range []struct{ text, reason string }{
		{strings.Replace(next, `"version":4`, `"version":6`, 1), "rewound"},
		{strings.Replace(next, "entries", "nonsense", 1), "no_such_section"},
		{strings.Replace(next, `"section"`, `"content":true,"section"`, 1), ""},
		{strings.Replace(next, `"section":"entries"`, `"content":true,"section":"people"`, 1), "no_such_section"},
	} {
		if said := strings.Join(r.request(c.text), ""); strings.Contains(said, `"error"`) != (c.reason != "") || !strings.Contains(said, c.reason) {
			t.Errorf("%s: %s", c.text, said)
		}
	}
	// Once its snapshot goes, the entries behind it do.
	r.env["MAX_REPLACED_BYTES"] = "1"
	r.object = nil
	r.op("ann", "m6")
	expect(t, r.post("ann", 6, `"six"`), `"complete":true`)
	expect(t, r.request(next), `"reason":"snapshot_gone"`)
	expect(t, without(r.request(`{"kind":"restore","version":6,"by":"olive"}`), "alarm"), "SERVICE_UNAVAILABLE", "close", `"restored"`)
	expect(t, r.request(next), `"reason":"generation_changed"`)
	if after, _ := d.exported(`{"kind":"export"}`, 100); len(after) == 0 {
		t.Error("nothing is left")
	}
}
