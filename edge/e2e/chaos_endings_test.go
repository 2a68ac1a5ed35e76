//go:build !js

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
)

// state returns the state of a user's channel, by the document.
func (w *world) state(d dialling) channel.State {
	w.t.Helper()
	var answer struct{ Rows []struct{ State int } }
	w.server.Do(map[string]string{
		"do": "sql", "class": "Document", "name": d.document,
		"query": fmt.Sprintf("SELECT state FROM members WHERE user_id = '%s'", userOf(d)),
	}, &answer)
	if len(answer.Rows) != 1 {
		w.t.Fatalf("the document has %d channels of %s", len(answer.Rows), userOf(d))
	}
	return channel.State(answer.Rows[0].State)
}

// sees makes a channel that gets every presence of this event and client.
func sees(r *resumer, event, clientID string) <-chan time.Time {
	seen := make(chan time.Time, 16)
	r.onFrame = func(f frame) {
		if f.Type == "presence" && f.Event == event && f.text("client_id") == clientID {
			seen <- time.Now()
		}
	}
	return seen
}

func await[T any](t testing.TB, what string, from <-chan T, within time.Duration) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(within):
		t.Fatalf("waited %v for %s", within, what)
	}
	return v
}

// TestChaosEndings: however a connection ends, with or without a close frame, the others see its
// client leave, its channel is in its grace, the next connect resumes the session, and nothing
// that was under way in either direction is lost.
//
// Holds: "a client that pings is shown as gone when its connection dies silently".
func TestChaosEndings(t *testing.T) { // not beside others: a second is its promise
	const beat, silence = 500 * time.Millisecond, 2 * time.Second
	s := start(t, map[string]string{
		"HEARTBEAT_MS": fmt.Sprint(beat.Milliseconds()), "HEARTBEAT_TIMEOUT_MS": fmt.Sprint(silence.Milliseconds()),
	})
	everybody := s.populate(len(endings), 2) // each ending on a document of its own
	for i, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t, s.in(t), beat)
			one, other := w.prepare(everybody[2*i], 5*time.Millisecond), w.prepare(everybody[2*i+1], 7*time.Millisecond)
			left := sees(other, "leave", one.name())
			acks, pongs := make(chan frame, 4), make(chan frame, 1000)
			one.onAck = func(f frame) { acks <- f }
			one.onFrame = func(f frame) {
				if f.Event == "pong" {
					pongs <- f
				}
			}
			w.start(other)
			w.moreAcknowledged(1)
			w.start(one)
			first := await(t, "the first connect", acks, patience)
			await(t, "a pong, from which on silence counts", pongs, patience)
			w.moreAcknowledged(20)

			back := make(chan struct{})
			one.orders <- order{ending: e, back: back}
			cut := time.Now()
			if !e.unnoticed { // that one is back before the server finds out
				// A silent connection is known to be dead when its silence has lasted long enough, any other
				// at once. On a busy machine an alarm may come late.
				within := time.Second
				if e.silent {
					within += silence
				}
				took := await(t, "the others to see it leave", left, patience).Sub(cut)
				if took > within {
					t.Errorf("the others saw it leave after %v, want at most %v", took, within)
				}
				if state := w.state(everybody[2*i]); state != channel.Grace {
					t.Errorf("its channel is in state %d, want grace", state)
				}
				t.Logf("the others saw it leave after %v", took.Round(time.Millisecond))
			}
			w.moreAcknowledged(10) // which it misses
			close(back)
			again := await(t, "the resume", acks, patience)
			if again.Data["resumed"] != true || again.text("session_id") != first.text("session_id") {
				t.Errorf("not resumed: %v", again.Data)
			}
			w.moreAcknowledged(10)
			w.finish()
		})
	}
}
