package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
)

// entry is one at so many seconds before 14:02:00.
func entry(before int, event audit.Event, document string) string {
	e := audit.Entry{At: start.Add(-time.Duration(before) * time.Second), Event: event, UserID: "ann", Document: document, ClientID: "c", Code: ""}
	if event == audit.Closed {
		e.Code, e.Reason = "SLOW_CONSUMER", "too_slow"
	}
	return string(e.Append(nil))
}

func list(entries ...string) string { return "[" + strings.Join(entries, ",") + "]" }

// knowing is a world in which the session object and two documents know something.
func knowing(t *testing.T) *world {
	w := newWorld(t)
	w.answers["SESSIONS/ann"] = `{"audit":` + list(entry(90, audit.SessionStarted, ""), entry(80, audit.Admitted, "d1"), entry(70, audit.Admitted, "d2"), entry(20, audit.PermissionChanged, "d2")) + `,"documents":["d1","d2"]}`
	w.answers["DOCUMENTS/d1"] = `{"audit":` + list(entry(79, audit.Connected, "d1"), entry(30, audit.Closed, "d1"), entry(-5, audit.Connected, "d1")) + `}`
	w.answers["DOCUMENTS/d2"] = `{"audit":` + list(entry(69, audit.Connected, "d2"), entry(10, audit.Lost, "d2")) + `}`
	return w
}

// events are those of a list in an answer.
func events(a reply, list string) string {
	var all []string
	entries, _ := a.body[list].([]any)
	for _, e := range entries {
		m := e.(map[string]any)
		all = append(all, strings.TrimSpace(fmt.Sprint(m["event"], " ", m["document"])))
	}
	return strings.ReplaceAll(strings.Join(all, ", "), " <nil>", "")
}

func TestAudit(t *testing.T) {
	w := knowing(t)
	for _, c := range []struct{ query, want, more, asked string }{
		{"?to=2026-11-21T14:02:05Z", "session_started, admitted d1, connected d1, admitted d2, connected d2, closed d1, permission_changed d2, lost d2, connected d1", "false", `"from":1795183325000,"to":1795269725000,"limit":200}`},
		{"", "session_started, admitted d1, connected d1, admitted d2, connected d2, closed d1, permission_changed d2, lost d2", "false", `"from":1795183320000,"to":1795269720000,"limit":200}`},
		{"?document=d1", "session_started, admitted d1, connected d1, closed d1", "false", ""},
		{"?document=d3", "session_started", "false", ""},
		{"?limit=3", "closed d1, permission_changed d2, lost d2", "true", `"limit":3}`},
		{"?from=1795269650&to=2026-11-21T15:01:45%2B01:00", "admitted d2, connected d2, closed d1, permission_changed d2", "false", `"from":1795269650000,"to":1795269705000`},
		{"?from=1795269650&to=2026-11-21T15:01:45+01:00", "admitted d2, connected d2, closed d1, permission_changed d2", "false", ""},
	} {
		a := w.ask("GET", "/v1/admin/users/ann/audit"+c.query, ``)
		if got := events(a, "entries"); a.status != 200 || got != c.want || fmt.Sprint(a.body["more"]) != c.more || fmt.Sprint(a.body["incomplete"]) != "[]" {
			t.Errorf("%s: %d %s, more %v", c.query, a.status, got, a.body["more"])
		}
		if !strings.Contains(w.did[0], c.asked) || !strings.HasPrefix(w.did[0], `SESSIONS/ann {"kind":"audit","user_id":"ann"`) {
			t.Errorf("%s: asked %s", c.query, w.did[0])
		}
		if strings.Contains(c.query, "d3") {
			w.expect("SESSIONS/ann") // a document nobody spoke of is not woken
		}
	}
	if a := w.ask("GET", "/v1/admin/users/ann/audit", ``); !strings.Contains(a.text, `"sentence":"Client c was disconnected from d1 by the server. SLOW_CONSUMER: `) {
		t.Errorf("no sentence: %s", a.text)
	}
}

// What is there is answered, and what is missing named.
func TestAuditInParts(t *testing.T) {
	w := knowing(t)
	w.down["DOCUMENTS/d1"] = true
	a := w.ask("GET", "/v1/admin/users/ann/audit", ``)
	if a.status != 200 || events(a, "entries") != "session_started, admitted d1, admitted d2, connected d2, permission_changed d2, lost d2" || fmt.Sprint(a.body["incomplete"]) != "[d1]" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, answer := range []string{`{"ok":false}`, `{"audit":[{"event":"x"}]}`, `{"audit":7}`} {
		w.answers["DOCUMENTS/d2"] = answer
		if a := w.ask("GET", "/v1/admin/users/ann/audit", ``); a.status != 200 || fmt.Sprint(a.body["incomplete"]) != "[d1 d2]" {
			t.Errorf("%s: %d %s", answer, a.status, a.text)
		}
	}
	many := make([]string, 70)
	for i := range many {
		many[i] = fmt.Sprintf(`"m%d"`, i)
	}
	w.answers["SESSIONS/ann"] = `{"audit":[],"documents":` + list(many...) + `}`
	if a := w.ask("GET", "/v1/admin/users/ann/audit", ``); a.status != 200 || fmt.Sprint(a.body["incomplete"]) != "[m64 m65 m66 m67 m68 m69]" || len(w.did) != 65 {
		t.Errorf("%d %s after %d questions", a.status, a.text, len(w.did))
	}
	for answer, status := range map[string]int{`{`: 503, `{}`: 500, `{"audit":[{}]}`: 500, `{"error":{"error_code":"SERVICE_UNAVAILABLE","message":"x","recoverable":true,"action":"wait"}}`: 503} {
		w.answers["SESSIONS/ann"] = answer
		if a := w.ask("GET", "/v1/admin/users/ann/audit", ``); a.status != status {
			t.Errorf("%s: %d %s", answer, a.status, a.text)
		}
	}
}

// Why was I disconnected at 14:02?
func TestExplain(t *testing.T) {
	w := knowing(t)
	for _, c := range []struct{ query, event, before, after string }{
		{"?at=2026-11-21T14:02:00Z", "lost", "connected d1, admitted d2, connected d2, closed d1, permission_changed d2", "connected d1"},
		{"?at=2026-11-21T14:02:00Z&document=d1", "closed", "session_started, admitted d1, connected d1", "connected d1"},
		{"?at=1795269630&document=d1", "closed", "session_started, admitted d1, connected d1", "connected d1"},
		// Before anything happened, nothing has ended: what came after is shown.
		{"?at=2026-11-21T14:00:20Z", "", "", "session_started, admitted d1, connected d1, admitted d2, connected d2"},
	} {
		a := w.ask("GET", "/v1/admin/users/ann/explain"+c.query, ``)
		entry, _ := a.body["entry"].(map[string]any)
		event, _ := entry["event"].(string)
		if a.status != 200 || a.body["found"] != (c.event != "") || event != c.event || events(a, "before") != c.before || events(a, "after") != c.after {
			t.Errorf("%s: %d %s\nbefore %s\nafter %s", c.query, a.status, a.text, events(a, "before"), events(a, "after"))
		}
		if a.body["sentence"] == "" || c.event != "" && a.body["sentence"] != entry["sentence"] {
			t.Errorf("%s: says %q", c.query, a.body["sentence"])
		}
	}
}
