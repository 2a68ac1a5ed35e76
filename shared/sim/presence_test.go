package sim_test

import (
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// show shows something new of the client, now and then much in a row.
func (c *client) show() {
	for range 1 + c.w.rng.IntN(4)*c.w.rng.IntN(4) {
		c.shows++
		n := c.shows
		text := protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventUpdate, Data: protocol.Presence{Data: []byte(strconv.Itoa(n))}.Append(nil)}.Append(nil)
		if l := c.connection; l != nil && c.ready {
			l.up(text)
			l.shown = n
		}
	}
}

// presence is what the client learns of the others.
func (c *client) presence(f protocol.Frame) {
	see := func(p protocol.Presence) {
		if n, err := strconv.Atoi(string(p.Data)); err == nil {
			c.seen[p.ClientID] = n
		}
	}
	if f.Event == protocol.EventState {
		p, ok := protocol.ParsePresenceState(f.Data)
		if !ok {
			c.w.fail("%s: %s", c.id, f.Data)
		}
		clear(c.seen)
		for _, m := range p.Members {
			see(m)
		}
		return
	}
	p, ok := protocol.ParsePresence(f.Data)
	if !ok || p.ClientID == c.id {
		c.w.fail("%s: presence %s", c.id, f.Data)
	}
	see(p)
}

// looks checks, in a world where no object has been gone from memory, that when nothing
// happens any more everybody sees what everybody else showed last.
func (w *world) looks() {
	if w.hibernate > 0 || w.crash > 0 {
		return
	}
	w.quiet = true
	for range 5 {
		for _, u := range w.users {
			for _, c := range u.clients {
				c.show()
			}
		}
		w.RunUntil(w.Now.Add(w.rng.Between(0, 5*time.Second)))
	}
	w.RunUntil(w.Now.Add(40 * time.Second)) // a client that answers no ping gets room every ten
	unlisted := func(c *client) bool {
		for _, row := range c.doc.core.Snapshot().Channels {
			if c.connection != nil && row.Channel.Conn == c.connection.conn {
				return row.Unlisted
			}
		}
		return false
	}
	whole := func(c *client) bool {
		if d := c.doc; !d.alarm.IsZero() && d.alarm.Before(w.Now) {
			return false // an alarm of the time before is that late, and room is given on the alarm
		}
		l := c.connection
		for _, row := range c.doc.core.Snapshot().Channels {
			if l != nil && row.Channel.Conn == l.conn && w.Now.Sub(row.Channel.ConnectedAt) < 5*time.Second {
				return false // what it is sent first is on its way
			}
		}
		return l != nil && c.ready && l.clientOpen && l.serverOpen && !l.cut && slices.Contains(c.doc.core.Current(c.user.id), l.conn)
	}
	for _, u := range w.users {
		for _, c := range u.clients {
			for _, other := range w.users {
				for _, o := range other.clients {
					if c != o && c.doc == o.doc && whole(c) && whole(o) && !unlisted(o) && o.connection.shown > 0 {
						w.counts.Looked++
						if c.seen[o.id] != o.connection.shown {
							w.fail("%s: %s sees %d of %s, who shows %d", c.doc.id, c.id, c.seen[o.id], o.id, o.connection.shown)
						}
					}
				}
			}
		}
	}
	w.quiet = false
}
