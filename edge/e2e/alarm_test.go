//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAlarm: how the runtime would lose an object's alarm.
func TestAlarm(t *testing.T) { nodeTest(t, "alarm.test.mjs") }

// TestEachGuestExpires: the end of a guest's link is a whole second, at which the alarm rings to the
// millisecond. One that finds nothing due then, and is set to that moment again, never rings again
// (see edge/object/alarm.go): it happened to one connection in ten.
func TestEachGuestExpires(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "60000"})
	var all sync.WaitGroup
	for i := range 15 {
		document := []string{"welcome", "notes", "secret"}[i%3]
		end := time.Now().Add(8 * time.Second).Truncate(time.Second)
		g := s.link(document, `{"role":"edit","expires":"`+end.UTC().Format(time.RFC3339)+`"}`).guest("Ann")
		c := s.connect(dialling{document: document, clientID: fmt.Sprint("a", i), token: g.token})
		all.Go(func() {
			f := c.expectFrame("system", "error")
			if code := c.expectClose(); code != 4102 || f.text("error_code") != "TOKEN_EXPIRED" {
				t.Errorf("%d: closed with %d %v", i, code, f.Data)
			}
			if time.Now().Before(end) {
				t.Errorf("%d: before its end", i)
			}
		})
	}
	all.Wait()
}

// TestAnAnswerThatFailsIsAskedForAgain: an event that fails takes with it what the object has in memory, and so
// that it waits for an answer. The object wakes up by itself, and asks again.
func TestAnAnswerThatFailsIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "1000"})
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	s.stored("Document", "welcome", `CREATE TRIGGER poison BEFORE INSERT ON members WHEN NEW.telling = 0 AND NEW.reason != ''
		BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
	c.reset() // nothing happens to the document after the end of the grace period
	awaited(t, "the event of the answer fails", func() bool { return strings.Contains(s.Logs(), "poisoned") })
	s.stored("Document", "welcome", "DROP TRIGGER poison")
	awaited(t, "the answer is stored", func() bool {
		var said struct{ Rows []struct{ Telling float64 } }
		s.Do(map[string]string{"do": "sql", "class": "Document", "name": "welcome", "query": "SELECT telling FROM members WHERE client_id = 'o'"}, &said)
		return len(said.Rows) == 1 && said.Rows[0].Telling == 0
	})
}

func awaited(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}
