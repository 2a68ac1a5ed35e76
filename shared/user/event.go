package user

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// ConnID names one accepted socket.
type ConnID = serverconn.ConnID

// Event is something that happened to the user's object.
type Event interface{ isEvent() }

// What happens to a connection, whosever it is, and to all three parts.
type (
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
		// Seen is when the runtime last answered a ping on this connection; zero when it
		// never pinged.
		Seen time.Time
	}
	// SendFailed is a socket that no longer takes frames.
	SendFailed struct {
		Conn ConnID
		Seen time.Time // as in Disconnected
	}
	// Woken is the alarm, for all three; early, late and double are harmless.
	Woken struct {
		Seen time.Time // as in Disconnected, of the device's current connection
		// Apps are the same of the apps' connections.
		Apps map[ConnID]time.Time
	}
)

// What happens to one part.
type (
	// ForSession is an event of the session.
	ForSession struct{ Event session.Event }
	// ForDevice is an event of the device channel.
	ForDevice struct{ Event device.Event }
	// ForApps is an event of the apps.
	ForApps struct{ Event app.Event }
	// EventsSent and EventsBuried answer the effects of the events (see FromEvents).
	EventsSent   struct{ delivery.Sent }
	EventsBuried struct{ delivery.Buried }
	// ForInbox is an event of the messages to the user's browsers.
	ForInbox struct{ Event inbox.Event }
)

// Effect is something the shell carries out, in order.
type Effect interface{ isEffect() }

type (
	// FromSession is an effect of the session; lines of the audit log are all of its kind.
	FromSession struct{ Effect session.Effect }
	// FromDevice is an effect of the device channel.
	FromDevice struct{ Effect device.Effect }
	// FromApps is an effect of the apps.
	FromApps struct{ Effect app.Effect }
	// FromEvents is an effect of the events that go to the deployment's backend.
	FromEvents struct{ Effect delivery.Effect }
	// FromInbox is an effect of the messages to the user's browsers.
	FromInbox struct{ Effect inbox.Effect }
	// OnSocket is an effect on a socket of the device or of an app.
	OnSocket struct{ Effect serverconn.Effect }
)

func (FrameReceived) isEvent() {}
func (FrameInvalid) isEvent()  {}
func (Disconnected) isEvent()  {}
func (SendFailed) isEvent()    {}
func (Woken) isEvent()         {}
func (ForSession) isEvent()    {}
func (ForDevice) isEvent()     {}
func (ForApps) isEvent()       {}
func (EventsSent) isEvent()    {}
func (EventsBuried) isEvent()  {}
func (ForInbox) isEvent()      {}

func (FromSession) isEffect() {}
func (FromDevice) isEffect()  {}
func (FromApps) isEffect()    {}
func (FromEvents) isEffect()  {}
func (FromInbox) isEffect()   {}
func (OnSocket) isEffect()    {}
