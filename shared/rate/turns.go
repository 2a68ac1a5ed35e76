package rate

import "time"

// Turns gives each of many who are refused at once a time of its own to come back, one
// step after the other. Told the same wait they would all come back together, and all
// but one of them be refused again. The zero value has told nobody.
type Turns struct{ last time.Time }

// Next is how long somebody is to wait who has to wait at least so long. Nobody is sent
// further back than within: whoever would be is put between those who have been told
// before.
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
