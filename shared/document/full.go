package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// maxRejected is how often the wait before a full document grows: to 16 times the first.
const maxRejected = 4

// documentFull rejects a user of a document that is full: each time for twice as long,
// and not everybody for the same time, or they would all be back at once.
func (d *Document) documentFull(m *member) protocol.Error {
	wait := d.cfg.Channel.Grace << min(m.rejected, maxRejected)
	wait += wait / 256 * time.Duration(hash(m.userID())%64)
	m.rejected++
	m.rejectedFor = wait
	return protocol.Error{
		Code: protocol.ServiceUnavailable, Message: "The document is full: try again later.",
		Reason: "document_full", RetryAfter: wait.Truncate(time.Millisecond),
	}
}

// hash is FNV-1a: it spreads users over a time, the same each time.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
