package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Row is the device channel as stored; at most one per object.
type Row struct {
	Channel channel.Row
	// Token is what the connection lives by.
	Token Token
	// Asked is when the oldest ping went out that nothing has answered, where that is not
	// the first since Channel.Seen; zero otherwise.
	Asked   time.Time
	Pending Pending
	// Outbox outlives the channel.
	Outbox channel.OutboxRow
}

// Token is what is remembered of a token.
type Token struct {
	ID                string
	IssuedAt, Expires time.Time
}

// Pending is a socket that has not sent connection_init yet; without a Conn there is none.
type Pending struct {
	Conn serverconn.ConnID
	At   time.Time
	// ClientID is what the client calls itself, "" when it does not; MadeUp stands in for
	// it where nobody else holds the channel.
	ClientID, MadeUp string
	// Flat says that it came by seed S1's own address, and receives S1's form of a refusal
	// before it has shown which one it writes.
	Flat  bool
	Token Token
}

// Snapshot is everything Restore needs.
type Snapshot struct {
	Row Row
	// Kept are the frames of the outbox, by seq.
	Kept []channel.Kept
	// Unstored says of a running channel that the stored row lacks Row.Asked.
	Unstored bool
	// Heard is what the current connection's socket keeps (Heard), zero for nothing.
	Heard time.Time
}

func (t Token) claims(userID string) session.Claims {
	return session.Claims{UserID: userID, TokenID: t.ID, IssuedAt: t.IssuedAt, Expires: t.Expires}
}

func tokenOf(c session.Claims) Token {
	return Token{ID: c.TokenID, IssuedAt: c.IssuedAt, Expires: c.Expires}
}
