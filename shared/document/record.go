package document

import "github.com/holdfast-dev/holdfast/shared/audit"

// record writes a line of the audit log about the member, and its client unless the
// line is about another.
func (d *Document) record(m *member, e audit.Entry) {
	e.Document, e.UserID, e.Delegate = d.id, m.userID(), m.delegateName()
	if e.ClientID == "" {
		e.ClientID = m.ch.ClientID()
	}
	d.emit(Record{Entry: e})
}

func resumedOrNew(resumed bool) string {
	if resumed {
		return "resumed"
	}
	return "new"
}
