package client

import "strings"

// A leader keeps so many ops of its followers and no more. A tab whose op finds no room is
// told so (`later`), keeps it, and offers it again with what comes after it: the leader takes
// nothing of that tab's until then, so that its ops keep their order.

// ids is a set of message ids.
type ids map[string]struct{}

// add reports whether the id is new.
func (s *ids) add(id string) bool {
	if s.has(id) {
		return false
	}
	if *s == nil {
		*s = ids{}
	}
	(*s)[id] = struct{}{}
	return true
}

func (s ids) has(id string) bool {
	_, ok := s[id]
	return ok
}

// remove reports whether the id was there.
func (s ids) remove(id string) bool {
	if !s.has(id) {
		return false
	}
	delete(s, id)
	return true
}

// without returns the list without its i-th element. The first costs nothing: answers come in
// the order of what was sent.
func without[T any](list []T, i int) []T {
	var none T
	if i == 0 {
		list[0] = none
		return list[1:]
	}
	copy(list[i:], list[i+1:])
	list[len(list)-1] = none
	return list[:len(list)-1]
}

// isMine reports whether this tab may have made a message id.
func (c *Client) isMine(messageID string) bool {
	own := c.cfg.TabID
	return len(messageID) > len(own) && messageID[len(own)] == '-' && strings.HasPrefix(messageID, own)
}

// mayPost reports whether the next op of the outbox may go to the leader: one at least, and
// within what the server and the leader take at a time.
func (c *Client) mayPost() bool {
	l := &c.log
	return l.posted < len(l.outbox) && l.posted < c.session.unacknowledged &&
		(l.posted == 0 || l.postedBytes+len(l.outbox[l.posted].op) <= c.room.offered)
}

// unpost has all of the outbox offered again.
func (l *log) unpost() { l.posted, l.postedBytes, l.anew = 0, 0, false }

// emptyQueue forgets the leader's part.
func (l *log) emptyQueue() {
	l.queue, l.queued, l.queueBytes, l.late, l.sent, l.stalled = nil, nil, 0, nil, 0, false
}

// takeOffered takes an op of a follower, if there is room. With first it is the oldest that
// the tab has to offer.
func (c *Client) takeOffered(o queued, first bool) {
	l := &c.log
	switch {
	case l.late[o.tab] && !first:
		return // it comes again, behind the one there was no room for
	case l.queued.has(o.messageID):
	case len(l.queue) >= c.room.ops, len(l.queue) > 0 && l.queueBytes+len(o.op) > c.room.bytes:
		if len(l.late) > 4*maxTabs {
			l.late = nil // no browser has so many; a script might
		}
		if l.late == nil {
			l.late = map[string]bool{}
		}
		l.late[o.tab] = true
		w := c.event("later")
		w.Str("message_id", o.messageID)
		c.post(w)
		return
	default:
		c.enqueue(o)
	}
	delete(l.late, o.tab)
	c.conn.Nudge()
	c.flush()
}

// offerLater is the leader having no room for an op of this tab's.
func (c *Client) offerLater(messageID string) {
	l := &c.log
	if !c.isMine(messageID) {
		return
	}
	size := 0
	for i, o := range l.outbox[:l.posted] {
		if o.messageID == messageID {
			l.posted, l.postedBytes, l.anew = i, size, true
			c.tabs.offerAt = c.now.Add(offerPause + c.conn.Rand.UpTo(offerPause))
			return
		}
		size += len(o.op)
	}
}
