package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// op is the hot path: one entry stored, one text to the sender, one text to all
// the others.
func (d *Document) op(now time.Time, m *member, f protocol.Frame) {
	if d.repeated(m, f, KindOp) {
		return
	}
	p, ok := protocol.ParseOp(f.Data)
	if !ok {
		d.malformed(m, f, "op_missing")
		return
	}
	e, refused := d.mayAdd(now, m, f.MessageID, permission.SendOperations, p.PermEpoch)
	if !refused {
		e, refused = d.lockedTo(now, m, p.Section)
	}
	if refused {
		e.MessageID = f.MessageID
		d.sendError(m, e)
		return
	}
	d.add(m, Entry{
		Version: d.version + 1, UserID: m.userID(), ClientID: m.ch.ClientID(),
		MessageID: f.MessageID, Op: p.Op, At: now,
	})
	if len(d.conns) < 2 {
		return
	}
	d.data = protocol.Op{
		Op: p.Op, DocumentVersion: d.version, UserID: m.userID(), ClientID: m.ch.ClientID(),
	}.Append(d.data[:0])
	d.sendOthers(m, protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventOp, Data: d.data, Seq: d.version,
	})
}

// repeated answers what needs no second look: an entry without a name, and one that
// was accepted before. It stays accepted whatever became of its writer's rights since.
func (d *Document) repeated(m *member, f protocol.Frame, kind Kind) bool {
	if f.MessageID == "" {
		d.malformed(m, f, "message_id_missing")
		return true
	}
	if m.held == f.MessageID {
		m.held = "" // it has come again, whatever becomes of it
	}
	version, ok := m.receipts.Find("", f.MessageID)
	if ok && (!m.behind || version <= m.pushed) { // else it is sent in its turn
		d.operationAck(m, f.MessageID, version, kind)
	}
	return ok
}

// add puts the next entry in the log and acknowledges it.
func (d *Document) add(m *member, e Entry) {
	m.receipts.Add("", e.MessageID, e.Version)
	d.stores(&e)
	if m.behind || !d.credit(m) {
		d.waits(m, e.Version)
	} else {
		d.operationAck(m, e.MessageID, e.Version, e.Kind)
	}
}

// stores puts the next entry in the log.
func (d *Document) stores(e *Entry) {
	d.beginLog()
	d.version = e.Version
	d.total += e.size()
	e.Total, e.Term = d.total, d.term
	d.lastTerm = d.term
	d.emit(Append{Entry: *e})
	d.tellEntry(e)
}

// holdFor is how long the ops behind one that was refused for a while wait for it,
// once it may come again.
const holdFor = 5 * time.Second

// hold keeps what was sent behind a refused op from overtaking it.
func (m *member) hold(messageID string, until time.Time) {
	if m.held == "" {
		m.held, m.behindHeld = messageID, ""
	}
	m.heldUntil = until.Add(holdFor)
}

// mayAdd says why the member may not add to the log now. The connection lives on:
// each of the reasons may pass.
func (d *Document) mayAdd(now time.Time, m *member, messageID string, what permission.Operation, epoch uint64) (e protocol.Error, refused bool) {
	switch {
	case !m.allows(what) && epoch > 0 && epoch < m.grant.Epoch:
		return protocol.Error{Code: protocol.StalePermissionEpoch}, true
	case !m.allows(what):
		return protocol.Error{Code: protocol.InsufficientPermissions}, true
	case m.ch.ReadOnly(now):
		m.hold(messageID, now)
		return protocol.Error{Code: protocol.TokenExpired, Reason: "read_only"}, true
	case d.state.Full && what != permission.ResolveComment: // resolving makes room
		return d.logIsFull(), true
	case m.held != "" && (now.Before(m.heldUntil) || m.behindHeld != "" && m.behindHeld != messageID && m.behindHeld != m.held):
		switch {
		case !now.Before(m.heldUntil):
			// Once: who never repeats anything is not held back for ever.
			m.held, m.heldUntil = m.behindHeld, now.Add(holdFor)
		case m.behindHeld == "":
			m.behindHeld = messageID
		}
		return protocol.Error{Code: protocol.RateLimitExceeded, Reason: "earlier_refused", RetryAfter: rate.LeastPause}, true
	}
	m.held = ""
	return e, false
}

// operationAck acknowledges an entry. A comment is named by the version of its create.
func (d *Document) operationAck(m *member, messageID string, version uint64, kind Kind) {
	p := protocol.OperationAck{DocumentVersion: version}
	if kind == KindCreate {
		p.CommentID = commentID(version)
	}
	d.data = p.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventOperationAck, Data: d.data,
		MessageID: messageID, Seq: version,
	})
}
