package client

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// A page that is frozen or left may not come back. What it had not seen stored it
// leaves to the other tabs in its last words (tab_left), and whoever leads sends it.
// Should the page come back, it offers the same ops under the same ids, but not
// before it has heard what happened meanwhile: by then most have a version.

// legacy is one op or comment that was left, with whose it is: nobody else may send it.
type legacy struct {
	laned
	user string
}

// bequeath hands on this tab's ops, and those left to it.
func (c *Client) bequeath() {
	l := &c.log
	if c.sole() || len(l.outbox)+len(l.left) == 0 {
		return
	}
	l.held = len(l.outbox) > 0
	all := append([]legacy(nil), l.left...)
	for _, o := range l.outbox {
		all = append(all, legacy{o.laned(c.cfg.TabID), c.conn.User()})
	}
	c.postLeft(all)
}

// postLeft says what is left behind. Each new leader is told again by every tab that
// knows, since it may not have been there.
func (c *Client) postLeft(all []legacy) {
	for len(all) > 0 {
		w := c.message("tab_left")
		w.Key("ops")
		w.Buf = append(w.Buf, '[')
		n := 0
		for ; n < len(all) && (n == 0 || len(w.Buf)+len(all[n].op) < maxBroadcast/2); n++ {
			if n > 0 {
				w.Buf = append(w.Buf, ',')
			}
			one := jsonscan.NewObject(nil)
			all[n].write(&one)
			one.Str("user_id", all[n].user)
			w.Buf = append(w.Buf, one.End()...)
		}
		w.Buf = append(w.Buf, ']')
		c.post(w)
		all = all[n:]
	}
}

// heardLeft takes over what a tab left behind. Every tab keeps it until it is heard
// with a version or refused, for nobody knows who will lead by then.
func (c *Client) heardLeft(m message) {
	l := &c.log
	for a := jsonscan.Elements(jsonscan.Field(m.raw, "ops")); a.Next(); {
		o := readLaned(a.Value(), m.tab)
		user, _ := jsonscan.Str(jsonscan.Field(a.Value(), "user_id"))
		if !c.sendable(o) || l.hasLeft(o.messageID) || len(l.left) >= maxLane || l.leftBytes+len(o.op) > maxLaneBytes {
			continue
		}
		l.left = append(l.left, legacy{o, user})
		l.leftBytes += len(o.op)
	}
	if c.conn.Live() {
		c.enlaneLeft()
		c.flush()
	}
}

// enlaneLeft sends what was left to this tab by its own user, as far as it is not
// under way. Who that is, connection_ack has said for certain.
func (c *Client) enlaneLeft() {
	for _, o := range c.log.left {
		if o.user == "" || o.user == c.session.userID || o.user == c.conn.Token.User {
			c.enlane(o.laned)
		}
	}
}

func (l *log) hasLeft(messageID string) bool {
	for i := range l.left {
		if l.left[i].messageID == messageID {
			return true
		}
	}
	return false
}

// settleLeft forgets one that was stored or refused.
func (l *log) settleLeft(messageID string) {
	for i := range l.left {
		if messageID != "" && l.left[i].messageID == messageID {
			l.leftBytes -= len(l.left[i].op)
			l.left = append(l.left[:i], l.left[i+1:]...)
			return
		}
	}
}

// mayOffer reports whether this tab's ops may go out. Those it had when it fell
// asleep wait until it has heard what the others made of them: the server knows a
// repeat only among the newest ids.
func (c *Client) mayOffer() bool {
	l := &c.log
	if l.held {
		heardAll := l.version >= l.target && l.restore.of == 0 && c.status.state == stateConnected
		if !heardAll || c.tabs.leading && !c.conn.Live() || !c.tabs.leading && c.tabs.unknown {
			return false
		}
		l.held = false
	}
	return true
}
