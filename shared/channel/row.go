package channel

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// State is where a channel stands.
type State uint8

// The states, in the order a channel passes through them. They are stored.
const (
	// Active has a live connection.
	Active State = 1 + iota
	// Grace has none, and may be resumed until GraceUntil.
	Grace
	// Gone is over; a new connection is a new channel.
	Gone
)

// Row is a channel as stored. Times are whole milliseconds, UTC; zero means never.
type Row struct {
	UserID, ClientID string
	SessionID        string
	State            State
	// Conn is the current connection, "" in Grace and Gone. A close, message or
	// alarm of any other connection changes nothing.
	Conn        serverconn.ConnID
	ConnectedAt time.Time
	// Resumed is whether the current connection, or the last there was, resumed the channel.
	Resumed bool
	// Seen is the last sign of life that was stored; the runtime's own record
	// of answered pings may be newer. Without Pings it is when somebody looked
	// for a ping and found none.
	Seen time.Time
	// Pings is whether this connection has ever pinged. One that never does is
	// not held to the heartbeat, only to its token's expiry (seed S2's plain client).
	Pings      bool
	GraceUntil time.Time
	// Acked is the last seq the client acknowledged; replay starts after it
	// when the client does not say what it has received.
	Acked uint64
	// Expires is the token's expiry; Noticed that token_refresh_required went out for it.
	Expires time.Time
	Noticed bool
	// NoticeAt is when token_refresh_required is due; zero counts it back from Expires.
	NoticeAt time.Time
}
