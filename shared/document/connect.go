package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// connect takes an admitted client in, or sends it back to be admitted again.
func (d *Document) connect(now time.Time, c Connect) {
	if c.Conn == "" || c.Grant.UserID == "" || d.conns[c.Conn] != nil {
		return // no shell makes one
	}
	d.emit(nil) // the answer's place: it comes before what was due
	d.turnBack(now)
	for _, seen := range c.Seen {
		// Whether the user's other connections still live decides who is replaced, and between
		// a resume and a new session, so it is judged here, by the record just read.
		if m := d.conns[seen.Conn]; m != nil && m.ch.Pinged(serverconn.NotAfter(now, seen.At)) {
			d.stale = true // one that pings has to go on
		}
	}
	d.settleEach(now, d.of(c.Grant.UserID), true)
	d.settleDue(now)
	if !c.Held {
		d.lockSaid(now, c.Grant)
	}

	m := d.find(c.Grant.UserID, c.ClientID)
	if c.Held {
		g, ok := d.held(now, m, &c)
		if !ok {
			d.sendOn(m, c)
			return
		}
		c.Grant = g
	}
	if c.Grant.Epoch < d.fenceOf(c.Grant.UserID) {
		d.sendBack(m, c)
		return
	}
	if m != nil && d.passed(m, c.Grant) && m.ch.Forget() {
		d.readmit(now, m, c)
		return
	}
	if d.outdated(c.Grant) {
		d.sendBack(m, c)
		return
	}
	c.Grant.Access = d.state.Access
	d.effects[0] = Accept{Conn: c.Conn}
	grant := d.newest(m, c.Grant)
	d.passOn(now, grant)
	if m == nil {
		m = d.newMember(grant, c.ClientID)
	}
	if !grant.May().Has(permission.Read) {
		d.refuse(now, m, c, grant, protocol.Error{Code: protocol.InsufficientPermissions, Reason: "no_access"})
		return
	}
	if d.crowded(m) {
		d.refuse(now, m, c, grant, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_delegates", RetryAfter: delegateRetry})
		return
	}
	leaving := d.tooMany(m)
	if len(leaving) > 0 && c.Redial {
		holder := leaving[len(leaving)-1]
		d.refuse(now, m, c, grant, serverconn.Held(holder.ch.ClientID(), holder.ch.Row().ConnectedAt))
		return
	}
	if !m.ch.Live() || m.grant.reads() != grant.reads() {
		if e, full := d.noRoom(m, &grant, leaving); full {
			d.refuse(now, m, c, grant, e)
			return
		}
	}
	m.rejected, m.rejectedFor = 0, 0
	for _, o := range leaving {
		d.replace(now, o, c.ClientID)
	}
	d.admit(now, m, c, grant)
}

// tooMany are those of the user's other clients that make room for the member: as many as are
// beyond Config.PerUser with it. Delegates neither make room nor need any. One whose line is down goes first, then who connected longest
// ago; the last of the list did so most recently. A client that is back on its own channel needs no
// room, unless there is less than there was.
func (d *Document) tooMany(m *member) []*member {
	var others []*member
	if m.delegate() {
		return nil
	}
	for _, o := range d.of(m.userID()) {
		if o == m || !o.ch.Live() || o.delegate() {
			continue
		}
		others = append(others, o)
		for i := len(others) - 1; i > 0 && others[i].before(others[i-1]); i-- {
			others[i-1], others[i] = others[i], others[i-1]
		}
	}
	return others[:max(0, len(others)+1-d.cfg.PerUser)]
}

// before reports whether the member makes room before another does.
func (m *member) before(o *member) bool {
	if m.active() != o.active() {
		return o.active()
	}
	return m.ch.Row().ConnectedAt.Before(o.ch.Row().ConnectedAt)
}

// replace ends the channel of a client whose place another of its user's takes, which learns
// who that is.
func (d *Document) replace(now time.Time, m *member, winner string) {
	if m.active() {
		d.replaced(m.self[0], winner, false)
	}
	d.record(m, audit.Entry{At: now, Event: audit.Replaced, Detail: winner}.Ending(m.ch.Connection()))
	d.passSections(m, winner)
	d.gone(now, m, replaced)
}

func (d *Document) newMember(grant Grant, clientID string) *member {
	m := &member{ch: channel.New(d.timing(grant.UserID), grant.UserID, clientID), grant: grant, fence: d.fenceOf(grant.UserID)}
	d.rewrites(m)
	m.receipts.Reset(d.cfg.Unacknowledged)
	// Another client id of the user brings no new allowance.
	var last *member
	for _, o := range d.of(grant.UserID) {
		if last == nil || o.ch.Row().ConnectedAt.After(last.ch.Row().ConnectedAt) {
			last = o
		}
	}
	if last != nil {
		m.conn = last.conn
		m.conn.Renew()
		m.history, m.shows, m.showFlood = last.history, last.shows, last.showFlood
	}
	d.insert(m)
	return m
}

// passed reports whether an admission is of a session this document knows to be
// over for the user: that of the gone channel, or one before it. While the user has another
// channel here the session goes on.
func (d *Document) passed(m *member, g Grant) bool {
	return g.AdmittedAt.Before(m.grant.AdmittedAt) || m.ch.SessionID() == d.sessionID(g.SessionID) && alive(d.of(m.userID())) == 0
}

// sendBack has the front ask the session object again, which learns what it has to know.
func (d *Document) sendBack(m *member, c Connect) {
	d.effects[0] = Readmit{
		Conn: c.Conn, Gone: m == nil || !m.ch.Live(), AdmittedAt: c.Grant.AdmittedAt, Access: d.state.Access,
	}
	if m != nil {
		d.save(m) // a sign of life may be new
	}
}

// sendOn has the front ask the session object, for whom the document does not let in by itself.
func (d *Document) sendOn(m *member, c Connect) {
	d.effects[0] = Readmit{Conn: c.Conn, Access: d.state.Access}
	if m != nil && m.active() {
		d.save(m) // a sign of life may be new
	}
}

// readmit sends an admission back that was given before the session object
// knew the channel was gone. It is asked for once: Forget has made the row one
// of no session. Should the front never come back, the notification does its work.
func (d *Document) readmit(now time.Time, m *member, c Connect) {
	if c.Grant.AdmittedAt.After(m.grant.AdmittedAt) {
		m.grant.AdmittedAt = c.Grant.AdmittedAt
	}
	m.notifying, m.asking, m.tries, m.notifyNext = true, false, 1, now.Add(backoff.Pause(1))
	d.stale = true
	d.sendBack(m, c)
}

// admit makes the connection the channel's current one and says so to everybody
// concerned: the replaced connection, the new one, the others.
func (d *Document) admit(now time.Time, m *member, c Connect, grant Grant) {
	old := m.ch.Row()
	out := m.ch.Connect(now, channel.Attempt{
		Conn: c.Conn, ClientID: c.ClientID,
		SessionID: d.sessionID(grant.SessionID), Asked: c.SessionID,
		Expires: grant.Expires, Received: d.version,
	})
	if out.Replaced != "" {
		d.detach(m)
	}
	d.attach(m, c.Conn)
	d.act(now)
	m.grant, m.term, m.called = grant, d.term, false // its user's object was asked, or has nothing
	locked := len(d.sections)
	if !m.allows(permission.LockSection) {
		d.releaseSections(m, m) // it hears of it behind its connection_ack
	}
	m.notifying, m.reason, m.notifyNext, m.tries = false, "", time.Time{}, 0
	m.confirms = m.confirms && !out.Began
	d.forgetPoster(m.key())
	if !c.Known {
		d.remember(m, c.Receipts)
	}
	replay, gap := d.missed(m, &c, &out.Resumed)
	m.joined = d.version
	if replay != nil {
		m.behind, m.pushed = true, replay.From-1
	}

	arrives := d.arrives(m, out.Replaced != "")
	d.save(m)
	if out.Replaced != "" {
		d.record(m, audit.Entry{At: now, Event: audit.Replaced, Detail: c.ClientID}.Ending(old.ConnectedAt, old.Resumed))
	}
	d.record(m, audit.Entry{At: now, Event: audit.Connected, Detail: resumedOrNew(out.Resumed)})
	if out.Replaced != "" {
		d.replaced(out.Replaced, c.ClientID, true)
	}
	d.acknowledge(now, m, out.Resumed, replay, gap)
	if replay != nil {
		d.pump(m)
	}
	d.sendMembers(m)
	if d.anyLocked() || len(d.sections) < locked {
		d.sendLocks(m, "")
	}
	if arrives {
		d.sendPresence(m, protocol.EventJoin, c.ClientID, nil)
	}
	if old.State != channel.Active && old.State != channel.Grace {
		d.tellMember(now, delivery.DocumentJoined, m, "")
	}
}

// missed works out what the client has to be sent again and what it cannot. Its
// own word goes first; a resume without one goes by what it acknowledged.
func (d *Document) missed(m *member, c *Connect, resumed *bool) (*protocol.Range, *protocol.Gap) {
	stands := d.stands(c)
	switch {
	case stands.rewound:
		*resumed = false
		m.ch.SetAcked(d.version)
		from := stands.common + 1
		to := max(min(max(c.LastSeq, d.version), protocol.MaxSeq), from)
		return nil, &protocol.Gap{From: from, To: to, Count: to - stands.common, Reason: protocol.Rewound}
	case c.HasLastSeq:
		*resumed = *resumed && !stands.elsewhere
		m.received = c.LastSeq
		m.ch.SetAcked(c.LastSeq)
	case !*resumed:
		return nil, nil
	}
	from, count := m.ch.Acked()+1, d.version-m.ch.Acked()
	switch {
	case count == 0:
		return nil, nil
	case m.ch.Acked() < d.state.Floor, stands.unknown:
		return nil, &protocol.Gap{From: from, To: d.version, Count: count, Reason: "compacted"}
	case count > uint64(d.cfg.MaxReplay):
		return nil, &protocol.Gap{From: from, To: d.version, Count: count, Reason: "too_many"}
	}
	return &protocol.Range{From: from, To: d.version}, nil
}

// replaced ends the connection another one took over from. The same client did
// it knowingly and is sent nothing; any other gets CONNECTION_REPLACED with the winner's id.
func (d *Document) replaced(old ConnID, winner string, handover bool) {
	e := serverconn.Replaced(winner)
	if !handover {
		d.emit(Send{Conns: d.one(old), Text: d.encode(e.Frame())})
	}
	d.shut(old, &e)
}

func (d *Document) acknowledge(now time.Time, m *member, resumed bool, replay *protocol.Range, gap *protocol.Gap) {
	d.data = protocol.ConnectionAck{
		ClientID: m.ch.ClientID(), UserID: m.userID(),
		Permissions:     m.grant.May().Names(),
		DocumentVersion: d.version, SnapshotVersion: d.state.Snapshot,
		WorkspaceID: m.grant.WorkspaceID, WorkspaceRole: m.grant.Role, Generation: d.state.Generation,
		SessionID: m.ch.SessionID(), Resumed: resumed, Replay: replay, Gap: gap,
		Position: d.position().String(), LastMessageID: m.receipts.Newest(), PermEpoch: m.grant.Epoch, Locked: d.locked(),
		ServerTime: now, ExpiresAt: m.grant.Expires,
		HeartbeatInterval: d.cfg.Channel.Heartbeat, GracePeriod: d.cfg.Channel.Grace,
		Limits: d.cfg.Conn.AckLimits(d.cfg.Unacknowledged, d.limits(m)),
	}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: d.data})
}

// refuse accepts the socket only to say why it closes: a browser cannot read
// the answer to a refused upgrade. The session object counted the channel when
// it admitted, so it is notified; a full document leaves it to be tried again.
func (d *Document) refuse(now time.Time, m *member, c Connect, grant Grant, e protocol.Error) {
	d.emit(Send{Conns: d.one(c.Conn), Text: d.encode(e.Frame())})
	d.shut(c.Conn, &e)
	m.grant = grant
	d.dismiss(now, m, &e, now, false)
}

// dismiss ends a member's channel, and its connection with the reason.
func (d *Document) dismiss(now time.Time, m *member, e *protocol.Error, since time.Time, resumed bool) {
	if m.active() {
		d.sendError(m, *e)
		d.shut(m.self[0], e)
	}
	d.recordClosed(now, m, e, since, resumed)
	d.gone(now, m, "final_error")
}
