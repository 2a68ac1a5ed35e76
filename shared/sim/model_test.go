package sim_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// model is what must be true of the channel of one client of a user's on one document, worked out
// from the outside: from connections and tokens, never from the core's own state.
type model struct {
	session    string
	connection *connection
	expires    time.Time
	gone       bool // left, or ended for good
	lost       bool
	// early and late are when the connection was lost at the earliest and at the
	// latest: frames that are not pings are signs of life that an eviction forgets.
	early, late time.Time
	// unsure is set while a readmission is under way: another client of the user
	// may slip in with an admission of the old session.
	unsure bool
}

const (
	grace    = 30 * time.Second
	silence  = 25 * time.Second
	readOnly = 25 * time.Second
)

// death returns when the connection was lost if nobody had said anything.
func (m *model) death(now time.Time) (early, late time.Time) {
	early, late = now, now
	if ping := m.connection.lastPing(); !ping.IsZero() {
		early = earlier(early, ping.Add(silence))
		late = earlier(late, later(ping, m.connection.lastFrame).Add(silence))
	}
	end := m.expires.Add(readOnly)
	return earlier(early, end), earlier(late, end)
}

// lostAt is when the connection was lost, or would be now.
func (m *model) lostAt(now time.Time) (early, late time.Time) {
	if m.lost {
		return m.early, m.late
	}
	return m.death(now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// noteClose keeps the model up when a socket ends, by whichever side.
func (d *docObject) noteClose(l *connection, code int) {
	m := d.channels[l.c.key()]
	if m == nil || m.connection != l || m.lost {
		return
	}
	m.lost = true
	m.early, m.late = m.death(d.w.Now)
	m.gone = code == 1000 || code >= 4400 && code != 4409
}

// renewed notes a token that was swapped in place.
func (d *docObject) renewed(c *client) {
	row, here := d.store.Rows[c.key()]
	if m := d.channels[c.key()]; m != nil && here {
		m.expires = row.Channel.Expires
	}
}

// expect says what session id the next accepted connection of a user must have:
// that of the channels, another one, or (neither) nothing certain.
func (d *docObject) expect(user *user) (same, differ bool, old string) {
	differ = len(d.w.docs) == 1 // no other channel keeps the session alive
	for _, c := range user.clients {
		if c.doc == d && c.astray {
			differ = false
		}
		if d.store.Rows[c.key()].Notifying {
			differ = false // the user's object may not have heard yet that the channel is gone
		}
		m := d.channels[c.key()]
		switch {
		case c.doc != d || m == nil:
			continue
		case m.unsure:
			return false, false, ""
		}
		early, late := m.lostAt(d.w.Now)
		old = m.session
		switch now := d.w.Now; {
		case m.gone:
			differ = false
		case now.Before(early.Add(grace)):
			return true, false, m.session
		case now.Before(late.Add(grace)):
			differ = false
		}
	}
	return false, differ && old != "", old
}

// accepted holds a new connection to what was expected, and begins its model.
func (d *docObject) accepted(l *connection, g document.Grant, same, differ bool, old string, again bool) {
	w, id := d.w, d.store.Rows[l.c.key()].Channel.SessionID
	if id == "" {
		w.fail("%s: %s has no session id", d.id, g.UserID)
	}
	if same {
		w.counts.GraceChecked++
		if id != old {
			w.fail("%s: %s is back within grace, and session %s has become %s", d.id, g.UserID, old, id)
		}
	}
	if differ {
		w.counts.RenewChecked++
		if id == old {
			w.fail("%s: %s is back after grace, and still in session %s", d.id, g.UserID, old)
		}
	}
	l.c.astray = false
	was := d.channels[l.c.key()]
	d.channels[l.c.key()] = &model{
		session: id, connection: l, expires: g.Expires, unsure: was != nil && was.unsure && !again,
	}
}

// connect forwards an admitted client to the document, as the front does:
// once more, with a second admission, when the document asks for it.
func (d *docObject) connect(c *client, a attempt, grant session.Grant, again bool) {
	d.connectBy(c, a, docGrant(grant), again, false)
}

func (d *docObject) connectBy(c *client, a attempt, grant document.Grant, again, held bool) {
	w := d.w
	d.judge(true)
	w.connNo++
	l := &connection{w: w, c: c, conn: document.ConnID(connName(w.connNo)), born: w.Now, asked: a.session != "", said: a, clientOpen: true, serverOpen: true, log: d.log}
	if w.connections[l.conn] = l; l.asked {
		l.acked = a.received
	}
	ev := document.Connect{
		Conn: l.conn, Grant: grant, Held: held, ClientID: c.id, SessionID: a.session,
		LastSeq: a.received, HasLastSeq: a.session != "", Redial: a.redial,
		Known: d.core.Knows(c.user.id, c.id),
	}
	if a.position != "" {
		ev.Position = document.ParsePosition(a.position)
		d.store.LookUp(&ev)
	}
	if !ev.Known {
		ev.Receipts = d.store.Receipts(c.user.id, c.id, w.docCfg.Unacknowledged)
	}
	for _, current := range d.core.Current(c.user.id) {
		if at := w.connections[current].lastPing(); !at.IsZero() {
			ev.Seen = append(ev.Seen, document.Seen{Conn: current, At: at})
		}
	}
	same, differ, old := d.expect(c.user)
	mine := false
	if m := d.channels[c.key()]; m != nil && !m.unsure && !m.gone {
		early, _ := m.lostAt(w.Now)
		mine = w.Now.Before(early.Add(grace))
	}
	c.connections = append(c.connections, l)
	switch answer := d.step(ev).(type) {
	case document.Accept:
		if held {
			d.letIn(c, a)
		}
		d.confirmed(d.store.Rows[c.key()].Grant, "a connect")
		if d.source.notified == d.source.version {
			d.allowed(d.store.Rows[c.key()].Grant, "a connect")
			d.source.sure[c.user.id] = d.source.version
		}
		c.dialing = false
		if l.serverOpen { // else it was only let in to be refused
			d.accepted(l, ev.Grant, same, differ, old, again)
		}
		if len(d.core.Current(c.user.id)) > 1 {
			w.counts.Several++
		}
		if c.connection == nil {
			c.connection = l
		}
	case document.Readmit:
		l.serverOpen, l.clientOpen = false, false
		if held {
			w.counts.SentOn++
			w.After(w.rng.Between(0, 200*time.Millisecond), func() { c.admit(a, false, time.Time{}, answer.Access) })
			return
		}
		w.counts.Readmitted++
		c.astray = true
		if answer.Access > ev.Grant.Access {
			w.counts.Outdated++
		}
		if mine && answer.Gone {
			w.fail("%s: %s is back within grace and was sent away", d.id, c.id)
		}
		if m := d.channels[c.key()]; m != nil && answer.Gone {
			m.unsure = true
		}
		if again {
			c.dialFailed()
			return
		}
		gone := time.Time{}
		if answer.Gone {
			gone = answer.AdmittedAt
		}
		c.admit(a, true, gone, answer.Access)
	default:
		w.fail("a connect was not answered")
	}
}

func connName(n int) string {
	const hex = "0123456789abcdef"
	b := [16]byte{}
	for i := range b {
		b[15-i] = hex[n&15]
		n >>= 4
	}
	return string(b[:])
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
