package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
)

// SessionRow is the session as stored; at most one per object.
type SessionRow struct {
	UserID string
	// ID is the session's id, "" when no session is alive.
	ID        string
	StartedAt time.Time
	// Epoch is the permission epoch. It outlives sessions and only ever grows.
	Epoch uint64
}

// ChannelRow is one live channel as stored.
type ChannelRow struct {
	Document string
	ClientID string
	// Until is when the channel cannot be alive any more, whatever the document
	// says: the token's expiry, the read-only time, and the grace period.
	Until time.Time
	// AdmittedAt is the newest admission's (Grant.AdmittedAt).
	AdmittedAt time.Time
	// Owed is the epoch of the change the document has yet to hear of, 0 for none;
	// Reason what is said of it, NextPush when it is told again, Pushes how often
	// it was.
	Owed     uint64
	Reason   string
	NextPush time.Time
	Pushes   int
}

// AccessRow is one cached answer of the permission source as stored.
type AccessRow struct {
	Document    string
	FetchedAt   time.Time
	Permissions permission.Set
	WorkspaceID string
	Role        string
	Found       bool
	Locked      bool
}

// Snapshot is everything Restore needs.
type Snapshot struct {
	Session  SessionRow
	Channels []ChannelRow
	Access   []AccessRow
}
