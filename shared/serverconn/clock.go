package serverconn

import "time"

// clockStep is by how much the clock may go back before it matters.
const clockStep = 2 * time.Second

// Clock notices a machine whose clock was set back: what is counted from a moment that now
// lies ahead would stand still until the clock gets there. It is to be counted from as long
// before now as it was (TurnBack). What is dated by others, a token or an operator's word,
// stays. The zero value has seen no moment.
type Clock struct{ newest time.Time }

// Starting returns a clock that has seen the moments that stored state speaks of as past.
func Starting(past time.Time) Clock { return Clock{past} }

// Step takes the time of an event, and returns by how much the clock was set back before it:
// 0 for not at all, and for as good as not at all.
func (c *Clock) Step(now time.Time) (back time.Duration) {
	back = c.newest.Sub(now)
	if back > 0 && back < clockStep {
		return 0
	}
	c.newest = now
	return max(0, back)
}

// TurnBack moves moments back by that much; a zero one is none and stays.
func TurnBack(by time.Duration, moments ...*time.Time) {
	for _, t := range moments {
		if !t.IsZero() {
			*t = t.Add(-by)
		}
	}
}

// NotAfter keeps a foreign clock's reading from lying in our future.
func NotAfter(now, t time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

// Latest is the newest of some moments.
func Latest(moments ...time.Time) (t time.Time) {
	for _, at := range moments {
		if at.After(t) {
			t = at
		}
	}
	return t
}
