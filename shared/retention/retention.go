// Package retention says when what is kept for so many days goes. Whoever keeps something tells it
// how old the oldest is, and is told when to look: not for each thing on its own, so that an object
// that is left alone wakes eleven times at most for all that it keeps.
package retention

import "time"

// Rule keeps things for Keep; the zero Rule keeps them for ever.
type Rule struct{ Keep time.Duration }

// least is the least time by which Due waits for others.
const least = 24 * time.Hour

// Before is the moment up to which things are too old, zero for none.
func (r Rule) Before(now time.Time) time.Time {
	if r.Keep <= 0 {
		return time.Time{}
	}
	return now.Add(-r.Keep)
}

// Due is when to look for what is as old as the oldest: once that has been too old for a tenth of
// Keep, and a day at least, so that what came within that time goes with it. It is false if nothing
// is kept (oldest is zero), or all of it for ever.
func (r Rule) Due(oldest time.Time) (time.Time, bool) {
	if r.Keep <= 0 || oldest.IsZero() {
		return time.Time{}, false
	}
	return oldest.Add(r.Keep + max(r.Keep/10, least)), true
}
