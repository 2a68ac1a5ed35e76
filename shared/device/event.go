package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/socket"
)

// ConnID names one accepted socket for as long as it lives, hibernation included. The
// shell makes it and never reuses one.
type ConnID = socket.ConnID

// Event is something that happened to the device channel or to an app. The types below
// are all there are; those of package session go to Session.
type Event interface{ isEvent() }

type (
	// Connect is a socket whose token is good. The answer is Accept or Refuse.
	Connect struct {
		Conn ConnID
		// ClientID is what the client calls itself, "" when it does not; MadeUp is a fresh
		// random id for that case.
		ClientID, MadeUp string
		Flat             bool
		Claims           session.Claims
		// Seen is when the runtime last answered a ping on the current connection; zero
		// when there is none, or it never pinged.
		Seen time.Time
	}
	// FrameReceived is a frame that decoded. NewSessionID is a fresh random id, 32 hex
	// digits, used only when a session begins; and what an app's session id ends with when
	// one is started (see app.FromDevice).
	FrameReceived struct {
		Conn         ConnID
		Frame        protocol.Frame
		Size         int // of its text, in bytes
		NewSessionID string
	}
	// FrameInvalid is one that did not.
	FrameInvalid struct {
		Conn ConnID
		Err  *protocol.Error
		Size int
	}
	// Disconnected is the end of a socket, whatever its code.
	Disconnected struct {
		Conn ConnID
		Code int
		Seen time.Time // as in Connect, for this connection
	}
	// SendFailed is a socket that no longer takes frames.
	SendFailed struct {
		Conn ConnID
		Seen time.Time
	}
	// Woken is the alarm, for the session and the apps too; early, late and double are
	// harmless.
	Woken struct {
		Seen time.Time // as in Connect
		// Apps are the same of the apps' connections.
		Apps map[ConnID]time.Time
	}
	// TokenVerified answers VerifyToken: the new token's signature is good.
	TokenVerified struct {
		Conn   ConnID
		Claims session.Claims
	}
	// TokenRefused answers VerifyToken: the new token was not good enough.
	TokenRefused struct {
		Conn ConnID
		Err  *protocol.Error
	}
	// Post is a message for the device, from an operator. The answer is Posted.
	Post struct {
		Ask  uint64
		From string
		Data []byte // any JSON
	}
	// AppConnect, AppRegistered, AppCalled and AppKeyRevoked happen to apps.
	AppConnect    struct{ app.Connect }
	AppRegistered struct{ app.Registered }
	AppCalled     struct{ app.Called }
	AppKeyRevoked struct{ app.KeyRevoked }
)

// Effect is something the shell carries out, in order: one of those below, or of the
// packages session and app.
type Effect any

// The effects on sockets.
type (
	Accept = socket.Accept
	Refuse = socket.Refuse
	Send   = socket.Send
	Close  = socket.Close
)

type (
	// SaveRow stores the device channel's row.
	SaveRow struct{ Row Row }
	// Keep stores a frame of the outbox, before it leaves.
	Keep struct{ Kept channel.Kept }
	// Forget deletes the outbox's frames up to a seq.
	Forget struct{ Seq uint64 }
	// VerifyToken asks for a token's signature. The token goes nowhere else.
	VerifyToken struct {
		Conn  ConnID
		Token string
	}
	// Posted answers Post: Seq says where in the channel it stands, stored.
	Posted struct {
		Ask uint64
		Seq uint64
		Err *protocol.Error
	}
)

func (Connect) isEvent()       {}
func (FrameReceived) isEvent() {}
func (FrameInvalid) isEvent()  {}
func (Disconnected) isEvent()  {}
func (SendFailed) isEvent()    {}
func (Woken) isEvent()         {}
func (TokenVerified) isEvent() {}
func (TokenRefused) isEvent()  {}
func (Post) isEvent()          {}
func (AppConnect) isEvent()    {}
func (AppRegistered) isEvent() {}
func (AppCalled) isEvent()     {}
func (AppKeyRevoked) isEvent() {}
