package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// guestReadOnly is how long a guest's connection outlives its token. A link ends at a moment,
// and its guests' last tokens with it: so they read no further. The shortest time there is,
// because zero means the default.
const guestReadOnly = time.Nanosecond

// timing returns the timing of a user's channels.
func (d *Document) timing(userID string) *channel.Config {
	if protocol.IsGuest(userID) {
		return &d.guestTiming
	}
	return &d.cfg.Channel
}

// guestsFull rejects a guest of a document that has as many as it may have.
func (d *Document) guestsFull(m *member) protocol.Error {
	e := d.documentFull(m)
	e.Reason, e.Message = "guests_full", "The document has as many guests as it may have: try again later."
	return e
}
