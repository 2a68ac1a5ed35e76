package rate

import "time"

// Turns spreads the return of many clients that are refused at once: each gets a wait of its
// own, one step after the other. With the same wait they would all come back together, and all
// but one would be refused again. The zero value has given no turn yet.
type Turns struct{ last time.Time }

// Next returns the wait of a client that has to wait at least wait. The result exceeds that by
// within at most: a turn beyond that bound goes between turns that other clients have.
func (t *Turns) Next(now time.Time, wait, step, within time.Duration) time.Duration {
	first := now.Add(wait)
	at := t.last.Add(step)
	if at.Before(first) {
		at = first
	}
	if beyond := at.Sub(first.Add(within)); beyond > 0 {
		at = first.Add(min(beyond/2, within/2).Truncate(time.Millisecond))
	}
	t.last = at
	return at.Sub(now)
}
