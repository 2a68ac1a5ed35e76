package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// TurnBack follows a clock that was set back by that much (serverconn.Clock).
func (d *Device) TurnBack(by time.Duration) {
	serverconn.TurnBack(by, &d.asked, &d.pinged, &d.pending.At)
	d.ch.TurnBack(by)
	d.save()
}

// Known is the newest moment that what is stored speaks of as past.
func (d *Device) Known() time.Time {
	return serverconn.Latest(d.ch.Known(), d.asked, d.pending.At)
}
