package device

import "time"

// TurnBack is for a clock that was set back by that much (see package user): what is
// counted from a moment that now lies ahead is counted from as long before now as it was.
// What is dated by others, a token say, stays.
func (d *Device) TurnBack(by time.Duration) {
	for _, t := range [...]*time.Time{&d.asked, &d.pinged, &d.pending.At} {
		if !t.IsZero() {
			*t = t.Add(-by)
		}
	}
	d.ch.TurnBack(by)
	d.handshake.TurnBack(by)
	d.save()
}

// Known is the newest moment that what is stored speaks of as past.
func (d *Device) Known() time.Time {
	t := d.ch.Known()
	for _, at := range [...]time.Time{d.asked, d.pending.At} {
		if at.After(t) {
			t = at
		}
	}
	return t
}
