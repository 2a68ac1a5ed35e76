package client

import (
	"cmp"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A user's other client has taken the document: a phone, or the other browser. The tabs of this
// profile do not dial by themselves then, and take it back when the user says so: by TakeOver
// in any of them, or by opening another. Meanwhile they keep what is not stored, and send it
// under the same message ids afterwards.

// yield is the leader's part: another client has the document.
func (c *Client) yield(f *Failure, code int) {
	if c.cfg.Unattended {
		c.final("error", f, code)
		return
	}
	c.conn.Stop(1000, "replaced")
	c.replaced = status{state: stateReplaced, reason: cmp.Or(f.Reason, f.Code), code: code, clientID: f.ClientID}
	c.notifyTabs("error", f.appendJSON(nil))
	c.setStatus(c.replaced)
	if f.Reason == protocol.ReasonHeld && c.claiming() {
		c.takeOver() // said while that dial was on its way
	}
}

// heardStatus is a follower's part: its leader has said how the session stands.
func (c *Client) heardStatus(st status) {
	isNew := c.isNew
	c.isNew, c.replaced = false, status{}
	switch st.state {
	case stateReplaced:
		c.replaced = st
		if isNew {
			c.takeOver() // who opens the document wants it here
		}
	case stateConnected:
		c.claimBy = zero
	}
}

// takeOver is the user's word.
func (c *Client) takeOver() {
	if c.status.state == stateConnected || c.suspended {
		return
	}
	c.claimBy = c.now.Add(claimFor)
	if !c.tabs.leading {
		c.post(c.message("tab_take_over")) // whoever leads next has it from here, if nobody does now
		return
	}
	if c.replaced.state == "" {
		c.conn.Wake()
		return
	}
	c.replaced = status{}
	c.setStatus(c.down(status{reason: "taking_over"}))
	c.conn.Start()
	c.conn.PlanRefresh()
	c.conn.Connect()
}

// claiming reports whether the user has just said so.
func (c *Client) claiming() bool { return c.now.Before(c.claimBy) }
