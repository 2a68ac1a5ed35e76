package rate

import "time"

// RefusedPause is how long a client waits for the next attempt after too many refusals in a
// row.
const RefusedPause = time.Minute

// Refused counts failed attempts in a row, such as tokens on a connection: each costs a
// verification. The zero value has seen none.
type Refused struct {
	n    int
	last time.Time
}

// Refuse counts one refusal.
func (r *Refused) Refuse(now time.Time) { r.n, r.last = r.n+1, now }

// Wait returns how long the client has to wait before its next attempt, 0 for not at all.
func (r *Refused) Wait(now time.Time, most int) time.Duration {
	if r.n < most {
		return 0
	}
	return max(0, min(r.last.Add(RefusedPause).Sub(now), RefusedPause))
}
