package app

import "time"

// TurnBack is for a clock that was set back by that much: see package user.
func (a *Apps) TurnBack(by time.Duration) {
	for _, x := range a.list {
		for _, t := range [...]*time.Time{&x.row.Pending.At, &x.row.Next, &x.probed} {
			if !t.IsZero() {
				*t = t.Add(-by)
			}
		}
		x.line.TurnBack(by)
		a.save(x)
	}
}

// Known is the newest moment that what is stored speaks of as past.
func (a *Apps) Known() (t time.Time) {
	for _, x := range a.list {
		for _, at := range [...]time.Time{x.row.Pending.At, x.line.Known()} {
			if at.After(t) {
				t = at
			}
		}
	}
	return t
}
