package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
)

// Row is one user's channel as stored: the channel's own state and the grant
// it lives under.
type Row struct {
	Channel channel.Row
	Grant   Grant
	// Telling is true while the session object has yet to hear that a gone
	// channel is gone. Once it has, the row stays until TellNext (one grace
	// period) so that a connect admitted just before still gets Readmit; it is
	// swept at the first event after that and keeps no alarm.
	Telling  bool
	Reason   string
	TellNext time.Time
	Tries    int
	// Invalid counts the invalid frames in a row on the current connection. It
	// need not be stored: forgetting it only starts the count again.
	Invalid int
	// Verifying is whether a token_refresh waits for its answer. It must not be
	// stored: the question dies with the instance that asked it.
	Verifying bool
}

// Snapshot is everything Restore needs. The log itself stays in storage.
type Snapshot struct {
	DocumentID string
	Version    uint64 // of the newest entry, 0 for none
	Channels   []Row
	// Receipts are, for every channel, the newest ops of its client id.
	Receipts map[string][]Receipt // by user id
}
