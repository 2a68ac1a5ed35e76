package clientconn

import "time"

// What the system says of the network. It is believed only as far as a wrong word costs
// nothing: a connection is given up for its own silence.

// LeastBetweenDials is the least time between two dials that somebody asked for.
const LeastBetweenDials = time.Second

// GoOffline is the system's word that there is no network. A connection that lives answers
// a ping.
func (c *Conn[O]) GoOffline() {
	c.Offline = true
	if c.phase == Live {
		c.ping(ProbeTimeout)
	}
}

// GoOnline is its word that there is one again. What was dialled without it is dialled anew.
func (c *Conn[O]) GoOnline() {
	was := c.Offline
	c.Offline = false
	if was && c.phase == Dialling {
		c.HangUp(1000, "network")
		c.phase = Waiting
	}
	c.Wake()
}

// Redial is a person's wish to be connected: what waits for its time is tried at once, as
// Wake does, but no more often than each LeastBetweenDials.
func (c *Conn[O]) Redial() {
	if at := c.dialledAt.Add(LeastBetweenDials); c.phase == Waiting && at.After(c.now) {
		c.tries = 0
		if !c.paced && at.Before(c.redialAt) {
			c.redialAt = at
		}
		return
	}
	c.Wake()
}
