package device

import "time"

// clockStep is by how much the clock may go back before anybody cares.
const clockStep = 2 * time.Second

// turnBack is for a machine whose clock was set back: what is counted from a moment that
// now lies ahead is counted from as long before now as it was. What is dated by others, a
// token or an operator's word, stays.
func (d *Device) turnBack(now time.Time) {
	by := d.newest.Sub(now)
	if by <= 0 {
		d.newest = now
		return
	}
	if by < clockStep {
		return
	}
	d.newest = now
	for _, t := range [...]*time.Time{&d.asked, &d.pinged, &d.waiting.At} {
		if !t.IsZero() {
			*t = t.Add(-by)
		}
	}
	d.ch.TurnBack(by)
	d.door.TurnBack(by)
	d.save()
	d.apps.TurnBack(by)
}

// known is the newest moment that what is stored speaks of as past.
func (d *Device) known() time.Time {
	t := d.ch.Known()
	for _, at := range [...]time.Time{d.asked, d.waiting.At, d.apps.Known()} {
		if at.After(t) {
			t = at
		}
	}
	return t
}
