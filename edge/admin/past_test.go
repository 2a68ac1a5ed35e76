package admin

import (
	"fmt"
	"strings"
	"testing"
)

func TestReadingASnapshot(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/admin/documents/d1/snapshots/"
	parts := `{"version":8,"at":"2026-11-21T14:00:00Z","user_id":"ann","client_id":"c","bytes":9,"parts":3,"part":2,"data":["x"]}`
	w.answers["past"] = `{"past":` + parts + `}`
	if a := w.ask("GET", path+"8?part=2", ""); a.status != 200 || a.text != parts {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"past","version":8,"part":2}`)
	entries := `{"version":8,"to":12,"entries":[{"kind":"op","version":9,"user_id":"ann","client_id":"c","message_id":"m","at":"2026-11-21T14:00:00Z","op":1}],"next":9}`
	w.answers["past"] = `{"past":` + entries + `}`
	if a := w.ask("GET", path+"0/entries?after=8", ""); a.status != 200 || a.text != entries {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`DOCUMENTS/d1 {"kind":"past","entries":true,"after":8}`)
	for query, field := range map[string]string{
		"0": "version", "x": "version", "-1": "version", "9007199254740993": "version", "8?part=-1": "part", "8?part=9999999": "part", "8?part=1&part=2": "part", "x/entries": "version", "8/entries?after=x": "after",
	} {
		if a := w.ask("GET", path+query, ""); a.status != 400 || !strings.Contains(a.text, fmt.Sprintf(`"field":%q`, field)) {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
		w.expect()
	}
	w.answers["past"] = `{"error":{"error_code":"NOT_FOUND","message":"x","details":{"reason":"snapshot_not_kept"}}}`
	if a := w.ask("GET", path+"7", ""); a.status != 404 || a.reason != "snapshot_not_kept" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("GET", "/v1/admin/documents/none/snapshots/7", ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect()
}
