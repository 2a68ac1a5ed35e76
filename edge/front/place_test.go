package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// placing is a Worker whose database has these rows, one answer for each question.
func placing(t *testing.T, env map[string]string, answers ...map[string]any) (w *worker, asked *[]string) {
	w, asked = newWorker(t, env), &[]string{}
	w.query = func(sql string, args []any) map[string]any {
		*asked = append(*asked, sql)
		if len(answers) == 0 {
			t.Fatal("it asks too much")
		}
		answer := answers[0]
		answers = answers[1:]
		return answer
	}
	return w, asked
}

func rowsOf(values ...string) map[string]any {
	rows := []any{}
	for _, value := range values {
		rows = append(rows, []any{value})
	}
	return map[string]any{"rows": rows}
}

// The first request of a deployment decides where its objects are; every later isolate reads it once.
func TestPlaceIsDecidedOnce(t *testing.T) {
	for _, c := range []struct {
		jurisdiction string
		answers      []map[string]any
	}{
		{"", []map[string]any{rowsOf(), rowsOf("none")}},
		{"eu", []map[string]any{rowsOf(), rowsOf("eu")}},
		{"", []map[string]any{rowsOf(), rowsOf()}}, // a database that returns nothing of what it wrote
		{"", []map[string]any{rowsOf("none")}},
		{"none", []map[string]any{rowsOf("none")}},
		{"eu", []map[string]any{rowsOf("eu")}},
	} {
		w, asked := placing(t, with(embedded(), "JURISDICTION", c.jurisdiction), c.answers...)
		if end := w.run(map[string]any{"kind": "start"}); end["do"] != "done" || end["again_ms"] != nil || end["log"] != nil {
			t.Errorf("%q: %v", c.jurisdiction, end)
		}
		if len(*asked) != len(c.answers) || len(*asked) == 2 && !strings.HasPrefix((*asked)[1], "INSERT") {
			t.Errorf("%q: asked %q", c.jurisdiction, *asked)
		}
		if end := w.run(upgrade("https://x/v1/ws/documents/welcome?client_id=c1", "authorization", "Bearer "+goodToken())); end["do"] != "socket" {
			t.Errorf("%q: %v", c.jurisdiction, end)
		}
	}
}

// With another jurisdiction all users and documents would begin anew: nobody reaches an object, by
// whatever route. Also of two isolates that start at once with two settings, only one is right.
func TestPlaceThatChangedAdmitsNobody(t *testing.T) {
	env := with(embedded(), "JURISDICTION", "eu", "ADMIN_TOKEN", "t", "WEBHOOK_SECRET", "w")
	for name, answers := range map[string][]map[string]any{
		"it is another":      {rowsOf("none")},
		"another was faster": {rowsOf(), rowsOf("none")},
	} {
		w, _ := placing(t, env, answers...)
		end := w.run(map[string]any{"kind": "start"})
		if end["do"] != "done" || !strings.Contains(text([]byte(mustJSON(end)), "log"), `"reason":"jurisdiction_changed"`) {
			t.Errorf("%s: %v", name, end)
		}
		w.steps = nil
		for _, event := range []map[string]any{
			upgrade("https://x/v1/ws/documents/welcome?client_id=c1", "authorization", "Bearer "+goodToken()),
			{"kind": "request", "method": "GET", "url": "https://x/v1/ws/apps/com.example.a?session_id=s", "headers": map[string]any{"upgrade": "websocket", "authorization": "Bearer hfa_1"}},
			{"kind": "request", "method": "GET", "url": "https://x/v1/ws/device", "headers": map[string]any{"upgrade": "websocket", "authorization": "Bearer " + goodToken()}},
			{"kind": "request", "method": "POST", "url": "https://x/auth/login", "headers": map[string]any{}},
			{"kind": "request", "method": "GET", "url": "https://x/v1/admin/users/u/channels", "headers": map[string]any{"authorization": "Bearer t"}},
			{"kind": "request", "method": "GET", "url": "https://x/healthz", "headers": map[string]any{}},
		} {
			if end := mustJSON(w.run(event)); !strings.Contains(end, "jurisdiction_changed") || !strings.Contains(end, "503") {
				t.Errorf("%s: %v: %s", name, event["url"], end)
			}
		}
		for _, step := range w.steps {
			if strings.Contains(step, "/") || step == "handler" {
				t.Errorf("%s: an object was asked: %v", name, w.steps)
			}
		}
	}
}

// A database that is away keeps nobody out: an open session does not depend on it. It is asked again.
func TestPlaceThatIsUnknownIsAskedAgain(t *testing.T) {
	w, _ := placing(t, embedded(), map[string]any{"error": "TimeoutError"}, rowsOf("eu"))
	end := w.run(map[string]any{"kind": "start"})
	if end["again_ms"] != float64(placeAgain/time.Millisecond) || !strings.Contains(mustJSON(end), "jurisdiction_unchecked") {
		t.Errorf("%v", end)
	}
	if end := w.run(upgrade("https://x/v1/ws/documents/welcome?client_id=c1", "authorization", "Bearer "+goodToken())); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
	w.run(map[string]any{"kind": "start"})
	if end := mustJSON(w.run(upgrade("https://x/v1/ws/documents/welcome?client_id=c1", "authorization", "Bearer "+goodToken()))); !strings.Contains(end, "jurisdiction_changed") {
		t.Error(end)
	}
}

// A jurisdiction that is misspelt is none of those there are, and not the default either.
func TestPlaceThatIsNone(t *testing.T) {
	for name, reason := range map[string]string{"JURISDICTION": "jurisdiction_unusable", "LOCATION_HINT": "location_hint_unusable"} {
		raw, _ := json.Marshal(with(embedded(), name, "EU"))
		cfg, err := ParseEnv(raw)
		if err == nil || cfg.Misplaced == nil || cfg.Misplaced.Reason != reason || cfg.Fault == nil {
			t.Errorf("%s: %+v, %v", name, cfg.Misplaced, err)
		}
		if got := string(New(cfg).Step([]byte(`{"kind":"start","now":1}`))); got != `{"do":"done"}` {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func mustJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
