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
	if version, ok := m.receipts.find(f.MessageID); ok {
		d.operationAck(m, f.MessageID, version)
		return
	}
	p, ok := protocol.ParseOp(f.Data)
	if !ok {
		d.malformed(m, f, "op_missing")
		return
	}
	if e, refused := d.mayWrite(now, m); refused {
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
	d.operationAck(m, f.MessageID, d.version)
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

// mayWrite says why the member may not write now. The connection lives on: each
// of the three may pass.
func (d *Document) mayWrite(now time.Time, m *member) (e protocol.Error, refused bool) {
	switch {
	case !m.allows(permission.SendOperations):
		return protocol.Error{Code: protocol.InsufficientPermissions}, true
	case m.ch.ReadOnly(now):
		return protocol.Error{Code: protocol.TokenExpired, Reason: "read_only"}, true
	case m.grant.Locked:
		return protocol.Error{Code: protocol.DocumentLocked, RetryAfter: d.cfg.LockRetry}, true
	}
	return e, false
}

func (d *Document) operationAck(m *member, messageID string, version uint64) {
	d.data = protocol.OperationAck{DocumentVersion: version}.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventOperationAck, Data: d.data,
		MessageID: messageID, Seq: version,
	})
}
