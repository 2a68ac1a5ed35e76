//go:build !js

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// entry is one line of the operator's log and the level at which it was written.
type entry struct {
	text, level string
	fields      map[string]any
}

// entries are the lines of JSON that the Worker has logged so far.
func (s *server) entries() (list []entry) {
	s.T.Helper()
	var said struct{ Logs, Levels []string }
	s.Do(map[string]string{"do": "logs"}, &said)
	for i, text := range said.Logs {
		e := entry{text: text, level: said.Levels[i]}
		if json.Unmarshal([]byte(text), &e.fields) == nil {
			list = append(list, e)
		}
	}
	return list
}

// awaitEntry waits for a line with these fields.
func (s *server) awaitEntry(want map[string]any) entry {
	s.T.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for _, e := range s.entries() {
			fits := true
			for name, value := range want {
				fits = fits && e.fields[name] == value
			}
			if fits {
				return e
			}
		}
	}
	s.T.Fatalf("no line of the log has %v", want)
	return entry{}
}

// TestTheLogsLevelsAndEnds: a filter by level finds the problems, and each end of a connection is a
// line: how, why, how long it lasted, and whether it had resumed.
func TestTheLogsLevelsAndEnds(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := dialling{document: "welcome", clientID: "laptop", token: s.Login("owner")}
	first := s.connect(owner)
	first.reset()
	lost := s.awaitEntry(map[string]any{"event": "connection_ended", "how": "lost", "user_id": "usr_owner", "client_id": "laptop", "document": "welcome"})
	if lost.level != "log" || lost.fields["level"] != "info" || lost.fields["resumed"] != false {
		t.Errorf("a dropped line is %s at level %s", lost.text, lost.level)
	}
	owner.sessionID, owner.lastSeq = first.ack.text("session_id"), 0
	again := s.connect(owner)
	// What is stored of it is enough: the object is woken by the frame that ends it.
	s.Evict("Document", "welcome")
	again.send(`{"type":"system","event":"disconnect"}`)
	left := s.awaitEntry(map[string]any{"event": "connection_ended", "how": "left"})
	if ms, ok := left.fields["connected_ms"].(float64); left.fields["resumed"] != true || !ok || ms < 0 || ms > 60_000 {
		t.Errorf("a resumed connection that was left is %s", left.text)
	}

	flood := s.connect(dialling{document: "welcome", clientID: "phone", token: owner.token})
	for range 8 {
		flood.send(`{"type":`)
	}
	closed := s.awaitEntry(map[string]any{"event": "connection_ended", "how": "closed", "client_id": "phone"})
	if closed.level != "warn" || closed.fields["code"] != "MALFORMED_MESSAGE" || closed.fields["close_code"] != 4400.0 {
		t.Errorf("one that was closed is %s at level %s", closed.text, closed.level)
	}
	dialling{document: "welcome", clientID: "x", token: "e30.e30.AA"}.dial(s)
	if refused := s.awaitEntry(map[string]any{"event": "connect_refused"}); refused.level != "warn" {
		t.Errorf("a refusal is at level %s", refused.level)
	}
	if admitted := s.awaitEntry(map[string]any{"event": "connect_admitted"}); admitted.level != "log" {
		t.Errorf("an admission is at level %s", admitted.level)
	}
}

// TestPagesAreNotFramed: the attacker has a page of their own and a signed-in victim who visits it.
// Their page cannot show ours inside, and no browser takes ours for another type than it is.
func TestPagesAreNotFramed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, path := range []string{"/", "/index.html", "/holdfast.js", "/holdfast.wasm", "/nothing-here"} {
		answer, err := http.Get(s.URL + path)
		check(err)
		answer.Body.Close()
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
		} {
			if got := answer.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}
