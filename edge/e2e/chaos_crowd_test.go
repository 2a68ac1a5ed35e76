//go:build !js

package e2e

import (
	"strings"
	"testing"
	"time"
)

func userOf(d dialling) string { return "usr_" + strings.Replace(d.clientID[1:], "-", "_", 1) }

// evict drops an object from memory if it is there and idle for a moment, and counts it.
func (w *world) evict(class, name string) {
	w.t.Helper()
	// Wrangler stands still until the object is evicted. workerd stands still when nobody reads what
	// it prints about broken connections, so none is broken meanwhile.
	w.breaking.Lock()
	defer w.breaking.Unlock()
	var answer struct{ Refused string }
	w.server.Do(map[string]string{"do": "evict", "class": class, "name": name, "attempt": "1"}, &answer)
	switch {
	case answer.Refused == "":
		w.count("evictions of " + class)
	case strings.Contains(answer.Refused, "active references"):
		w.count("evictions in vain of " + class) // it was never idle
	}
}

// TestChaosCrowd: a crowd on several documents, each dropped in every way again and again, with
// objects evicted under them, loses nothing, gets nothing twice and receives everything in
// order.
//
// Holds: "a client's ops are stored in the order it sent them".
func TestChaosCrowd(t *testing.T) {
	t.Parallel()
	chaosCrowd(t, 2, 10, 10*time.Second, 300*time.Millisecond)
}

// The same with two hundred, for a minute.
func TestSoakChaosCrowd(t *testing.T) { chaosCrowd(t, 4, 50, 60*time.Second, 2*time.Second) }

func chaosCrowd(t *testing.T, documents, members int, span, think time.Duration) {
	s := start(t, map[string]string{
		"LOG_LEVEL":    "warn", // wrangler stands still while it evicts, and reads no log
		"HEARTBEAT_MS": "3000", "HEARTBEAT_TIMEOUT_MS": "8000",
		"MAX_REPLAY": "60", "MAX_SYNC_BYTES": "8192", // so that there are gaps, and more than one frame to fill them
	})
	w := newWorld(t, s, 3*time.Second)
	crowd := s.populate(documents, members)
	for _, d := range crowd {
		w.join(d, think)
	}
	w.moreAcknowledged(len(crowd))
	over := time.After(span)
	dropping := make(chan struct{})
	w.running.Go(func() { w.dropAll(8*time.Second, dropping) })
	// The evictions are apart from the drops: one may wait half a minute for an
	// object that is never idle.
	for evicting := true; evicting; {
		select {
		case <-over:
			evicting = false
		case <-time.After(w.between(200*time.Millisecond, time.Second)):
			if d := crowd[w.random.IntN(len(crowd))]; w.random.IntN(2) == 0 {
				w.evict("Document", d.document)
			} else {
				w.evict("UserSession", userOf(d))
			}
		}
	}
	close(dropping)
	w.finish()
	if w.counted("new sessions") > 0 {
		t.Error("somebody did not get their session back within its grace")
	}
}

// dropAll drops clients in random ways, each about once in so long, until over is closed.
func (w *world) dropAll(every time.Duration, over <-chan struct{}) {
	random := w.randomOf(1 << 20)
	mean := every / time.Duration(len(w.clients))
	for {
		select {
		case <-over:
			return
		case <-time.After(mean/2 + time.Duration(random.Int64N(int64(mean)))):
		}
		o := order{ending: endings[random.IntN(len(endings))]}
		if random.IntN(4) == 0 { // away for a while, for longer than a replay goes back
			back := make(chan struct{})
			time.AfterFunc(time.Second+time.Duration(random.Int64N(int64(5*time.Second))), func() { close(back) })
			o.back = back
		}
		w.breaking.Lock()
		select {
		case w.clients[random.IntN(len(w.clients))].orders <- o:
		default: // it is away
		}
		w.breaking.Unlock()
	}
}
