package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// deadTable plays the database's dead letters, and the backend.
type deadTable struct {
	letters []DeadLetter
	status  []int // what the backend answers, one after the other; then 200
	bodies  []string
}

func (w *world) DeadLetters(_ context.Context, after int64, limit int, ids []string) (rows []DeadLetter, err error) {
	for _, d := range w.dead.letters {
		if d.Number > after && (len(ids) == 0 || slices.Contains(ids, d.ID)) && len(rows) < limit {
			rows = append(rows, d)
		}
	}
	return rows, w.enter("dead", "DeadLetters")
}

func (w *world) DeleteDeadLetters(_ context.Context, ids []string) (int64, error) {
	if err := w.enter("delete dead", "DeleteDeadLetters"); err != nil {
		return 0, err
	}
	before := len(w.dead.letters)
	w.dead.letters = slices.DeleteFunc(w.dead.letters, func(d DeadLetter) bool { return len(ids) == 0 || slices.Contains(ids, d.ID) })
	return int64(before - len(w.dead.letters)), nil
}

func (w *world) CountDeadLetters(context.Context) (int64, error) {
	return int64(len(w.dead.letters)), w.enter("count dead", "CountDeadLetters")
}

func (w *world) Deliver(body []byte) int {
	w.dead.bodies = append(w.dead.bodies, string(body))
	if len(w.dead.status) == 0 {
		return 200
	}
	status := w.dead.status[0]
	w.dead.status = w.dead.status[1:]
	return status
}

func withDead(t *testing.T, n int) *world {
	w := newWorld(t)
	w.cfg.Backend = w
	for i := 1; i <= n; i++ {
		id := fmt.Sprintf("00f1-%d", i)
		w.dead.letters = append(w.dead.letters, DeadLetter{
			Number: int64(i), ID: id, Reason: "status_500", Tries: 16, DiedAt: start.Add(time.Duration(i) * time.Second),
			Event: fmt.Sprintf(`{"id":"%s","type":"document.changed","at":"2026-11-21T14:00:00Z","stream":"00f1","seq":%d,"document":"d1","data":{"document_version":%d}}`, id, i, i),
		})
	}
	return w
}

func TestDeadLettersAreListed(t *testing.T) {
	w := withDead(t, 5)
	seen, next := 0, ""
	for pages := 1; ; pages++ {
		a := w.ask("GET", "/v1/admin/events/dead?limit=2&after="+next, "")
		list, _ := a.body["dead_letters"].([]any)
		if a.status != 200 {
			t.Fatal(a.text)
		}
		seen += len(list)
		var more bool
		if next, more = a.body["next"].(string); !more {
			if seen != 5 || pages != 3 {
				t.Errorf("%d on %d pages", seen, pages)
			}
			break
		}
	}
	for _, path := range []string{"?after=x", "?limit=0"} {
		if a := w.ask("GET", "/v1/admin/events/dead"+path, ""); a.status != 400 {
			t.Errorf("%s: %s", path, a.text)
		}
	}
}

// What is sent again is sent in order, with its id, and is no dead letter any more once it was
// taken, and not before.
func TestDeadLettersAreReplayed(t *testing.T) {
	w := withDead(t, 250)
	w.dead.status = []int{200, 500}
	a := w.ask("POST", "/v1/admin/events/dead/replay", `{"all":true}`)
	if a.status != 503 || a.reason != "events_refused" || !strings.Contains(a.text, `"replayed":100`) || !strings.Contains(a.text, `"status":500`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if len(w.dead.letters) != 150 {
		t.Errorf("%d are left", len(w.dead.letters))
	}
	a = w.ask("POST", "/v1/admin/events/dead/replay", `{"all":true,"reason":"repaired"}`)
	if a.status != 200 || a.text != `{"replayed":150,"left":0}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	if first := w.dead.bodies[0]; !strings.HasPrefix(first, `{"events":[{"id":"00f1-1","type":"document.changed"`) || strings.Count(first, `"id"`) != 100 {
		t.Error(first)
	}
	if w.dead.bodies[1] != w.dead.bodies[2] || !strings.Contains(w.dead.bodies[3], `"00f1-250"`) {
		t.Errorf("%d requests", len(w.dead.bodies))
	}

	w = withDead(t, 5)
	if a := w.ask("POST", "/v1/admin/events/dead/replay", `{"ids":["00f1-4","00f1-2","none"]}`); a.text != `{"replayed":2,"left":3}` {
		t.Error(a.text)
	}
	if body := w.dead.bodies[0]; strings.Index(body, "00f1-2") > strings.Index(body, "00f1-4") {
		t.Errorf("out of order: %s", body)
	}
	// Taken, and not deleted: it is sent twice, and not lost.
	w.down = map[string]bool{"DeleteDeadLetters": true}
	if a := w.ask("POST", "/v1/admin/events/dead/replay", `{"all":true}`); a.status != 503 || len(w.dead.letters) != 3 {
		t.Error(a.text)
	}
	w.down, w.cfg.Backend, w.api = nil, nil, nil
	if a := w.ask("POST", "/v1/admin/events/dead/replay", `{"all":true}`); a.status != 409 || a.reason != "events_off" {
		t.Error(a.text)
	}
}

func TestDeadLettersAreDeleted(t *testing.T) {
	w := withDead(t, 5)
	if a := w.ask("DELETE", "/v1/admin/events/dead", `{"ids":["00f1-4"]}`); a.text != `{"deleted":1,"left":4}` {
		t.Error(a.text)
	}
	// Without a word of which, none is meant.
	for body, field := range map[string]string{
		``: "ids", `{}`: "ids", `{"ids":[]}`: "ids", `{"ids":[1]}`: "ids", `{"ids":"00f1-1"}`: "ids", `{"all":false}`: "all", `{"all":true,"ids":["00f1-1"]}`: "all", `{"everything":true}`: "",
	} {
		for _, call := range [][2]string{{"DELETE", "/v1/admin/events/dead"}, {"POST", "/v1/admin/events/dead/replay"}} {
			if a := w.ask(call[0], call[1], body); a.status != 400 || !strings.Contains(a.text, `"field":"`+field) && field != "" {
				t.Errorf("%s %s: %d %s", call, body, a.status, a.text)
			}
		}
	}
	if len(w.dead.letters) != 4 || len(w.dead.bodies) != 0 {
		t.Error("something was done")
	}
	if a := w.ask("DELETE", "/v1/admin/events/dead", `{"all":true}`); a.text != `{"deleted":4,"left":0}` {
		t.Error(a.text)
	}
}
