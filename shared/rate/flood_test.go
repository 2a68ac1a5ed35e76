package rate_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

func TestFloodRefusesThenEnds(t *testing.T) {
	l := rate.FloodLimits{Frames: rate.Limit{Count: 2, Per: time.Second, Burst: 2}, Bytes: rate.Limit{Count: 100, Per: time.Second, Burst: 100}, MaxRefused: 3}
	now := time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)
	var f rate.Flood
	for i := range 2 {
		if wait, enough := f.Take(now, &l, 10); wait != 0 || enough {
			t.Fatalf("frame %d of the burst: wait %s, enough %v", i, wait, enough)
		}
	}
	for i := range 3 {
		if wait, enough := f.Take(now, &l, 10); wait != rate.LeastPause || enough {
			t.Fatalf("refused frame %d: wait %s, enough %v", i, wait, enough)
		}
	}
	if _, enough := f.Take(now, &l, 10); !enough {
		t.Fatal("the frame beyond MaxRefused did not end it")
	}
	if _, enough := f.Take(now, &l, 10); enough {
		t.Fatal("a client that comes back is ended at once")
	}
	if wait, _ := f.Take(now.Add(time.Second), &l, 10); wait != 0 {
		t.Fatalf("after the pause: wait %s", wait)
	}
	if wait, _ := f.Take(now.Add(time.Second), &l, 99); wait == 0 {
		t.Fatal("bytes are not counted")
	}
}

func TestFloodNotifiesOnceInAWhile(t *testing.T) {
	now := time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)
	var f rate.Flood
	if !f.Notify(now) || f.Notify(now.Add(rate.LeastPause-1)) || !f.Notify(now.Add(rate.LeastPause)) {
		t.Error("notified at 0, not before LeastPause, and then again: it was otherwise")
	}
}
