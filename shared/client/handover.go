package client

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// A page that is frozen or left may not come back. What it had not seen stored it
// leaves to the other tabs in its last words (tab_left), and whoever leads sends it.
// Should the page come back, it offers the same ops under the same ids, but not
// before it has received what happened meanwhile: by then most have a version.

// handedOver is one op or comment that was left, with whose it is: nobody else may send it.
type handedOver struct {
	queued
	user string
}

// handOver hands on this tab's ops, and those left to it.
func (c *Client) handOver() {
	l := &c.log
	if c.sole() || len(l.outbox)+len(l.left) == 0 {
		return
	}
	l.held = len(l.outbox) > 0
	all := append([]handedOver(nil), l.left...)
	for _, o := range l.outbox {
		if o.safe {
			continue // the leader reads it from the store
		}
		all = append(all, handedOver{o.queued(c.cfg.TabID), c.conn.User()})
	}
	c.postHandOver(all)
}

// take takes an op of the app's and passes it on. A page that has left already, and whose
// app still sends in its last events, leaves it to the others at once: the store may not get to keep it any more.
func (c *Client) take(o outgoing) {
	c.keepOp(&o)
	c.log.outbox = append(c.log.outbox, o)
	if c.suspended {
		c.log.held = true
		c.postHandOver([]handedOver{{o.queued(c.cfg.TabID), c.conn.User()}})
		return
	}
	c.conn.Nudge()
	c.offer()
}

// postHandOver posts what is left behind. Every tab that knows posts it again to each new leader, since it may not have been there.
func (c *Client) postHandOver(all []handedOver) {
	for len(all) > 0 {
		w := c.message("tab_left")
		w.Array("ops")
		n := 0
		for ; n < len(all) && (n == 0 || len(w.Buf)+len(all[n].op) < maxBroadcast/2); n++ {
			w.OpenItem()
			all[n].write(&w)
			w.Str("user_id", all[n].user)
			w.Close()
		}
		w.CloseArray()
		c.post(w)
		all = all[n:]
	}
}

// onLeft takes over what a tab left behind. Every tab keeps it until it comes back
// with a version or refused, for nobody knows who will lead by then.
func (c *Client) onLeft(m message) {
	l := &c.log
	for a := jsonscan.Elements(jsonscan.Field(m.raw, "ops")); a.Next(); {
		o := readQueued(a.Value(), m.tab)
		user, _ := jsonscan.Str(jsonscan.Field(a.Value(), "user_id"))
		if !c.sendable(o) || l.leftIDs.has(o.messageID) || l.seen.has(o.messageID) || c.isGone(o.messageID) {
			continue
		}
		if len(l.left) >= maxLeft || l.leftBytes+len(o.op) > maxLeftBytes {
			break // what comes after it may build on it
		}
		l.leftIDs.add(o.messageID)
		l.left = append(l.left, handedOver{o, user})
		l.leftBytes += len(o.op)
	}
	c.markLeft(m)
	c.enqueueLeft()
	c.flush()
}

// enqueueLeft has a leader send what was left to it by its own user, as far as it is not
// under way. Who that is, connection_ack has said for certain. The log may hold some of it
// already, sent by who left it, so all of the log comes first.
func (c *Client) enqueueLeft() {
	if !c.tabs.leading || !c.hasAll() {
		return
	}
	for _, o := range c.log.left {
		if c.waitsForStore(o.messageID) {
			continue
		}
		if o.user == "" || o.user == c.session.userID || o.user == c.conn.Token.User {
			c.enqueue(o.queued)
		}
	}
}

// settleLeft forgets one that was stored or refused.
func (c *Client) settleLeft(messageID string) {
	if c.log.dropLeft(messageID) {
		c.forget(messageID)
	}
}

func (l *log) dropLeft(messageID string) bool {
	if !l.leftIDs.remove(messageID) {
		return false
	}
	for i := range l.left {
		if l.left[i].messageID == messageID {
			l.leftBytes -= len(l.left[i].op)
			l.left = without(l.left, i)
			break
		}
	}
	return true
}
