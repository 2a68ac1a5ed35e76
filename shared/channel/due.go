package channel

import "time"

// Due is something whose time has come.
type Due uint8

// What can be due.
const (
	Nothing   Due = iota
	Notice        // ask the client to refresh its token: Notice
	TokenOver     // the read-only time after expiry is over: Lose
	Silent        // nothing received for HeartbeatTimeout: Lose
	GraceOver     // nobody came back: Leave
)

// Deadline returns the next moment something is due. watched says whether
// somebody would notice the connection's death; without it the heartbeat is no
// reason to wake up.
func (c *Channel) Deadline(watched bool) (time.Time, bool) {
	due, at := c.next(watched)
	if look, ok := c.firstLook(); ok && watched && (due == Nothing || look.Before(at)) {
		return look, true
	}
	return at, due != Nothing
}

// Due returns what is due at now and since when. judge says that the runtime's
// record of answered pings was just read (Pinged), so that silence may be judged.
// The caller deals with it and asks again until Nothing is due.
func (c *Channel) Due(now time.Time, judge bool) (Due, time.Time) {
	due, at := c.next(judge)
	if due == Nothing || now.Before(at) {
		return Nothing, time.Time{}
	}
	return due, at
}

func (c *Channel) next(heartbeat bool) (due Due, at time.Time) {
	least := func(d Due, t time.Time) {
		if due == Nothing || t.Before(at) {
			due, at = d, t
		}
	}
	r := &c.row
	switch r.State {
	case Grace:
		least(GraceOver, r.GraceUntil)
	case Active:
		if !r.Expires.IsZero() {
			least(TokenOver, r.Expires.Add(c.cfg.ReadOnly))
			if !r.Noticed {
				least(Notice, c.noticeAt())
			}
		}
		if heartbeat && r.Pings {
			least(Silent, r.Seen.Add(c.cfg.HeartbeatTimeout))
		}
	}
	return due, at
}

func (c *Channel) noticeAt() time.Time {
	if c.row.NoticeAt.IsZero() {
		return c.row.Expires.Add(-c.cfg.RefreshNotice)
	}
	return c.row.NoticeAt
}

// Pinged notes that the runtime answered a ping of the current connection at
// this moment: from now on it is held to the heartbeat. It reports whether this
// is the connection's first ping.
func (c *Channel) Pinged(at time.Time) (first bool) {
	if c.row.State != Active || at.IsZero() {
		return false
	}
	first = !c.row.Pings
	if first || at.After(c.row.Seen) {
		c.row.Seen = at
	}
	c.row.Pings = true
	return first
}

// Alive notes a frame of the current connection. It is a sign of life, but does
// not hold a connection to a heartbeat it never began.
func (c *Channel) Alive(now time.Time) {
	if c.row.State == Active && c.row.Pings && now.After(c.row.Seen) {
		c.row.Seen = now
	}
}

// firstLook is when to look whether a connection pings at all: it must have had
// the time to.
func (c *Channel) firstLook() (time.Time, bool) {
	ok := c.row.State == Active && !c.row.Pings && c.row.Seen.IsZero()
	return c.row.ConnectedAt.Add(c.cfg.HeartbeatTimeout), ok
}

// Silence returns when the current connection is silent for too long, by what is known of it: the
// runtime's record may know of a newer ping. One that is not known to ping may have begun at any time
// since it connected (pings is false). ok is false without a connection.
func (c *Channel) Silence() (at time.Time, pings, ok bool) {
	r := &c.row
	if r.State != Active {
		return time.Time{}, false, false
	}
	if r.Pings {
		return r.Seen.Add(c.cfg.HeartbeatTimeout), true, true
	}
	return r.ConnectedAt.Add(c.cfg.HeartbeatTimeout), false, true
}

// Look notes that the runtime's record was read and held no ping of this
// connection though it had the time for one, so that no further alarm is spent
// on it; a later ping counts all the same, whenever something else wakes the
// object. It reports whether that is news.
func (c *Channel) Look(now time.Time) bool {
	at, ok := c.firstLook()
	if !ok || now.Before(at) || now.IsZero() {
		return false
	}
	c.row.Seen = now
	return true
}

// LostAt returns when the current connection was lost, given that its end was
// noticed at now: then, or when its token had run out, or, if judge says the
// runtime's record was just read, when it fell silent. Without that the record
// here may be long out of date.
func (c *Channel) LostAt(now time.Time, judge bool) time.Time {
	at := now
	if c.row.State == Active {
		if t := c.row.Seen.Add(c.cfg.HeartbeatTimeout); judge && c.row.Pings && t.Before(at) {
			at = t
		}
		if t := c.row.Expires.Add(c.cfg.ReadOnly); !c.row.Expires.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}
