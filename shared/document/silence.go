package document

import "time"

// A client's pings wake nobody: the runtime answers them, and keeps the newest of each connection in a
// record, which only a Woken brings. So whether somebody has fallen silent is looked at when something
// else happens (Unjudged), and by an alarm for as long after somebody has acted as a client that was
// there then may yet turn out to be gone. While nobody does anything nobody is looked at,
// and an idle document sleeps, however many are there.

// silences is what is known of when to look. It is in memory: who is back from a hibernation looks
// before anything else.
type silences struct {
	acted  time.Time // when a client last did something
	looked time.Time // when the record was last read
	unseen time.Time // when the first connection is silent for too long, by what is known; zero for never
	watch  time.Time // when an alarm is worth it for that
}

// act notes that a client does something.
func (d *Document) act(now time.Time) {
	if d.acted = now; d.watch.IsZero() && d.watched() {
		d.stale = true
	}
}

// awake takes the first event after a hibernation for an act: what the last one was is forgotten, and the
// alarm that was set for it with the next one that is.
func (d *Document) awake(now time.Time) {
	if d.acted.IsZero() && len(d.conns) > 0 {
		d.act(now)
	}
}

// watched reports whether somebody would notice a connection's death.
func (d *Document) watched() bool { return len(d.conns) >= 2 }

// Unjudged reports whether the runtime's record may show that somebody has fallen silent, so that it
// has to be read (Woken) before what happens now. arrives says that somebody connects, who is told
// who is there.
func (d *Document) Unjudged(now time.Time, arrives bool) bool {
	d.reckonDeadlines()
	return (d.watched() || arrives) && (passed(d.unseen, now) || d.looked.IsZero() && d.acted.IsZero())
}

// reckonSilences works out unseen and watch. An alarm is for a connection that somebody has acted
// after, as far as is known of it; and, because what happened before a hibernation is not,
// for one that has missed a ping.
func (d *Document) reckonSilences() {
	d.unseen, d.watch = time.Time{}, time.Time{}
	since := d.acted
	if late := d.looked.Add(-d.cfg.Channel.Heartbeat); late.After(since) {
		since = late
	}
	for _, m := range d.members {
		at, pings, ok := m.ch.Silence()
		if !ok || !pings && !d.looked.Before(at) {
			continue // a client that has had the time to ping, and does not
		}
		least(&d.unseen, at)
		if d.watched() && !at.Add(-d.cfg.Channel.HeartbeatTimeout).After(since) {
			least(&d.watch, at)
		}
	}
	if !d.watch.IsZero() {
		least(&d.alarm, d.watch)
	}
}
