package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

var start = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

func TestEntrySurvivesTheWire(t *testing.T) {
	whole := audit.Entry{At: start, Event: audit.Closed, UserID: "usr_1", Document: "welcome", ClientID: "c\"1", Code: "SLOW_CONSUMER",
		Reason: "too_slow", By: "olive", Detail: "x", Delegate: "Agent X"}
	for _, e := range []audit.Entry{whole, {At: start, Event: audit.SessionStarted}} {
		for _, text := range [][]byte{e.Append(nil), e.AppendWithSentence(nil)} {
			if err := jsonscan.Check(text, 3); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got, ok := audit.Parse(text); !ok || got != e {
				t.Errorf("%s reads as %+v, %v", text, got, ok)
			}
		}
	}
	for _, text := range []string{`{}`, `[]`, `{"at":"2026-11-21T14:00:00Z"}`, `{"event":"lost"}`, `{"at":5,"event":"lost"}`, `{"at":"2026-11-21T14:00:00Z","event":"lost","by":7}`} {
		if e, ok := audit.Parse([]byte(text)); ok {
			t.Errorf("%s reads as %+v", text, e)
		}
	}
}

func TestSentences(t *testing.T) {
	cases := []struct {
		entry audit.Entry
		want  string
	}{
		{audit.Entry{Event: audit.Closed, Document: "welcome", ClientID: "tab", Code: "HEARTBEAT_TIMEOUT"},
			"Client tab was disconnected from welcome by the server. HEARTBEAT_TIMEOUT: Nothing was heard for too long."},
		{audit.Entry{Event: audit.TokensRevoked, By: "olive", Reason: "laptop_stolen", Detail: "all"},
			"Tokens were revoked (all) by olive: laptop_stolen. Connections that lived by them were closed."},
		{audit.Entry{Event: audit.Lost, Document: "d", ClientID: "c", Detail: "1006"}, "Client c lost its connection to d (close code 1006). It could resume."},
		{audit.Entry{Event: audit.Admitted, Document: "d", ClientID: "delegate:00000000000000a1", Delegate: "Agent X"},
			"Client delegate:00000000000000a1 (Agent X, for the user) was admitted to d."},
		{audit.Entry{Event: "novelty"}, "novelty."},
		// A text of an entry is never read as a placeholder.
		{audit.Entry{Event: audit.Left, Document: "d", ClientID: "%r"}, "Client %r left d by itself."},
	}
	for _, c := range cases {
		if got := c.entry.Sentence(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.entry, got, c.want)
		}
	}
}

// TestExplain: "Why was I disconnected at 14:02?"
func TestExplain(t *testing.T) {
	at := func(minute int, e audit.Event) audit.Entry {
		return audit.Entry{At: start.Add(time.Duration(minute) * time.Minute), Event: e}
	}
	log := []audit.Entry{at(0, audit.Connected), at(1, audit.Lost), at(1, audit.Connected), at(2, audit.TokenRefreshed), at(2, audit.Closed), at(3, audit.Refused), at(9, audit.Left)}
	cases := []struct {
		minute int
		slack  time.Duration
		want   audit.Event
	}{{0, 0, ""}, {0, time.Minute, audit.Lost}, {1, 0, audit.Lost}, {2, 0, audit.Closed}, {5, 0, audit.Closed}, {30, 0, audit.Left}}
	for _, c := range cases {
		i, ok := audit.Explain(log, start.Add(time.Duration(c.minute)*time.Minute), c.slack)
		if ok != (c.want != "") || ok && log[i].Event != c.want {
			t.Errorf("at minute %d: %v, %v; want %q", c.minute, i, ok, c.want)
		}
	}
	mixed := []audit.Entry{at(2, "b"), at(1, "a"), at(2, "c")}
	audit.Sort(mixed)
	var order strings.Builder
	for _, e := range mixed {
		order.WriteString(string(e.Event))
	}
	if order.String() != "abc" {
		t.Errorf("sorted to %s", order.String())
	}
}
