package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// TurnBack follows a clock that was set back by that much (serverconn.Clock).
func (a *Apps) TurnBack(by time.Duration) {
	for _, x := range a.list {
		serverconn.TurnBack(by, &x.row.Pending.At, &x.row.Next, &x.probed)
		x.ch.TurnBack(by)
		a.save(x)
	}
}

// Known is the newest moment that what is stored speaks of as past.
func (a *Apps) Known() (t time.Time) {
	for _, x := range a.list {
		t = serverconn.Latest(t, x.row.Pending.At, x.ch.Known())
	}
	return t
}
