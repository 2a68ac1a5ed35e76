package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// op is the hot path: one entry stored, one text to the sender, one text to all
// the others. A repeat is looked for first, because an op that was accepted
// stays accepted whatever became of its writer's rights since.
func (d *Document) op(now time.Time, m *member, f protocol.Frame) {
	if f.MessageID == "" {
		d.malformed(m, f, "message_id_missing")
		return
	}
	if m.held == f.MessageID {
		m.held = "" // it has come again, whatever becomes of it
	}
	if version, ok := m.receipts.find(f.MessageID); ok {
		if !m.behind || version <= m.pushed { // else it is heard in its turn
			d.operationAck(m, f.MessageID, version)
		}
		return
	}
	p, ok := protocol.ParseOp(f.Data)
	if !ok {
		d.malformed(m, f, "op_missing")
		return
	}
	if e, refused := d.mayWrite(now, m, f.MessageID, p.PermEpoch); refused {
		e.MessageID = f.MessageID
		d.sendError(m, e)
		return
	}
	d.version++
	m.receipts.add(Receipt{MessageID: f.MessageID, Version: d.version})
	d.emit(Append{Entry: Entry{
		Version: d.version, UserID: m.userID(), ClientID: m.ch.ClientID(),
		MessageID: f.MessageID, Op: p.Op, At: now,
	}})
	if m.behind || !d.credit(m) {
		d.waits(m, d.version)
	} else {
		d.operationAck(m, f.MessageID, d.version)
	}
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

// holdFor is how long the ops behind one that was refused for a while wait for it,
// once it may come again.
const holdFor = 5 * time.Second

// hold keeps what was sent behind a refused op from overtaking it.
func (m *member) hold(messageID string, until time.Time) {
	if m.held == "" {
		m.held = messageID
	}
	m.heldUntil = until.Add(holdFor)
}

// mayWrite says why the member may not write this op now. The connection lives
// on: each of the reasons may pass.
func (d *Document) mayWrite(now time.Time, m *member, messageID string, epoch uint64) (e protocol.Error, refused bool) {
	switch {
	case !m.allows(permission.SendOperations) && epoch > 0 && epoch < m.grant.Epoch:
		return protocol.Error{Code: protocol.StalePermissionEpoch}, true
	case !m.allows(permission.SendOperations):
		return protocol.Error{Code: protocol.InsufficientPermissions}, true
	case m.ch.ReadOnly(now):
		m.hold(messageID, now)
		return protocol.Error{Code: protocol.TokenExpired, Reason: "read_only"}, true
	case m.held != "" && now.Before(m.heldUntil):
		return protocol.Error{Code: protocol.RateLimitExceeded, Reason: "earlier_refused", RetryAfter: leastPause}, true
	case m.grant.Locked:
		return protocol.Error{Code: protocol.DocumentLocked, RetryAfter: d.cfg.LockRetry}, true
	}
	m.held = ""
	return e, false
}

func (d *Document) operationAck(m *member, messageID string, version uint64) {
	d.data = protocol.OperationAck{DocumentVersion: version}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventOperationAck, Data: d.data,
		MessageID: messageID, Seq: version,
	})
}
