package client

import "slices"

// RollCall: a tab that crashed says no good-bye, and the browser reports it to nobody. So a
// leader with other tabs asks now and then who is there; who has not answered by the
// next time is not in the list any more. Answers need no timer, so a hidden tab's
// slow ones do not matter; one that was only busy is back in the list with its answer.

// callRoll strikes out who did not answer, and asks again.
func (c *Client) callRoll() {
	t := &c.tabs
	gone := false
	for _, id := range t.absent {
		gone = c.removeTab(id) || gone
	}
	t.absent = nil
	if gone {
		c.emitTabs()
		c.announce()
		c.loadKept()
	}
	if len(t.others) == 0 {
		return
	}
	t.absent = slices.Clone(t.others)
	c.planRoll()
	c.post(c.message("tab_roll"))
}

// planRoll sets the time of the next roll call.
func (c *Client) planRoll() { c.tabs.rollAt = c.now.Add(RollCall) }

// noteAlive notes that a tab gave a sign of life.
func (c *Client) noteAlive(id string) {
	t := &c.tabs
	if i := slices.Index(t.absent, id); i >= 0 {
		t.absent = slices.Delete(t.absent, i, i+1)
	}
}

// onHere is an answer to the roll call, from a tab that may have been struck out.
func (c *Client) onHere(m message) {
	if c.tabs.leading && c.addTab(m.tab) {
		c.emitTabs()
		c.announce()
	}
}

// onBye is a tab that leaves.
func (c *Client) onBye(m message) {
	if c.tabs.leader == m.tab && !c.tabs.leading {
		// The lock will come to one of the others; until then nobody leads.
		c.tabs.leader = ""
		c.log.unpost()
		c.alive()
		c.startProbe()
	}
	if c.removeTab(m.tab) {
		c.emitTabs()
		if c.tabs.leading {
			c.announce()
			c.loadKept()
		}
	}
}
