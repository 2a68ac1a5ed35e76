package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// record writes a line of the audit log about the member, and its client unless the
// line is about another.
func (d *Document) record(m *member, e audit.Entry) {
	e.Document, e.UserID, e.Delegate = d.id, m.userID(), m.delegateName()
	if e.ClientID == "" {
		e.ClientID = m.ch.ClientID()
	}
	d.emit(Record{Entry: e})
}

// recordClosed records that the member's connection is closed with an error.
func (d *Document) recordClosed(at time.Time, m *member, e *protocol.Error, since time.Time, resumed bool) {
	d.record(m, audit.Entry{At: at, Event: audit.Closed, Code: string(e.Code), Reason: e.Reason, Since: since, Resumed: resumed})
}

func resumedOrNew(resumed bool) string {
	if resumed {
		return "resumed"
	}
	return "new"
}
