package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Claims is what a verified token says of its holder. The signature was checked
// before; the session object never sees the token itself.
type Claims struct {
	UserID, Email, Name string
	TokenID             string // jti
	IssuedAt, Expires   time.Time
	// Withheld is what a delegate may not do, whatever its user may: Name is the delegate's then,
	// TokenID its client id, and IssuedAt that of what the delegation was made by.
	Withheld permission.Set
}

// Access is the permission source's answer about one user and document.
type Access struct {
	Found       bool // there is such a document
	Locked      bool
	WorkspaceID string
	// Roles as stored; empty strings where the user has none.
	Source permission.Source
}

// Grant is what Admit is answered with; the document object trusts it.
type Grant struct {
	UserID, Name  string
	SessionID     string
	Channel       string
	WorkspaceID   string
	WorkspaceRole string
	Permissions   permission.Set
	Epoch         uint64
	Locked        bool
	// AccessAt is when the permission source was asked, and Access the newest access
	// version of the document that was known then.
	AccessAt time.Time
	Access   uint64
	// Expires, IssuedAt and TokenID are the token's.
	Expires, IssuedAt time.Time
	TokenID           string
	// AdmittedAt is this object's own time, strictly growing for a channel.
	// The document says it with ChannelGone.
	AdmittedAt time.Time
	// Share is how much of a document's limits is this user's there, in thousandths.
	Share int
	// Withheld is what of Permissions a delegate does not have. They are the user's own, for
	// what is pushed is for all channels of the user's on the document.
	Withheld permission.Set
}

// Change is what a user may do on one document from now on.
type Change struct {
	Document             string
	Permissions, Removed permission.Set
	Epoch                uint64
}

// LastAccepted is the last op a document has accepted on an ended channel.
type LastAccepted struct{ Channel, MessageID string }

// Question names one that was put to the permission source: that of the Admit with the
// number Ask, or the session's Own, both from 1 on.
type Question struct{ Ask, Own uint64 }

// Event is something that happened to the user's session.
type Event interface{ isEvent() }

type (
	// Admit asks for a channel: on connect, and again when a token is refreshed
	// in place (Refresh). It is answered by Answer with the same Ask, at once on
	// a cache hit, otherwise after AccessFound or AccessFailed.
	Admit struct {
		// Ask is the shell's number of the request, from 1 on; 0 is the user's own device,
		// which is answered within the Step.
		Ask      uint64
		Channel  string
		ClientID string
		Claims   Claims
		// GoneAt is the admission (Grant.AdmittedAt) that the document has sent back
		// because it holds no channel of this user any more, whatever this object
		// believes; zero for none.
		GoneAt  time.Time
		Refresh bool
		// Access is the document's access version, when it has said so: an answer that was
		// asked for without knowing of it does not count.
		Access uint64
		// Again says that it is the same attempt as before, which the document has
		// sent back; it is not counted again.
		Again bool
		// Look asks what the user may do, for a server that writes in the user's name: the
		// answer's Grant is of no session, and no channel begins.
		Look bool
		// NewSessionID is a fresh random id (32 hex digits), used only when a
		// session begins.
		NewSessionID string
		// Probe asks what the token lets its user do, and begins nothing: on a Channel, or with
		// none whether the token counts at all.
		Probe bool
	}
	// AccessFound answers LookUp.
	AccessFound struct {
		Question
		Access Access
	}
	// Listed says that operators find the user in their list from now on.
	Listed struct{}
	// AccessFailed answers LookUp when the source did not.
	AccessFailed struct{ Question }
	// ChannelGone is a document's word: the channel of a user's client there is gone.
	ChannelGone struct {
		Channel string
		// ClientID is "" from a document that has one channel of each user.
		ClientID  string
		SessionID string
		Reason    string
		// AdmittedAt is that of the newest grant the document had for the gone
		// channel. A newer admission here makes the word stale; zero, from a document
		// that does not say, never does.
		AdmittedAt time.Time
	}
	// AccessChanged says that somebody has changed a role. The session asks the source anew
	// about the document, the workspace's documents, or (of neither) all of them. It bears
	// no permissions, so a wrong or repeated one gives nobody anything. The answer is
	// Receipt, once it has taken effect.
	AccessChanged struct {
		Ask                   uint64
		UserID                string
		Document, WorkspaceID string
		// Access is the document's access version if it is the document that has changed.
		Access uint64
		Reason string // for permission_change, e.g. workspace_role_changed
		By     string // who did it, for the audit log
	}
	// Pushed answers Push.
	Pushed struct {
		Channel string
		Epoch   uint64 // of the pushed grant
		OK      bool
	}
	// Revoke takes tokens back: that of TokenID, those of the sign-in SignIn, those that
	// the connections of ClientID live by, those issued up to and including the second of
	// Before, or All that were issued until now and all that come of a sign-in of before.
	// It also counts for tokens that come back later. The answer is Receipt.
	Revoke struct {
		Ask        uint64
		UserID     string
		TokenID    string
		SignIn     string
		ClientID   string
		Before     time.Time
		All        bool
		Reason, By string
	}
	// Kick ends the user's channels, all or one, and remembers nothing: the user may
	// come back. The answer is Receipt.
	Kick struct {
		Ask        uint64
		UserID     string
		Channel    string
		Reason, By string
	}
	// Ended answers EndChannel.
	Ended struct {
		Channel string
		Fence   uint64
		// OK is false when the document could not be reached.
		OK bool
		// Closed says that the channel was ended, Gone that there is none now.
		Closed, Gone bool
		// LastMessageID is the last op the document has accepted on the channel.
		LastMessageID string
		// Clients are those of the user's that have a channel there; none where the document
		// has not said which.
		Clients []string
		// AdmittedAt is that of the document's newest grant.
		AdmittedAt time.Time
	}
	// Woken is the alarm; early, late and double are harmless.
	Woken struct{}
)

// Effect is something the shell carries out, in order.
type Effect interface{ isEffect() }

type (
	// LookUp asks the permission source.
	LookUp struct {
		Question
		UserID   string
		Document string
	}
	// Answer ends an Admit: Err is nil or Grant means nothing.
	Answer struct {
		Ask   uint64
		Grant Grant
		Err   *protocol.Error
	}
	// Push gives a document the grant that its member has from now on. It is repeated (by
	// Deadline) until Pushed says OK.
	Push struct {
		Grant  Grant
		Reason string
	}
	// EndChannel has a document end its user's channel if it lives by one of these
	// tokens, or in any case if it has not taken the kick of epoch Kick yet, and let in
	// no grant of an epoch before Fence.
	// It is repeated until Ended says OK.
	EndChannel struct {
		Channel, UserID string
		Fence, Kick     uint64
		TokenIDs        []string
		Before          time.Time
		AdmittedAt      time.Time // of the newest admission there
	}
	// Receipt answers AccessChanged, Revoke and Kick when they have taken effect
	// everywhere. With Err something could not be reached in time, and goes on being
	// tried.
	Receipt struct {
		Ask          uint64
		UserID       string
		Changed      []Change
		Closed       []string // the channels that were ended
		LastAccepted []LastAccepted
		// SignIns and Tokens are what the revocation of a client has revoked.
		SignIns, Tokens []string
		Took            time.Duration
		Err             *protocol.Error
	}
	// Record writes a line of the audit log. SessionID is the session's that lives, begins or ends, "" for none.
	Record struct {
		Entry     audit.Entry
		SessionID string
	}
	// Visit keeps that the user has been named in a document, without a connection there.
	Visit struct{ Document string }
	// SaveRevoked and DeleteRevoked keep the revoked tokens.
	SaveRevoked   struct{ Row RevokedRow }
	DeleteRevoked struct{ TokenID string }
	// SaveSession stores the session's own row.
	SaveSession struct{ Row SessionRow }
	// SaveChannel and DeleteChannel keep the live channels.
	SaveChannel   struct{ Row ChannelRow }
	DeleteChannel struct{ Channel, ClientID string }
	// SaveAccess keeps a cached answer of the permission source.
	SaveAccess struct{ Row AccessRow }
	// DeleteAccess forgets one.
	DeleteAccess struct{ Document string }
)

func (Admit) isEvent()         {}
func (AccessFound) isEvent()   {}
func (AccessFailed) isEvent()  {}
func (ChannelGone) isEvent()   {}
func (AccessChanged) isEvent() {}
func (Pushed) isEvent()        {}
func (Revoke) isEvent()        {}
func (Kick) isEvent()          {}
func (Ended) isEvent()         {}
func (Woken) isEvent()         {}
func (Listed) isEvent()        {}

func (LookUp) isEffect()        {}
func (Answer) isEffect()        {}
func (Push) isEffect()          {}
func (EndChannel) isEffect()    {}
func (Receipt) isEffect()       {}
func (Record) isEffect()        {}
func (Visit) isEffect()         {}
func (SaveRevoked) isEffect()   {}
func (DeleteRevoked) isEffect() {}
func (SaveSession) isEffect()   {}
func (SaveChannel) isEffect()   {}
func (DeleteChannel) isEffect() {}
func (SaveAccess) isEffect()    {}
func (DeleteAccess) isEffect()  {}
