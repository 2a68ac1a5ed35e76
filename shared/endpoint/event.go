package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Event is something that happened. The types below are all there are.
type Event interface{ isEvent() }

// The program's events.
type (
	// Start is the first event.
	Start struct{}
	// Woken is the timer; early, late and double are harmless.
	Woken struct{}
	// Wake has the endpoint try now whatever it is waiting for.
	Wake struct{}
	// Refresh fetches a new token now.
	Refresh struct{}
	// Hold puts the line down until Release: what comes meanwhile waits at the server.
	Hold struct{}
	// Release: see Hold.
	Release struct{}
	// Submit is a request that is kept until it is answered, by Answered or Refused. Ask
	// is the program's name for it.
	Submit struct {
		Ask uint64
		// Event is app_message, app_start or app_stop, an app's app_message only.
		Event string
		// Package is whom a device's is for.
		Package string
		// Data is a message's, any JSON.
		Data []byte
	}
	// Close ends the endpoint. With Leave the server is told that it will not come back:
	// a device's session ends, an app is stopped. Without, it is a dropped line to it.
	Close struct{ Leave bool }
	// TokenFetched answers FetchToken.
	TokenFetched struct{ Token string }
	// TokenFailed answers FetchToken: there was none. Final says that asking again is of
	// no use.
	TokenFailed struct {
		Final      bool
		RetryAfter time.Duration
	}
)

// The socket's events. Gen is the Dial's; of an older one they are ignored.
type (
	// Opened says that the connection stands.
	Opened struct{ Gen uint64 }
	// Received is one text message.
	Received struct {
		Gen  uint64
		Text []byte
	}
	// Closed is its end, however it came; 1006 where nothing is known.
	Closed struct {
		Gen  uint64
		Code int
	}
)

// Effect is something the shell carries out.
type Effect interface{ isEffect() }

// What the socket does.
type (
	// Dial opens a connection. Token is a device's; an app's key is the shell's.
	Dial struct {
		Gen   uint64
		Token string
	}
	// Write sends one text message on it.
	Write struct {
		Gen  uint64
		Text []byte
	}
	// CloseSocket ends it, or gives it up when it is not open yet.
	CloseSocket struct {
		Gen    uint64
		Code   int
		Reason string
	}
	// FetchToken asks the program for a token.
	FetchToken struct{}
)

// What the program is told. Raw JSON in them aliases the text it came in.
type (
	// Message is an app_message. From is a package or protocol.FromOperator for a device,
	// protocol.FromDevice for an app.
	Message struct {
		Seq  uint64
		From string
		Data []byte
	}
	// AppChanged is a transition of one of the user's apps, told to a device.
	AppChanged struct {
		Seq uint64
		App protocol.AppState
	}
	// ClientChanged says that the user's device has gone away or come back, told to an
	// app.
	ClientChanged struct {
		Seq       uint64
		Connected bool
	}
	// Stopped says that the app was stopped; it is the last that is told in order.
	Stopped struct {
		Seq    uint64
		Reason string
	}
	// Gap stands for what came between and is lost.
	Gap struct {
		From, To uint64
		Reason   string
	}
	// Answered answers Submit. Seq is where a message is stored, at whoever is to have
	// it; App is what came of an app_start or app_stop.
	Answered struct {
		Ask, Seq uint64
		App      protocol.AppState
	}
	// Refused answers Submit. With Over it is the endpoint's end that did it.
	Refused struct {
		Ask  uint64
		Err  *protocol.Error
		Over bool
	}
	// Changed is where the connection stands now. Apps are those of a device's user that
	// have not stopped, told with Connected.
	Changed struct {
		Status
		Apps []protocol.AppState
	}
	// Renewed says that a new token is in use.
	Renewed struct{ Expires time.Time }
	// Failed is something that went wrong, and what is done about it. With NoToken the
	// endpoint stands still until it is woken or the program asks for a new token.
	Failed struct {
		Err     *protocol.Error
		Action  protocol.Action
		NoToken bool
	}
	// Finished is the last effect of all.
	Finished struct{}
)

// State is where the connection stands.
type State string

// The states.
const (
	Connecting   State = "connecting"
	Connected    State = "connected"
	Reconnecting State = "reconnecting"
	Ended        State = "closed"
)

// Status is the state with what there is to say about it.
type Status struct {
	State State
	// Reason is one snake_case word for why, where there is something to say.
	Reason string
	// Resumed says, of Connected, that the server still knew this endpoint.
	Resumed bool
	// RetryIn is the time to the next dial, Code the close code of the last connection.
	RetryIn time.Duration
	Code    int
	// SessionID and UserID are known once connected, ClientID to a device.
	SessionID, UserID, ClientID string
	// ClientConnected says to an app whether the user's device is there.
	ClientConnected bool
	// Err is what ended the endpoint; nil for its own close.
	Err *protocol.Error
}

func (Start) isEvent()        {}
func (Woken) isEvent()        {}
func (Wake) isEvent()         {}
func (Refresh) isEvent()      {}
func (Hold) isEvent()         {}
func (Release) isEvent()      {}
func (Submit) isEvent()       {}
func (Close) isEvent()        {}
func (TokenFetched) isEvent() {}
func (TokenFailed) isEvent()  {}
func (Opened) isEvent()       {}
func (Received) isEvent()     {}
func (Closed) isEvent()       {}

func (Dial) isEffect()          {}
func (Write) isEffect()         {}
func (CloseSocket) isEffect()   {}
func (FetchToken) isEffect()    {}
func (Message) isEffect()       {}
func (AppChanged) isEffect()    {}
func (ClientChanged) isEffect() {}
func (Stopped) isEffect()       {}
func (Gap) isEffect()           {}
func (Answered) isEffect()      {}
func (Refused) isEffect()       {}
func (Changed) isEffect()       {}
func (Renewed) isEffect()       {}
func (Failed) isEffect()        {}
func (Finished) isEffect()      {}
