//go:build !js

package native

import (
	"encoding/json"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// State is where the connection stands.
type State string

// The states.
const (
	Connecting   State = "connecting"
	Connected    State = "connected"
	Reconnecting State = "reconnecting"
	Closed       State = "closed"
)

// Event is something the session tells: one of the types below. There may be more
// of them one day.
type Event interface{ event() }

type (
	// Operation is one version of the document. Each is told once, in order.
	Operation struct {
		Op        json.RawMessage
		Version   uint64
		UserID    string
		ClientID  string
		MessageID string
		// Own says that this session sent it.
		Own bool
		// Replay says that it was missed while the line was down, or is from before.
		Replay bool
	}
	// Gap stands for the versions From to To, both included, which are not told; of a
	// Device or an AppSession for what had these numbers.
	Gap struct {
		From, To uint64
		// Reason is one word: log_truncated or document_reset of a document, too_many
		// or session_ended of an outbox, or ReasonUnread.
		Reason string
	}
	// Presence is another member of the document, passing by.
	Presence struct {
		// State is join, leave, update, or state for who was there before.
		State            string
		UserID, ClientID string
		Name             string
		Data             json.RawMessage
	}
	// StateChange is a change of the connection.
	StateChange struct {
		State State
		// Reason is one word for why, where there is something to say.
		Reason string
		// Resumed says, on Connected, that the server still knew the session.
		Resumed bool
		// RetryIn is the time to the next dial.
		RetryIn time.Duration
		// Code is the close code of the connection that ended.
		Code int
	}
	// PermissionChange is what the user may do from now on.
	PermissionChange struct {
		Permissions, Removed []string
		Reason               string
	}
	// TokenRefresh says that a new token is in use.
	TokenRefresh struct{ ExpiresAt time.Time }
	// Failure is something that went wrong. Action says what is done about it; whether
	// it has ended the session says Done.
	Failure struct {
		Err    error
		Action protocol.Action
	}
)

// What a Device and an AppSession tell, each once and in order of its Seq.
type (
	// Message is a message. From is the package of the app that sent it, or
	// protocol.FromOperator, to a Device; protocol.FromDevice to an AppSession.
	Message struct {
		Seq  uint64
		From string
		Data json.RawMessage
	}
	// AppChange is a transition of one of the user's apps, told to a Device. State is
	// connecting, running, grace_period, resurrecting, dormant, stopping or stopped.
	AppChange struct {
		Seq                    uint64
		Package, State, Reason string
	}
	// ClientDisconnected tells an AppSession that the user's device has gone away: the app
	// keeps what it knows, and what it sends waits.
	ClientDisconnected struct{ Seq uint64 }
	// ClientReconnected tells it that the device is back.
	ClientReconnected struct{ Seq uint64 }
	// Stopped is the last of an AppSession: the app was stopped, and why.
	Stopped struct{ Reason string }
)

// ReasonUnread is the reason of a Gap whose versions came while nobody read.
const ReasonUnread = "unread"

func (Operation) event()          {}
func (Gap) event()                {}
func (Presence) event()           {}
func (StateChange) event()        {}
func (PermissionChange) event()   {}
func (TokenRefresh) event()       {}
func (Failure) event()            {}
func (Message) event()            {}
func (AppChange) event()          {}
func (ClientDisconnected) event() {}
func (ClientReconnected) event()  {}
func (Stopped) event()            {}

// readEvent is what the core emitted, as a value; nil for what a program without
// other tabs has no use for.
func readEvent(kind string, detail []byte) Event {
	switch kind {
	case "operation":
		return read[Operation](detail)
	case "gap":
		return read[Gap](detail)
	case "presence":
		return read[Presence](detail)
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

// read takes what the core has written, which is of its form.
func read[T any](text []byte) (v T) {
	json.Unmarshal(text, &v)
	return v
}
