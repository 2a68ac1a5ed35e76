package rate

import "time"

// RefusedPause is how long a client waits for the next try once too many in a row were
// refused.
const RefusedPause = time.Minute

// Refused counts tries in a row that came to nothing, such as tokens on a connection:
// each costs a verification. The zero value has seen none.
type Refused struct {
	n    int
	last time.Time
}

// Refuse counts one.
func (r *Refused) Refuse(now time.Time) { r.n, r.last = r.n+1, now }

// Wait is how long it is until the next may be tried, 0 for now.
func (r *Refused) Wait(now time.Time, most int) time.Duration {
	if r.n < most {
		return 0
	}
	return max(0, min(r.last.Add(RefusedPause).Sub(now), RefusedPause))
}
