package front

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
)

// Power of the attacker: a socket at /app-ws, one address, and any first message. Whatever it
// is refused for counts, and so does leaving before one is refused.
func TestAppsEveryRefusalCounts(t *testing.T) {
	from := []string{access.AddressHeader, "203.0.113.7"}
	for what, result := range map[string]map[string]any{
		"too large by a byte": {"text": firstWord(`{"x":"` + strings.Repeat("x", firstBytes) + `"}`)},
		"30 MiB":              {"length": 30 << 20},
		"no JSON":             {"text": "x"},
		"silence":             {"error": "TimeoutError"},
		"binary":              {"binary": true},
		"no place":            {"full": true},
		"a key nobody has":    {"text": firstWord(named(appReference, captions, appKeyTwo))},
	} {
		w := appWorker(t)
		w.front.connects.limit.Burst = 3
		w.hold = func(map[string]any) map[string]any { return result }
		for range 3 {
			if end := w.run(upgrade(appLine, from...)); end["do"] != "refuse" && end["status"] != 503.0 {
				t.Fatalf("%s: %v", what, end)
			}
		}
		if code, reason, _ := appFailure(t, w.run(upgrade(appLine, from...))); code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_connects" {
			t.Errorf("%s: %s %s", what, code, reason)
		}
	}
	w := appWorker(t)
	w.front.connects.limit.Burst = 3
	for range 3 {
		w.step(upgrade(appLine, from...)) // it gets its socket, and sends nothing more
	}
	if step := w.step(upgrade(appLine, from...)); step["status"] != 429.0 {
		t.Errorf("after three that left: %v", step)
	}
}

// The key of an app of a session that has not started it is a stranger's, too; what is our
// own failure is not counted, nor who gets in.
func TestAppsWhatDoesNotCount(t *testing.T) {
	ended := `{"type":"system","event":"error","data":{"error_code":"SESSION_ENDED","message":"m","details":{"reason":"app_not_started"},"recoverable":false,"action":"stop"}}`
	for what, c := range map[string]struct {
		query, forward map[string]any
		counts         bool
	}{
		"it gets in":              {},
		"the database is away":    {query: map[string]any{"error": "TimeoutError"}},
		"the object is away":      {forward: map[string]any{"error": "Error"}},
		"the app was not started": {forward: map[string]any{"status": 410, "body": ended}, counts: true},
	} {
		w := appWorker(t)
		w.front.connects.limit.Burst = 3
		if c.query != nil {
			w.query = func(string, []any) map[string]any { return c.query }
		}
		w.forward = func(string, map[string]any) map[string]any { return c.forward }
		for n := range 10 {
			end := w.run(upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+appKeyOne, access.AddressHeader, "203.0.113.7"))
			if limited := end["status"] == 429.0; limited != (c.counts && n >= 3) {
				t.Fatalf("%s, attempt %d: %v", what, n+1, end)
			}
		}
	}
}

// Power of the attacker: as many refusals as it likes. The log has one of a kind a minute of
// each address, and how many there were.
//
// Holds: "a stranger's request starts next to nothing".
func TestTheLogIsNotFilled(t *testing.T) {
	w := newWorker(t, embedded())
	refused := func(address string, times int) {
		for range times {
			w.run(upgrade(line+"?client_id=c&token=x", access.AddressHeader, address))
		}
	}
	lines := func(want ...string) {
		t.Helper()
		if len(w.logs) != len(want) {
			t.Fatalf("%d lines, want %d: %v", len(w.logs), len(want), w.logs)
		}
		for i, part := range want {
			if !strings.Contains(w.logs[i], part) {
				t.Errorf("line %d is %s, want %s in it", i, w.logs[i], part)
			}
		}
		w.logs = nil
	}
	refused("203.0.113.7", 300) // 240 for the token, then for the connects
	refused("203.0.113.8", 2)
	lines("AUTHENTICATION_FAILED", "too_many_connects", "AUTHENTICATION_FAILED")
	w.now = w.now.Add(time.Minute)
	refused("203.0.113.7", 2)
	lines(`"more":239}`)
	w.now = w.now.Add(-time.Hour) // and a clock that is set back keeps nobody's line
	refused("203.0.113.7", 1)
	lines(`"more":1}`)
	refused("127.0.0.1", 3) // whoever develops sees all
	lines("token", "token", "token")
	for n := range 5 {
		w.run(upgrade("http://127.0.0.1:8787/v1/ws/nothing", access.AddressHeader, "203.0.113.9"))
		if n == 0 {
			lines("NOT_FOUND")
		}
	}
	lines()
}
