package retention

import (
	"testing"
	"time"
)

const day = 24 * time.Hour

var start = time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)

func TestRule(t *testing.T) {
	if at, ok := (Rule{}).Due(start); ok || !(Rule{}).Before(start).IsZero() {
		t.Errorf("what is kept for ever goes at %v", at)
	}
	r := Rule{Keep: 30 * day}
	if at, ok := r.Due(time.Time{}); ok {
		t.Errorf("nothing goes at %v", at)
	}
	if at, ok := r.Due(start); !ok || !at.Equal(start.Add(33*day)) || !r.Before(at).Equal(start.Add(3*day)) {
		t.Errorf("it goes at %v", at)
	}
	if at, _ := (Rule{Keep: day}).Due(start); !at.Equal(start.Add(2 * day)) {
		t.Errorf("it goes at %v", at)
	}
}

// What an object wrote every hour of all the time that it keeps, and then is left alone, goes in eleven
// turns at most; nothing goes early, or later than a tenth of that time.
func TestTurns(t *testing.T) {
	for _, keep := range []time.Duration{day, 7 * day, 30 * day, 365 * day} {
		r, turns := Rule{Keep: keep}, 0
		var kept []time.Time
		for at := start; at.Before(start.Add(keep)); at = at.Add(time.Hour) {
			kept = append(kept, at)
		}
		for ; len(kept) > 0; turns++ {
			now, _ := r.Due(kept[0])
			if late := now.Sub(kept[0]) - keep; late > max(keep/10, day) {
				t.Errorf("%v: %v late", keep, late)
			}
			for len(kept) > 0 && !kept[0].After(r.Before(now)) {
				kept = kept[1:]
			}
		}
		if turns > 11 {
			t.Errorf("%v: %d turns", keep, turns)
		}
	}
}
