package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Claims is what a verified token says of its holder. The signature was checked
// before; the session object never sees the token itself.
type Claims struct {
	UserID, Email, Name string
	TokenID             string // jti
	IssuedAt, Expires   time.Time
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
	Document      string
	WorkspaceID   string
	WorkspaceRole string
	Permissions   permission.Set
	Epoch         uint64
	Locked        bool
	Expires       time.Time
	TokenID       string
	// AdmittedAt is this object's own time, strictly growing for a document.
	// The document tells it back with ChannelGone.
	AdmittedAt time.Time
}

// Event is something that happened to the user's session.
type Event interface{ isEvent() }

type (
	// Admit asks for a channel: on connect, and again when a token is refreshed
	// in place (Refresh). It is answered by Answer with the same Ask, at once on
	// a cache hit, otherwise after AccessFound or AccessFailed.
	Admit struct {
		Ask      uint64 // the shell's number for this question
		Document string
		ClientID string
		Claims   Claims
		// Gone says the document holds no channel of this user any more,
		// whatever this object believes.
		Gone    bool
		Refresh bool
		// NewSessionID is a fresh random id (32 hex digits), used only when a
		// session begins.
		NewSessionID string
	}
	// AccessFound answers LookUp.
	AccessFound struct {
		Ask    uint64
		Access Access
	}
	// AccessFailed answers LookUp when the source did not.
	AccessFailed struct{ Ask uint64 }
	// ChannelGone is told by a document: the user's channel there is gone.
	ChannelGone struct {
		Document  string
		SessionID string
		Reason    string
		// AdmittedAt is that of the newest grant the document had for the gone
		// channel. A newer admission here makes the telling stale; zero, from a
		// document that does not say, never does.
		AdmittedAt time.Time
	}
	// AccessChanged is the permission source's new answer about one document that
	// nobody asked for: somebody has changed a role, or locked the document.
	AccessChanged struct {
		Document string
		Access   Access
		Reason   string // for permission_change, e.g. workspace_role_changed
	}
	// Pushed answers Push.
	Pushed struct {
		Document string
		Epoch    uint64 // of the pushed grant
		OK       bool
	}
	// Woken is the alarm; early, late and double are harmless.
	Woken struct{}
)

// Effect is something the shell carries out, in order.
type Effect interface{ isEffect() }

type (
	// LookUp asks the permission source.
	LookUp struct {
		Ask      uint64
		UserID   string
		Document string
	}
	// Answer ends an Admit: Err is nil or Grant means nothing.
	Answer struct {
		Ask   uint64
		Grant Grant
		Err   *protocol.Error
	}
	// Push tells a document what its member may do from now on. It is repeated (by
	// Deadline) until Pushed says OK.
	Push struct {
		Grant  Grant
		Reason string
	}
	// SaveSession stores the session's own row.
	SaveSession struct{ Row SessionRow }
	// SaveChannel and DeleteChannel keep the live channels.
	SaveChannel   struct{ Row ChannelRow }
	DeleteChannel struct{ Document string }
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
func (Woken) isEvent()         {}

func (LookUp) isEffect()        {}
func (Answer) isEffect()        {}
func (Push) isEffect()          {}
func (SaveSession) isEffect()   {}
func (SaveChannel) isEffect()   {}
func (DeleteChannel) isEffect() {}
func (SaveAccess) isEffect()    {}
func (DeleteAccess) isEffect()  {}
