package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// turnBack follows a clock that was set back (serverconn.Clock).
func (d *Document) turnBack(now time.Time) {
	by := d.clock.Step(now)
	if by == 0 {
		return
	}
	d.stale = true
	for _, m := range d.members {
		m.ch.TurnBack(by)
		serverconn.TurnBack(by, &m.notifyNext, &m.drySince, &m.heldUntil, &m.showAt, &m.historyAt, &m.blindUntil)
		d.save(m)
	}
	for i := range d.sections {
		serverconn.TurnBack(by, &d.sections[i].Until)
		d.emit(SaveSection{Section: d.sections[i]})
	}
	serverconn.TurnBack(by, &d.upload.At, &d.upload.Began, &d.acted, &d.looked)
}

// known is the newest moment that what is stored speaks of as past.
func (d *Document) known() (t time.Time) {
	for _, m := range d.members {
		t = serverconn.Latest(t, m.ch.Known(), m.drySince)
	}
	return serverconn.Latest(t, d.upload.At)
}
