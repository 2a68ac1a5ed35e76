package admin

import (
	"fmt"
	"strings"
	"testing"
)

func TestRecovery(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/admin/documents/d1/recover"
	w.answers["recover"] = `{"recovery":{"bookmark":"b1","undo":"b2"}}`
	for body, asked := range map[string]string{
		`{"at":"2026-11-21T13:00:00Z","reason":"bad_import"}`: `DOCUMENTS/d1 {"kind":"recover","at":1795266000000}`,
		`{"bookmark":"0000007b-0000b26e"}`:                    `DOCUMENTS/d1 {"kind":"recover","bookmark":"0000007b-0000b26e"}`,
	} {
		if a := w.ask("POST", path, body); a.status != 200 || a.text != `{"recovery":{"bookmark":"b1","undo":"b2"},"restarting":true}` {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect(asked)
	}
	for body, field := range map[string]string{
		`{}`: "at", `{"at":7}`: "at", `{"at":"yesterday"}`: "at", `{"at":"2026-11-21T14:02:00Z"}`: "at", `{"at":"2027-01-01T00:00:00Z"}`: "at",
		`{"bookmark":""}`: "bookmark", `{"bookmark":7}`: "bookmark", `{"bookmark":"a b"}`: "bookmark", `{"bookmark":"b","at":"2026-11-21T13:00:00Z"}`: "bookmark",
	} {
		if a := w.ask("POST", path, body); a.status != 400 || !strings.Contains(a.text, fmt.Sprintf(`"field":%q`, field)) {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
	w.answers["recover"] = `{"error":{"error_code":"NOT_FOUND","message":"x","details":{"reason":"recovery_unsupported"}}}`
	if a := w.ask("POST", path, `{"bookmark":"b"}`); a.status != 501 || a.reason != "recovery_unsupported" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.answers["recover"] = `{"error":{"error_code":"MALFORMED_MESSAGE","message":"x","details":{"reason":"no_such_point"}}}`
	if a := w.ask("POST", path, `{"bookmark":"b"}`); a.status != 400 || a.reason != "no_such_point" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("POST", "/v1/admin/documents/none/recover", `{"bookmark":"b"}`); a.status != 404 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect()
}
