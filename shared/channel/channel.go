package channel

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Channel is one user's channel. It is not safe for concurrent use.
type Channel struct {
	cfg *Config
	row Row
}

// New returns a channel nobody has connected to yet, of one client where clientID is set.
// cfg must have its defaults set (Config.WithDefaults) and is shared, not copied.
func New(cfg *Config, userID, clientID string) *Channel {
	return &Channel{cfg: cfg, row: Row{UserID: userID, ClientID: clientID, State: Gone}}
}

// Restore returns the channel a row was taken from.
func Restore(cfg *Config, row Row) (*Channel, error) {
	switch {
	case row.UserID == "":
		return nil, errors.New("channel: row without a user")
	case row.State < Active || row.State > Gone:
		return nil, errors.New("channel: row in no known state")
	case (row.State == Active) != (row.Conn != ""):
		return nil, errors.New("channel: state and connection do not agree")
	case row.State == Grace && row.GraceUntil.IsZero():
		return nil, errors.New("channel: grace without an end")
	}
	return &Channel{cfg: cfg, row: row}, nil
}

// Row returns the channel as it is to be stored.
func (c *Channel) Row() Row { return c.row }

// State returns where the channel stands.
func (c *Channel) State() State { return c.row.State }

// Conn returns the current connection, "" when there is none.
func (c *Channel) Conn() serverconn.ConnID { return c.row.Conn }

// Connection returns when the current connection began, zero for none, and whether it
// resumed the channel.
func (c *Channel) Connection() (since time.Time, resumed bool) {
	if c.row.Conn == "" {
		return time.Time{}, false
	}
	return c.row.ConnectedAt, c.row.Resumed
}

// UserID returns whose channel this is.
func (c *Channel) UserID() string { return c.row.UserID }

// ClientID returns the client that holds or last held the channel.
func (c *Channel) ClientID() string { return c.row.ClientID }

// SessionID returns the session the channel belongs to.
func (c *Channel) SessionID() string { return c.row.SessionID }

// Acked returns the last seq the client is known to have received.
func (c *Channel) Acked() uint64 { return c.row.Acked }

// Expires returns the token's expiry, zero for never.
func (c *Channel) Expires() time.Time { return c.row.Expires }

// Live reports whether the channel is active or may still be resumed.
func (c *Channel) Live() bool { return c.row.State == Active || c.row.State == Grace }

// ReadOnly reports whether the token has expired and not been replaced.
func (c *Channel) ReadOnly(now time.Time) bool {
	return !c.row.Expires.IsZero() && !now.Before(c.row.Expires)
}

// Attempt is an admitted client that asks for the channel.
type Attempt struct {
	Conn     serverconn.ConnID
	ClientID string
	// SessionID is the user's session; Asked is the one the client wants to
	// resume, "" when it does not say.
	SessionID, Asked string
	Expires          time.Time
	// Received is where the client stands when it begins anew.
	Received uint64
}

// Outcome is what a Connect came to.
type Outcome struct {
	// Began is true for a new channel: none was live in this session.
	Began bool
	// Resumed is true when the same client goes on where it was.
	Resumed bool
	// Replaced is the connection that was live until now, "" for none, and
	// Previous its client.
	Replaced serverconn.ConnID
	Previous string
}

// Connect makes the attempt's connection the current one. Deadlines that have
// passed must have been dealt with before (Due), or a channel past its grace
// would be resumed.
func (c *Channel) Connect(now time.Time, a Attempt) Outcome {
	old := c.row
	var out Outcome
	if old.State == Active {
		out.Replaced, out.Previous = old.Conn, old.ClientID
	}
	out.Began = !c.Live() || old.SessionID != a.SessionID
	same := !out.Began && old.ClientID == a.ClientID
	out.Resumed = same && (a.Asked == "" || a.Asked == old.SessionID)
	c.row = Row{
		UserID: old.UserID, ClientID: a.ClientID, SessionID: a.SessionID,
		State: Active, Conn: a.Conn, ConnectedAt: now, Resumed: out.Resumed, Acked: a.Received,
	}
	if same {
		c.row.Acked = old.Acked
	}
	c.Refresh(now, a.Expires)
	return out
}

// Lose ends the connection at the given moment, which may lie in the past, and
// starts the grace period from there.
func (c *Channel) Lose(at time.Time) {
	if c.row.State == Active {
		c.row.State, c.row.Conn = Grace, ""
		c.row.GraceUntil = at.Add(c.cfg.Grace)
	}
}

// Leave ends the channel without grace.
func (c *Channel) Leave() {
	c.row.State, c.row.Conn = Gone, ""
	c.row.GraceUntil = time.Time{}
}

// Forget makes a gone channel one of no session, and reports whether it was one.
func (c *Channel) Forget() bool {
	had := c.row.State == Gone && c.row.SessionID != ""
	if had {
		c.row.SessionID = ""
	}
	return had
}

// Adopt moves a live channel into another session of the same user.
func (c *Channel) Adopt(sessionID string) { c.row.SessionID = sessionID }

// Ack notes that the client has received everything up to seq. It only ever moves
// forward and never past newest; it returns by how much it moved.
func (c *Channel) Ack(seq, newest uint64) uint64 {
	if seq <= c.row.Acked || seq > newest {
		return 0
	}
	moved := seq - c.row.Acked
	c.row.Acked = seq
	return moved
}

// SetAcked says outright where the client stands, backwards too: its own word
// on connecting.
func (c *Channel) SetAcked(seq uint64) { c.row.Acked = seq }

// Refresh puts a new token's expiry in the place of the old one's.
func (c *Channel) Refresh(now, expires time.Time) {
	c.row.Expires, c.row.Noticed, c.row.NoticeAt = expires, false, time.Time{}
	if expires.IsZero() {
		return
	}
	c.row.NoticeAt = expires.Add(-c.cfg.RefreshNotice)
	if left := expires.Sub(now); left < 2*c.cfg.RefreshNotice {
		c.row.NoticeAt = now.Add(left / 2).Truncate(time.Millisecond)
	}
}

// Notice notes that the client was sent the notice of its token's expiry.
func (c *Channel) Notice() { c.row.Noticed = true }

// NoticeLeft is within what time a client that is sent the notice now has to refresh its token:
// what is left of it, RefreshNotice at most.
func (c *Channel) NoticeLeft(now time.Time) time.Duration {
	if c.row.Expires.IsZero() {
		return c.cfg.RefreshNotice
	}
	return max(0, min(c.cfg.RefreshNotice, c.row.Expires.Sub(now)))
}

// TurnBack is for a clock that was set back by that much: see serverconn.Clock.
func (c *Channel) TurnBack(by time.Duration) {
	serverconn.TurnBack(by, &c.row.ConnectedAt, &c.row.Seen, &c.row.GraceUntil)
}

// Known is the newest moment that the row speaks of as past.
func (c *Channel) Known() time.Time {
	t := serverconn.Latest(c.row.ConnectedAt, c.row.Seen)
	if !c.row.GraceUntil.IsZero() { // it was lost then
		t = serverconn.Latest(t, c.row.GraceUntil.Add(-c.cfg.Grace))
	}
	return t
}
