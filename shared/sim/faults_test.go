package sim_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// trap is an event that fails half-way: nothing of it has happened, and the one
// who caused it is closed.
func (d *docObject) trap(l *connection) {
	d.w.counts.Trapped++
	d.w.note("%s traps on %s", d.id, l.conn)
	d.restore(d.sockets())
	d.watch.Undo(l.conn)
	l.serverClose(1011)
	d.step(document.Disconnected{Conn: l.conn, Code: 1011, Seen: l.lastPing()})
}

// crash takes all sockets with it. The next boot misses them.
func (d *docObject) crash() {
	w := d.w
	w.counts.Crashed++
	w.note("%s crashes", d.id)
	var lost []*connection
	for _, u := range w.users {
		for _, c := range u.clients {
			for _, l := range c.connections {
				if c.doc != d || !l.serverOpen {
					continue
				}
				lost = append(lost, l)
				l.cut, l.cutAt = true, w.Now
				w.After(w.rng.Between(0, 12*time.Second), func() {
					if l.clientOpen {
						l.shut()
						l.c.closed(l, 1006)
					}
				})
				l.serverOpen = false
				d.noteClose(l, 1006)
				if m := d.channels[c.key()]; m != nil && m.connection == l {
					m.late = earlier(w.Now, m.expires.Add(readOnly)) // the record of its pings is gone
				}
			}
		}
	}
	d.restore(nil)
	for _, l := range lost {
		d.step(document.Disconnected{Conn: l.conn, Code: 1006})
	}
}

// boot makes a core of what is stored, and of the sockets that are there.
func (d *docObject) boot(open map[document.ConnID]bool) *document.Document {
	snap := d.store.Boot(d.w.docCfg.Unacknowledged, open)
	snap.Receipts = nil // they are recalled
	core, err := document.Restore(d.w.docCfg, snap)
	if err != nil {
		d.w.fail("%s does not restore: %v", d.id, err)
	}
	return core
}

// sockets are those that the object holds.
func (d *docObject) sockets() map[document.ConnID]bool {
	open := map[document.ConnID]bool{}
	for conn, l := range d.w.connections {
		if l.c.doc == d && l.serverOpen {
			open[conn] = true
		}
	}
	return open
}

// restore boots the object anew: from storage, which is all a crash leaves.
func (d *docObject) restore(open map[document.ConnID]bool) {
	d.core = d.boot(open)
	d.w.counts.Hibernated++
	for _, u := range d.w.users {
		for _, c := range u.clients {
			if c.doc == d && c.refused {
				c.forgiven() // that it was refused is not stored
			}
		}
	}
}
