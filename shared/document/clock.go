package document

import "time"

// clockStep is by how much the clock may go back before anybody cares.
const clockStep = 2 * time.Second

// turnBack is for a machine whose clock was set back: what is counted from a moment that
// now lies ahead would stand still until the clock gets there. It is counted from as long
// before now as it was. What is dated by others, a token or an operator's word, stays.
func (d *Document) turnBack(now time.Time) {
	by := d.newest.Sub(now)
	if by <= 0 {
		d.newest = now
		return
	}
	if by < clockStep {
		return
	}
	d.newest, d.stale = now, true
	back := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.Add(-by)
			}
		}
	}
	for _, m := range d.members {
		m.ch.TurnBack(by)
		back(&m.tellNext, &m.drySince, &m.heldUntil, &m.showAt, &m.historyAt, &m.blindUntil)
		d.save(m)
	}
	for i := range d.sections {
		back(&d.sections[i].Until)
		d.emit(SaveSection{Section: d.sections[i]})
	}
	back(&d.upload.At, &d.upload.Began)
}

// known is the newest moment that what is stored speaks of as past.
func (d *Document) known() (t time.Time) {
	past := func(at time.Time) {
		if at.After(t) {
			t = at
		}
	}
	for _, m := range d.members {
		past(m.ch.Known())
		past(m.drySince)
	}
	past(d.upload.At)
	return t
}
