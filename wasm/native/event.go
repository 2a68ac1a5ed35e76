//go:build !js

package native

import (
	"encoding/json"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// State is the state of the connection.
type State string

// The states.
const (
	Connecting   State = "connecting"
	Connected    State = "connected"
	Reconnecting State = "reconnecting"
	Closed       State = "closed"
)

// Event is something that the session reports: one of the types below. Later versions may
// add types.
type Event interface{ event() }

type (
	// Operation is one version of the document. Each is delivered once, in order.
	Operation struct {
		Op        json.RawMessage
		Version   uint64
		UserID    string
		ClientID  string
		MessageID string
		// Own says that this session sent it.
		Own bool
		// Replay says that it was missed while the connection was down, or is older than the session.
		Replay bool
	}
	// Gap stands for the versions From to To, both included, which are not delivered; of a
	// Device or an AppSession for the frames with these numbers.
	Gap struct {
		From, To uint64
		// Reason is one word: log_truncated or rewound of a document, too_many
		// or session_ended of an outbox, or ReasonUnread.
		//
		// With protocol.Rewound the document's log went back to an earlier state: forget the
		// document, for version 1, or what its snapshot stands for, follows.
		Reason string
	}
	// Unsaved is an operation of this session's that was stored, and that the document's log has
	// lost. It is not sent again by itself.
	Unsaved struct {
		MessageID string
		Op        json.RawMessage
	}
	// Presence is another member of the document. It is neither stored nor repeated.
	Presence struct {
		// State is join, leave, update, or state for a member who was there before.
		State            string
		UserID, ClientID string
		Name             string
		// Delegate says that it is a program that acts for the user; Name is its own.
		Delegate bool
		Data     json.RawMessage
	}
	// StateChange is a change of the connection.
	StateChange struct {
		State State
		// Reason is one word that gives the reason, if there is one.
		Reason string
		// Resumed says, on Connected, that the session was resumed.
		Resumed bool
		// RetryIn is the time to the next dial.
		RetryIn time.Duration
		// Code is the close code of the connection that ended.
		Code int
	}
	// UserMessage is a message of the backend to the user, whatever document it was sent on.
	// Each is delivered once.
	UserMessage struct {
		ID   string
		Data json.RawMessage
		At   time.Time
	}
	// PermissionChange is what the user may do from now on.
	PermissionChange struct {
		Permissions, Removed []string
		Reason               string
	}
	// TokenRefresh says that a new token is in use.
	TokenRefresh struct{ ExpiresAt time.Time }
	// Failure is something that went wrong. Action says what is done about it. Done says
	// whether it has ended the session.
	Failure struct {
		Err    error
		Action protocol.Action
	}
)

// The events of a Device and an AppSession, each once and in order of its Seq.
type (
	// Message is a message. From is the package of the app that sent it, or
	// protocol.FromOperator, to a Device; protocol.FromDevice to an AppSession.
	Message struct {
		Seq  uint64
		From string
		Data json.RawMessage
	}
	// AppChange is a change of one of the user's apps, for a Device. State is connecting,
	// running, grace_period, resurrecting, dormant, stopping or stopped.
	AppChange struct {
		Seq                    uint64
		Package, State, Reason string
	}
	// ClientDisconnected says that the user's device has gone away, for an AppSession: the
	// app keeps its state, and what it sends waits.
	ClientDisconnected struct{ Seq uint64 }
	// ClientReconnected says that the device is back.
	ClientReconnected struct{ Seq uint64 }
	// Stopped is the last event of an AppSession: the app was stopped, for Reason.
	Stopped struct{ Reason string }
)

// ReasonUnread is the reason of a Gap whose versions arrived while nobody read.
const ReasonUnread = "unread"

func (Operation) event()          {}
func (Gap) event()                {}
func (Unsaved) event()            {}
func (Presence) event()           {}
func (StateChange) event()        {}
func (UserMessage) event()        {}
func (PermissionChange) event()   {}
func (TokenRefresh) event()       {}
func (Failure) event()            {}
func (Message) event()            {}
func (AppChange) event()          {}
func (ClientDisconnected) event() {}
func (ClientReconnected) event()  {}
func (Stopped) event()            {}

// readEvent returns what the core emitted as a value, and nil for what a program without
// other tabs does not need.
func readEvent(kind string, detail []byte) Event {
	switch kind {
	case "operation":
		return read[Operation](detail)
	case "gap":
		return read[Gap](detail)
	case "unsaved":
		return read[Unsaved](detail)
	case "presence":
		return read[Presence](detail)
	case "message":
		d := read[struct {
			ID   string
			Data json.RawMessage
			At   int64
		}](detail)
		return UserMessage{d.ID, d.Data, time.UnixMilli(d.At)}
	case "permissionchange":
		return read[PermissionChange](detail)
	case "state":
		d := read[struct {
			State   State
			Reason  string
			Resumed bool
			RetryIn int64
			Code    int
		}](detail)
		return StateChange{d.State, d.Reason, d.Resumed, time.Duration(d.RetryIn) * time.Millisecond, d.Code}
	case "tokenrefresh":
		d := read[struct{ ExpiresAt int64 }](detail)
		return TokenRefresh{time.UnixMilli(d.ExpiresAt)}
	case "error", "autherror", "permissiondenied":
		f := readFailure(detail)
		return Failure{f.err(), f.Action}
	}
	return nil
}

// read decodes what the core has written, which always has the right form.
func read[T any](text []byte) (v T) {
	json.Unmarshal(text, &v)
	return v
}
