package backoff_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
)

// TestClientsWithTheSameWaitSpreadOut: hundreds of clients get the same wait from a server. None
// comes back sooner, and they do not come back all at once.
func TestClientsWithTheSameWaitSpreadOut(t *testing.T) {
	const pause = 5 * time.Second
	at := map[int64]int{}
	for seed := range 200 {
		r := backoff.Random(seed)
		wait := r.After(pause)
		if wait < pause || wait > pause+pause/4 {
			t.Fatalf("comes after %v", wait)
		}
		at[wait.Milliseconds()/50]++
	}
	for when, n := range at {
		if n > 30 {
			t.Errorf("%d of 200 come within the same 50 ms, %d", n, when)
		}
	}
	var r backoff.Random
	if wait := r.After(0); wait != 0 || r != 0 {
		t.Errorf("waits %v after a pause of 0", wait)
	}
}

func TestPause(t *testing.T) {
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 100: time.Minute, 0: time.Minute} {
		if got := backoff.Pause(try); got != want {
			t.Errorf("try %d: %s, want %s", try, got, want)
		}
	}
}
