package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// SessionRow is the session as stored; at most one per object.
type SessionRow struct {
	UserID string
	// ID is the session's id, "" when no session is alive. What is stored may be that of a session
	// before: the channels' rows know theirs.
	ID        string
	StartedAt time.Time
	// Epoch is the permission epoch. It outlives sessions and only ever grows.
	Epoch uint64
	// RevokedBefore is the moment up to which every token is revoked; zero for none. It
	// only ever moves forward, as SignInsBefore does, up to which every sign-in is.
	RevokedBefore, SignInsBefore time.Time
	// IssuedAhead is the newest IssuedAt of a token that was let in although its issuer's
	// clock was ahead of ours; zero for none.
	IssuedAhead time.Time
	// Listed says that operators find the user in their list.
	Listed bool
}

// RevokedRow is one revoked token as stored.
type RevokedRow struct {
	// TokenID is a token's jti, or signin.Tokens of a sign-in.
	TokenID string
	// Until is when no token of that id can be good any more.
	Until time.Time
}

// ChannelRow is the live channel of one client as stored.
type ChannelRow struct {
	// Channel is a document's id, or protocol.DeviceChannel, of which there is one row.
	Channel  string
	ClientID string
	// Until is when the channel cannot be alive any more, whatever the document says: the
	// token's expiry, the read-only time, and the grace period. If that is long, it is first
	// when the document is asked whether the channel is there (see heard.go).
	Until time.Time
	// AdmittedAt is the newest admission's (Grant.AdmittedAt).
	AdmittedAt time.Time
	// Expires and TokenID are those of the newest token this object knows of.
	Expires time.Time
	TokenID string
	// SessionID and StartedAt are those of the session that the channel is of; a row of before has none.
	SessionID string
	StartedAt time.Time
	Pending
}

// Pending is what a document has yet to take or to be asked about. It is the same in all
// rows of a document: the first one's counts, and each change is stored in all.
type Pending struct {
	// Unpushed is the epoch of a change that the document has not taken yet, 0 for none;
	// Reason is what permission_change says of it.
	Unpushed uint64
	Reason   string
	// Stale says that the source has yet to be asked what changed, because of By.
	Stale bool
	By    string
	// Fence is the epoch of a revocation or kick that the document has not taken yet, 0
	// for none; Kick that of a kick, which ends the channel whatever its token.
	Fence, Kick uint64
	// NextPush is when what is pending is sent or asked again; Pushes how often it was.
	NextPush time.Time
	Pushes   int
}

// pending reports whether the document has a change or an end to take, or the source a
// question to answer.
func (c *Pending) pending() bool { return c.Unpushed != 0 || c.Fence != 0 || c.Stale }

// AccessRow is one cached answer of the permission source as stored.
type AccessRow struct {
	Document    string
	FetchedAt   time.Time
	Permissions permission.Set
	WorkspaceID string
	Role        string
	Found       bool
	Locked      bool
	// Access is the newest access version of the document that was known when the source
	// was asked.
	Access uint64
}

// Snapshot is everything Restore needs. Session.UserID is whose object it is, whether or
// not anything is stored.
type Snapshot struct {
	Session  SessionRow
	Channels []ChannelRow
	Access   []AccessRow
	Revoked  []RevokedRow
}

// The rows' keys, for package rows.
func ofChannel(c *ChannelRow) string { return c.Channel + "\x00" + c.ClientID }
func ofAccess(a *AccessRow) string   { return a.Document }
func ofRevoked(r *RevokedRow) string { return r.TokenID }

// Remains is what an object keeps of a user who is erased: nothing but the moment, now, up to
// which every token and sign-in is revoked, and the epoch, which only grows.
func (s Snapshot) Remains(now time.Time) SessionRow {
	now = later(now.UTC().Truncate(time.Millisecond), s.Session.IssuedAhead)
	return SessionRow{
		Epoch:         s.Session.Epoch + 1,
		RevokedBefore: later(now, s.Session.RevokedBefore), SignInsBefore: later(now, s.Session.SignInsBefore),
	}
}

// Returned reports whether the user has been admitted to a document since everything was revoked,
// by a new token: who is erased just then has to be erased once more.
func (s Snapshot) Returned() bool {
	return slices.ContainsFunc(s.Channels, func(c ChannelRow) bool {
		return c.Channel != protocol.DeviceChannel && c.AdmittedAt.After(s.Session.RevokedBefore)
	})
}
