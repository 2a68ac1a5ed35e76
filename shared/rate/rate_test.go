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

// TestSpend: a cost that is known only afterwards may exceed what the bucket held. The next Take
// waits for the rest.
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

// TestClockSetBack: a clock that is set back an hour neither freezes a bucket nor fills it.
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
	f.Notify(start)
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
	if !f.Notify(back) {
		t.Error("no notification for an hour")
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

// FuzzBucket: whatever is asked and when, a limit admits at most Count in every Per in the
// long run, and one Burst more.
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
				t.Fatalf("has to wait %v, and then %v more", wait, w)
			}
		}
		if most := l.Burst + int(now.Sub(start)*time.Duration(l.Count)/l.Per); passed > most {
			t.Fatalf("%d passed, at most %d may", passed, most)
		}
	})
}

// TestTurns: with one wait for all, everybody who was refused at once would come back at once. So
// each gets a time of its own, within the bound, and is admitted at that time.
func TestTurns(t *testing.T) {
	l := perUser
	var b rate.Bucket
	var turns rate.Turns
	for range l.Burst {
		b.Take(start, l, 1)
	}
	seen := map[time.Duration]bool{}
	for i := range 500 {
		wait := turns.Next(start, b.Take(start, l, 1), l.Slot(), l.Per)
		switch {
		case seen[wait]:
			t.Fatalf("number %d has to wait %v, as somebody was before", i, wait)
		case i < 120 && wait != time.Duration(i+1)*l.Slot():
			t.Fatalf("number %d has to wait %v", i, wait)
		case wait > l.Per+l.Slot() || wait < l.Slot():
			t.Fatalf("number %d has to wait %v, beyond the bound", i, wait)
		}
		seen[wait] = true
		if at := start.Add(wait); i < 120 {
			if wait := b.Take(at, l, 1); wait > 0 {
				t.Fatalf("number %d comes when it may, and has to wait %v", i, wait)
			}
			b = rate.Bucket{}
			for range l.Burst {
				b.Take(start, l, 1)
			}
		}
	}
	if wait := turns.Next(start.Add(time.Hour), time.Second, l.Slot(), l.Per); wait != time.Second {
		t.Errorf("an hour later the first has to wait %v", wait)
	}
}

// perUser is how often a user may connect by default.
var perUser = rate.Limit{Count: 120, Per: time.Minute, Burst: 240}

func TestPartOfALimit(t *testing.T) {
	l := rate.Limit{Count: 100, Per: time.Second, Burst: 1000}
	if got := l.Part(250); got.Count != 25 || got.Burst != 250 || got.Per != l.Per {
		t.Errorf("a quarter is %+v", got)
	}
	if got := l.Part(1); got.Count != 1 || got.Burst != 1 {
		t.Errorf("next to nothing is %+v", got)
	}
	if got := (rate.Limit{Count: 1 << 20, Per: time.Second, Burst: 4 << 20}).Part(20); got.Count != 20971 || got.Burst != 83886 {
		t.Errorf("a fiftieth of the bytes is %+v", got)
	}
	// A bucket that was empty when it was larger lacks no more than it holds now.
	var b rate.Bucket
	b.Take(start, l, 1000)
	if wait := b.Take(start, l.Part(10), 1); wait != time.Second {
		t.Errorf("of a smaller bucket one is there after %v", wait)
	}
	if used := b.Used(start.Add(2*time.Second), l.Part(10)); used != 8 {
		t.Errorf("%d are used", used)
	}
}
