package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/channel"
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
	if m := d.find(c.Grant.UserID); m != nil {
		// Whether the user's old connection still lived decides between taking over
		// and a new session, so it is judged here, by the record just read.
		m.ch.Pinged(serverconn.NotAfter(now, c.Seen))
		d.settle(now, m, true)
	}
	d.settleDue(now)
	d.lockSaid(now, c.Grant)

	m := d.find(c.Grant.UserID)
	if m != nil && c.Grant.Epoch < m.fence {
		d.sendBack(m, c)
		return
	}
	if m != nil && m.passed(d.sessionID(c.Grant.SessionID), c.Grant.AdmittedAt) && m.ch.Forget() {
		d.readmit(now, m, c)
		return
	}
	if d.outdated(c.Grant) {
		d.sendBack(m, c)
		return
	}
	d.effects[0] = Accept{Conn: c.Conn}
	grant := c.Grant
	if m != nil {
		grant = m.newest(grant)
	}
	if !permission.Set(grant.Permissions).Has(permission.Read) {
		d.refuse(now, m, c, grant, protocol.Error{Code: protocol.InsufficientPermissions, Reason: "no_access"})
		return
	}
	if c.Redial && m != nil && m.ch.Live() && m.ch.ClientID() != c.ClientID {
		d.held(now, m, c)
		return
	}
	if (m == nil || !m.ch.Live()) && d.live() >= d.cfg.MaxMembers {
		if m == nil {
			m = d.newMember(grant)
		}
		d.refuse(now, m, c, grant, d.documentFull(m))
		return
	}
	if m == nil {
		m = d.newMember(grant)
	}
	m.rejected, m.rejectedFor = 0, 0
	d.admit(now, m, c, grant)
}

// held refuses a client that has dialled by itself while another of its user has the channel:
// in grace too, for that one is what the user had in hand last, and comes back.
func (d *Document) held(now time.Time, m *member, c Connect) {
	e := serverconn.Held(m.ch.ClientID(), m.ch.Row().ConnectedAt)
	d.emit(Send{Conns: d.one(c.Conn), Text: d.encode(e.Frame())})
	d.emit(Close{Conn: c.Conn, Code: e.CloseCode(), Reason: e.CloseReason()})
	if c.Grant.AdmittedAt.After(m.grant.AdmittedAt) {
		m.grant.AdmittedAt = c.Grant.AdmittedAt // the session object counts from there
	}
	d.save(m)
	d.record(m, audit.Entry{At: now, Event: audit.Closed, ClientID: c.ClientID, Code: string(e.Code), Reason: e.Reason}.Ending(now, false))
}

func (d *Document) newMember(grant Grant) *member {
	m := &member{ch: channel.New(&d.cfg.Channel, grant.UserID), grant: grant}
	d.insert(m)
	return m
}

// passed reports whether an admission is of a session this document knows to be
// over for the user: that of the gone channel, or one before it.
func (m *member) passed(sessionID string, admitted time.Time) bool {
	return m.ch.SessionID() == sessionID || admitted.Before(m.grant.AdmittedAt)
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

// readmit sends an admission back that was given before the session object
// knew the channel was gone. It is asked for once: Forget has made the row one
// of no session. Should the front never come back, the notification does its work.
func (d *Document) readmit(now time.Time, m *member, c Connect) {
	if c.Grant.AdmittedAt.After(m.grant.AdmittedAt) {
		m.grant.AdmittedAt = c.Grant.AdmittedAt
	}
	m.notifying, m.tries, m.notifyNext = true, 1, now.Add(backoff.Pause(1))
	d.stale = true
	d.sendBack(m, c)
}

// admit makes the connection the channel's current one and says so to everybody
// concerned: the replaced connection, the new one, the others.
func (d *Document) admit(now time.Time, m *member, c Connect, grant Grant) {
	old := m.ch.Row()
	was, client := old.State, old.ClientID
	out := m.ch.Connect(now, channel.Attempt{
		Conn: c.Conn, ClientID: c.ClientID,
		SessionID: d.sessionID(grant.SessionID), Asked: c.SessionID,
		Expires: grant.Expires, Received: d.version,
	})
	if out.Replaced != "" {
		d.detach(m)
	}
	d.attach(m, c.Conn)
	m.grant = grant
	if !m.allows(permission.LockSection) {
		d.releaseSections(m.userID())
	}
	m.notifying, m.reason, m.notifyNext, m.tries = false, "", time.Time{}, 0
	m.confirms = m.confirms && !out.Began && client == c.ClientID
	if !c.Known || client != c.ClientID {
		d.remember(m, c.Receipts)
	}
	if c.HasLastSeq && !d.ofThisLog(c) {
		out.Resumed = false
	}
	replay, gap := d.missed(m, c, out.Resumed)
	m.joined = d.version
	if replay != nil {
		m.behind, m.pushed = true, replay.From-1
	}

	d.save(m)
	if out.Replaced != "" {
		d.record(m, audit.Entry{At: now, Event: audit.Replaced, ClientID: out.Previous, Detail: c.ClientID}.Ending(old.ConnectedAt, old.Resumed))
	}
	d.record(m, audit.Entry{At: now, Event: audit.Connected, Detail: resumedOrNew(out.Resumed)})
	handover := out.Replaced != "" && out.Previous == c.ClientID
	if out.Replaced != "" {
		d.replaced(out.Replaced, c.ClientID, handover)
	}
	d.acknowledge(now, m, out.Resumed, replay, gap)
	if replay != nil {
		d.pump(m)
	}
	if was == channel.Active && !handover {
		d.sendPresence(m, protocol.EventLeave, out.Previous, nil)
	}
	d.sendMembers(m)
	if d.anyLocked() {
		d.sendLocks(m, "")
	}
	if !handover {
		d.sendPresence(m, protocol.EventJoin, c.ClientID, nil)
	}
}

// missed works out what the client has to be sent again and what it cannot. Its
// own word goes first; a resume without one goes by what it acknowledged.
func (d *Document) missed(m *member, c Connect, resumed bool) (*protocol.Range, *protocol.Gap) {
	switch {
	case c.HasLastSeq && c.LastSeq > 0 && !d.ofThisLog(c):
		m.ch.SetAcked(d.version)
		to := min(max(c.LastSeq, d.version), protocol.MaxSeq)
		return nil, &protocol.Gap{From: 1, To: to, Count: to, Reason: "erased"}
	case c.HasLastSeq && c.LastSeq > d.version:
		m.ch.SetAcked(d.version)
		to := min(c.LastSeq, max(protocol.MaxSeq, d.version+1))
		return nil, &protocol.Gap{From: d.version + 1, To: to, Count: to - d.version, Reason: "unknown_seq"}
	case c.HasLastSeq:
		m.received = c.LastSeq
		m.ch.SetAcked(c.LastSeq)
	case !resumed:
		return nil, nil
	}
	from, count := m.ch.Acked()+1, d.version-m.ch.Acked()
	switch {
	case count == 0:
		return nil, nil
	case m.ch.Acked() < d.state.Floor:
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
	d.emit(Close{Conn: old, Code: e.CloseCode(), Reason: e.CloseReason()})
}

func (d *Document) acknowledge(now time.Time, m *member, resumed bool, replay *protocol.Range, gap *protocol.Gap) {
	d.data = protocol.ConnectionAck{
		ClientID: m.ch.ClientID(), UserID: m.userID(),
		Permissions:     permission.Set(m.grant.Permissions).Names(),
		DocumentVersion: d.version, SnapshotVersion: d.state.Snapshot,
		WorkspaceID: m.grant.WorkspaceID, WorkspaceRole: m.grant.Role,
		SessionID: m.ch.SessionID(), Resumed: resumed, Replay: replay, Gap: gap,
		LastMessageID: m.receipts.Newest(), PermEpoch: m.grant.Epoch, Locked: d.locked(),
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
	d.emit(Close{Conn: c.Conn, Code: e.CloseCode(), Reason: e.CloseReason()})
	switch {
	case m == nil:
		m = d.newMember(grant)
	case m.active():
		d.sendError(m, e)
		d.emit(Close{Conn: m.self[0], Code: e.CloseCode(), Reason: e.CloseReason()})
	}
	m.grant = grant
	d.record(m, audit.Entry{At: now, Event: audit.Closed, ClientID: c.ClientID, Code: string(e.Code), Reason: e.Reason}.Ending(now, false))
	d.gone(now, m, "final_error")
}
