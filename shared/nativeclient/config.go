package nativeclient

import (
	"time"
)

// Role is which end of a user's session this is.
type Role uint8

// The roles.
const (
	// Device is the user's device: it is let in by the user's token.
	Device Role = iota
	// App is a program attached to the user's session: its key, which lets it in, is the
	// shell's to keep.
	App
)

// Config is what a client knows when it starts.
type Config struct {
	Role Role
	// Name begins each message id, so it is random and new for each client: the server
	// would take a frame of this program's next run for a repeat. At most 64 bytes.
	Name string
	// SessionID and Package are an app's: the session its webhook was called for, and its
	// own name.
	SessionID, Package string
	// Rand seeds the jitter.
	Rand uint64
}

// The times and limits that are this client's own, beside those of package clientconn.
const (
	// AckFrames and AckDelay bound how late the server learns what arrived: a frame that
	// comes alone is acknowledged at once, others after so many or so long.
	AckFrames = 16
	// AckDelay: see AckFrames.
	AckDelay = 100 * time.Millisecond
	// DefaultUnacknowledged is how many messages may be unanswered at once where the
	// server does not say.
	DefaultUnacknowledged = 256
)
