package admin

import (
	"strings"
	"testing"
)

// What is kept of a document's content is the document's to say and to restore.
func TestSnapshotsAreListedAndRestored(t *testing.T) {
	w := newWorld(t)
	w.answers["snapshots"] = `{"snapshots":{"document_version":9,"snapshot_version":8,"kept_from":0,"snapshots":[{"version":8,"at":"2026-11-21T14:00:00Z","user_id":"eve","client_id":"c","bytes":7,"parts":1}],"more":false}}`
	w.answers["restore"] = `{"restored":{"document_version":14,"snapshot_version":10,"operations":4}}`
	w.answers["resolve"] = `{"resolved":{"comments":500,"more":true,"document_version":509}}`
	for _, c := range []struct{ method, path, body, sent, answer string }{
		{"GET", "/v1/admin/documents/d1/snapshots?before=9&limit=2", "", `{"kind":"snapshots","limit":2,"before":9}`, `"kept_from":0`},
		{"GET", "/v1/admin/documents/d1/snapshots", "", `{"kind":"snapshots","limit":100}`, `"user_id":"eve"`},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":4}`, `{"kind":"restore","version":4,"reason":"by_operator","by":"olive"}`, `"document_version":14`},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":9,"snapshot":0,"reason":"vandalised"}`, `{"kind":"restore","version":9,"snapshot":0,"reason":"vandalised","by":"olive"}`, `"operations":4`},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"user_id":"eve@example.com","reason":"spam"}`, `{"kind":"resolve","user_id":"eve@example.com","limit":500,"reason":"spam","by":"olive"}`, `"more":true`},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"client_id":"server/lint"}`, `{"kind":"resolve","client_id":"server/lint","limit":500,"reason":"by_operator","by":"olive"}`, `"more":true`},
	} {
		a := w.ask(c.method, c.path, c.body)
		if a.status != 200 || !strings.Contains(a.text, c.answer) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.text)
		}
		w.expect("DOCUMENTS/d1 " + c.sent)
	}
	w.answers["restore"] = `{"error":{"error_code":"NOT_FOUND","message":"That version cannot be restored.","details":{"reason":"version_not_kept"},"recoverable":false,"action":"stop"}}`
	for _, c := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"POST", "/v1/admin/documents/d1/restore", `{"version":4}`, 404, "version_not_kept"},
		{"POST", "/v1/admin/documents/d1/restore", `{}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":0}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":"4"}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":4,"snapshot":5}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/restore", `{"version":4,"base":3}`, 400, "unknown_field"},
		{"GET", "/v1/admin/documents/d1/snapshots?before=x", "", 400, "bad_field"},
		{"GET", "/v1/admin/documents/d1/snapshots?limit=501", "", 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"user_id":7}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"client_id":""}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"client_id":"a b"}`, 400, "bad_field"},
		{"POST", "/v1/admin/documents/d1/comments/resolve", `{"user_id":"eve","client_id":"server"}`, 400, "not_exactly_one"},
		// One that is not stored is not asked: asking would make one.
		{"GET", "/v1/admin/documents/none/snapshots", "", 404, ""},
		{"POST", "/v1/admin/documents/none/restore", `{"version":4}`, 404, ""},
		{"POST", "/v1/admin/documents/none/comments/resolve", `{"user_id":"eve"}`, 404, ""},
	} {
		w.did = nil
		a := w.ask(c.method, c.path, c.body)
		if a.status != c.status || !strings.Contains(a.text, c.reason) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.text)
		}
		if asked := strings.Contains(strings.Join(w.did, " "), "DOCUMENTS/"); asked != (c.reason == "version_not_kept") {
			t.Errorf("%s %s %s: did %s", c.method, c.path, c.body, w.did)
		}
	}
	// Where a service says who may do what, the document alone knows itself.
	w = newWorld(t)
	w.cfg.Elsewhere = true
	w.answers["restore"] = `{"restored":{"document_version":14,"snapshot_version":10,"operations":4}}`
	if a := w.ask("POST", "/v1/admin/documents/other/restore", `{"version":4}`); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
}
