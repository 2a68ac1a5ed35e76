package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Row is the channel of one client of a user's as stored: the channel's own state and the
// grant it lives under.
type Row struct {
	Channel channel.Row
	Grant   Grant
	// Notifying is true while the session object has yet to learn that a gone
	// channel is gone. Once it has, the row stays until NotifyNext (one grace
	// period) so that a connect admitted just before still gets Readmit; it is
	// swept at the first event after that and keeps no alarm.
	Notifying  bool
	Reason     string
	NotifyNext time.Time
	Tries      int
	// Fence is the least epoch a grant must have to be let in: an older one was given
	// before something that it does not know of.
	Fence uint64
	// Behind says that the entries after Pushed have not gone to the connection
	// yet; DrySince since when it has had no room for more, zero while it has.
	Behind   bool
	Pushed   uint64
	DrySince time.Time
	// Called says that something waits for the client at its user's object: that is asked when
	// the client next connects.
	Called bool
	// Term is the one under which the connection began, and lives.
	Term uint64
	// Confirms is whether the client has ever answered a probe (serverconn.Window).
	Confirms bool
	// Trusted is how many windows the connection was given unconfirmed.
	Trusted int
	// Unlisted says that the others are not shown the connection (Config.ShownReaders).
	Unlisted bool
}

// Live is what a document knows of a connection and forgets when it hibernates:
// what is under way to it, how much it sent, questions that die with the
// instance that asked them.
type Live struct{ live }

// Poster is what is remembered of one that has posted without a connection.
type Poster struct {
	Key      string
	Receipts []Receipt
}

// Snapshot is everything Restore needs. The log itself stays in storage.
type Snapshot struct {
	DocumentID string
	Version    uint64 // of the newest entry, 0 for none
	Total      uint64 // its Total, or State's
	// Fresh is a random text, the generation of a log that has none yet.
	Fresh string
	// Term is a random number, the term of a boot that finds no socket; LastTerm is that of the
	// newest entry, if it is Version's. Open are the connections whose sockets are still there.
	Term, LastTerm uint64
	Open           map[ConnID]bool
	State          State
	Sections       []Section // by name
	Upload         Upload
	Comments       int // that are open
	Events         delivery.Snapshot
	Channels       []Row
	// Live is what is not stored, for each of Channels, or nothing.
	Live []Live
	// Probes are the ids that were used, with Live.
	Probes serverconn.Probes
	// Posters are who has posted without a connection, the newest last, with Live too.
	Posters []Poster
	// Writers are those of whose posts the audit log has a line, with Live too.
	Writers []string
	// Shown is what was attached to sockets (Attach), where Live does not say.
	Shown map[ConnID][]byte
	// Receipts are, for each of Channels, the newest ops of its client; without them they are
	// Recalled when they are needed.
	Receipts [][]Receipt
}
