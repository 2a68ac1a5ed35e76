//go:build !js

package e2e

import (
	"testing"
	"time"
)

// An op that was acknowledged survives a kill -9 at any moment, and one that was
// not is stored once when it is sent again.
//
// Holds: "an op is acknowledged once it is stored; a repeat gets the same acknowledgement".
func TestChaosKillMidStream(t *testing.T) {
	t.Parallel()
	chaosKill(t, 3)
}

// The same again and again.
func TestSoakChaosKillMidStream(t *testing.T) { chaosKill(t, 20) }

func chaosKill(t *testing.T, kills int) {
	d := startDev(t, "MAX_REPLAY=60", "HEARTBEAT_MS=2000", "HEARTBEAT_TIMEOUT_MS=6000")
	w := newWorld(t, d.server, 2*time.Second)
	acks := make(chan struct{}, 1000)
	// Two devices of the owner, each on its own document: one session, two channels.
	for _, c := range []struct {
		account, document string
		think             time.Duration
	}{
		{"owner", "welcome", 8 * time.Millisecond},
		{"editor", "welcome", 12 * time.Millisecond},
		{"viewer", "welcome", 0},
		{"owner", "notes", 10 * time.Millisecond},
		{"viewer", "notes", 0},
	} {
		r := w.prepare(dialling{document: c.document, clientID: c.account + "-" + c.document, token: d.Login(c.account)}, c.think)
		r.onAck = func(frame) { acks <- struct{}{} }
		w.start(r)
	}
	for range kills {
		// Not before everybody is back and at it again; then at a moment nobody chose.
		for range w.clients {
			await(t, "everybody to be back", acks, patience)
		}
		w.moreAcknowledged(50 + w.random.IntN(100))
		moment := time.NewTimer(w.between(0, 200*time.Millisecond))
		<-moment.C
		d.Kill()
		w.count("drop: kill -9")
		d.Restart()
	}
	w.finish()
	if w.counted("new sessions") > 0 {
		t.Error("a session did not survive the kill")
	}
}

// An eviction at any moment, of a document or a session object, is noticed by
// nobody: the sockets stay open and every op arrives.
func TestChaosEviction(t *testing.T) {
	t.Parallel()
	chaosEviction(t, 3*time.Second)
}

// The same for longer.
func TestSoakChaosEviction(t *testing.T) { chaosEviction(t, 10*time.Second) }

func chaosEviction(t *testing.T, span time.Duration) {
	s := start(t, nil)
	w := newWorld(t, s, 2*time.Second)
	members := s.populate(2, 6)
	for i, d := range members {
		think := 30 * time.Millisecond
		if i%6 == 5 {
			think = 0
		}
		w.join(d, think)
	}
	w.moreAcknowledged(50)
	for over := time.After(span); ; {
		select {
		case <-over:
			w.finish()
			if len(w.resumes) > 0 {
				t.Errorf("%d sockets did not survive the evictions", len(w.resumes))
			}
			return
		case <-time.After(w.between(100*time.Millisecond, 400*time.Millisecond)):
		}
		if d := members[w.random.IntN(len(members))]; w.random.IntN(3) > 0 {
			w.evict("Document", d.document)
		} else {
			w.evict("UserSession", userOf(d))
		}
	}
}
