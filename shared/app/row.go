package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// State is where an app stands.
type State uint8

// The states. Stopped is no row's: an app that stopped has none.
const (
	Connecting State = iota
	Running
	GracePeriod
	Resurrecting
	Dormant
	Stopping
	Stopped
)

var stateNames = [...]string{"connecting", "running", "grace_period", "resurrecting", "dormant", "stopping", "stopped"}

// String is the state as the wire has it.
func (s State) String() string { return stateNames[s] }

// Phase is what an app that is called is waiting for until Row.Next.
type Phase uint8

// The phases.
const (
	None    Phase = iota
	Calling       // the webhook's answer
	Pausing       // the next call
	Waiting       // the app's connection
)

// Belief is what an app believes of the user's device: the last state that was sent to it.
type Belief uint8

// The beliefs.
const (
	Unsure Belief = iota // frames of different ages were under way when its connection dropped
	There
	Away
)

// Row is one app as stored.
type Row struct {
	Package string
	// SessionID is the one this start of the app was given.
	SessionID string
	State     State
	Phase     Phase
	// Next is when the phase, or Stopping, is over.
	Next time.Time
	// Tries is how often the webhook was called since the app was last there.
	Tries int
	// Been says that the app was connected in this start, and Written that its connections
	// were written down.
	Been, Written bool
	// Rounds is how often it was called back since it last stayed for StayTime.
	Rounds int
	// Reported is the state of the user's device that the app received last.
	Reported Belief
	// Channel is the app's, and KeyID the key that admitted its connection.
	Channel channel.Row
	KeyID   string
	Pending Pending
	// Streams are what the app wants of what the device says to nobody in particular: a JSON
	// array of names, "" for an app that has never said so.
	Streams string
	// Outbox is of what is sent to the app.
	Outbox channel.OutboxRow
}

// Pending is a socket that has not sent app_connection_init yet; without a Conn there is
// none.
type Pending struct {
	Conn  serverconn.ConnID
	At    time.Time
	KeyID string
}

// Saved is one app with all that is kept for it.
type Saved struct {
	Row      Row
	Kept     []channel.Kept
	Receipts []channel.Receipt
}

// Snapshot is everything Restore needs.
type Snapshot struct {
	Apps []Saved
	// Receipts are those of what the user's device has said.
	Receipts []channel.Receipt
}
