package rate_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestBucket(t *testing.T) {
	perMinute := rate.Limit{Count: 30, Per: time.Minute, Burst: 3}
	perSecond := rate.Limit{Count: 10, Burst: 20}.WithDefaults(0, 0)
	cases := []struct {
		name  string
		limit rate.Limit
		takes []struct{ at, n, wait int } // milliseconds
	}{
		{"burst, then one every two seconds", perMinute, []struct{ at, n, wait int }{
			{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 2000}, {1999, 1, 1}, {2000, 1, 0}, {2000, 1, 2000}, {3_600_000, 3, 0}, {3_600_000, 1, 2000}}},
		{"what was refused costs nothing", perSecond, []struct{ at, n, wait int }{
			{0, 20, 0}, {0, 5, 500}, {0, 5, 500}, {500, 5, 0}, {500, 1, 100}}},
		{"larger than the bucket passes when it is full", perSecond, []struct{ at, n, wait int }{
			{0, 1, 0}, {50, 1000, 50}, {100, 1000, 0}, {100, 1, 100}}},
		{"a clock set back", perSecond, []struct{ at, n, wait int }{
			{1000, 20, 0}, {0, 1, 100}, {100, 1, 0}}},
	}
	for _, c := range cases {
		var b rate.Bucket
		for i, take := range c.takes {
			got := b.Take(start.Add(time.Duration(take.at)*time.Millisecond), c.limit, take.n)
			if got != time.Duration(take.wait)*time.Millisecond {
				t.Errorf("%s: take %d waits %v, want %d ms", c.name, i, got, take.wait)
			}
		}
	}
}

// What is charged when it is done may be more than there was: the rest is waited for.
func TestSpend(t *testing.T) {
	l := rate.Limit{Count: 10, Burst: 20}.WithDefaults(0, 0)
	var b rate.Bucket
	if w := b.Wait(start, l, 5); w != 0 {
		t.Fatalf("a full bucket: wait %v", w)
	}
	b.Spend(start, l, 40)
	if w := b.Wait(start, l, 5); w != 2500*time.Millisecond {
		t.Errorf("20 in debt: wait %v for 5", w)
	}
	if w := b.Wait(start.Add(2500*time.Millisecond), l, 5); w != 0 {
		t.Errorf("after that: %v", w)
	}
}

// An hour back freezes nothing and gives nothing away.
func TestClockSetBack(t *testing.T) {
	l := rate.FloodLimits{Frames: rate.Limit{Count: 10, Per: time.Second, Burst: 10}, Bytes: rate.Limit{Count: 1000, Per: time.Second, Burst: 1000}, MaxRefused: 100}
	var f rate.Flood
	take := func(at time.Time) int {
		n := 0
		for range 20 {
			if wait, _ := f.Take(at, &l, 1); wait == 0 {
				n++
			}
		}
		return n
	}
	f.Tell(start)
	if n := take(start); n != 10 {
		t.Fatalf("%d of a burst of 10", n)
	}
	back := start.Add(-time.Hour)
	if n := take(back); n != 0 {
		t.Errorf("an hour back: %d more at once", n)
	}
	if n := take(back.Add(time.Second)); n != 10 {
		t.Errorf("a second later: %d, want 10", n)
	}
	if !f.Tell(back) {
		t.Error("not told for an hour")
	}
}

func TestFull(t *testing.T) {
	l := rate.Limit{Count: 1, Per: time.Minute, Burst: 2}
	var b rate.Bucket
	if !b.Full(start, l) {
		t.Error("a new bucket is not full")
	}
	b.Take(start, l, 1)
	if b.Full(start.Add(59*time.Second), l) || !b.Full(start.Add(time.Minute), l) {
		t.Error("full at the wrong moment")
	}
	b.Take(start, l, 1)
	if back := start.Add(-time.Hour); b.Full(back, l) || !b.Full(back.Add(time.Minute), l) {
		t.Error("full at the wrong moment after the clock was set back")
	}
}

// What a limit lets through in the long run is Count every Per and one Burst more,
// whatever is asked for when.
func FuzzBucket(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 7}, uint8(5), uint8(9))
	f.Fuzz(func(t *testing.T, asks []byte, count, burst uint8) {
		l := rate.Limit{Count: int(count) + 1, Per: 3 * time.Second, Burst: int(burst) + 1}
		var b rate.Bucket
		now, passed := start, 0
		for i, ask := range asks {
			if i%2 == 0 {
				now = now.Add(time.Duration(ask) * 17 * time.Millisecond)
			}
			n := min(int(ask)%7+1, l.Burst)
			wait := b.Take(now, l, n)
			if wait == 0 {
				passed += n
				continue
			}
			again := b
			if w := again.Take(now.Add(wait), l, n); w != 0 {
				t.Fatalf("told to wait %v, and then %v more", wait, w)
			}
		}
		if most := l.Burst + int(now.Sub(start)*time.Duration(l.Count)/l.Per); passed > most {
			t.Fatalf("%d passed, at most %d may", passed, most)
		}
	})
}
