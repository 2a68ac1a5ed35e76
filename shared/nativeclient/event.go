package nativeclient

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Event is something that happened: one of package clientconn's, or of those below.
type Event = clientconn.Event

// Effect is something that the shell carries out: one of package clientconn's, or of those
// below.
type Effect = clientconn.Effect

// The events and effects of every client. Dial has no URL, which is the shell's to know, and
// an app's has no token.
type (
	Start        = clientconn.Start
	Woken        = clientconn.Woken
	Refresh      = clientconn.Refresh
	TokenFetched = clientconn.TokenFetched
	TokenFailed  = clientconn.TokenFailed
	Opened       = clientconn.Opened
	Received     = clientconn.Received
	Closed       = clientconn.Closed
	Dial         = clientconn.Dial
	Write        = clientconn.Write
	CloseSocket  = clientconn.CloseSocket
	FetchToken   = clientconn.FetchToken
	GiveUpToken  = clientconn.GiveUpToken
	Finished     = clientconn.Finished
)

// The program's events.
type (
	// Wake has the client try now whatever it is waiting for.
	Wake struct{}
	// Hold puts the connection down until Release: what comes meanwhile waits at the server.
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
	// Close ends the client. With Leave the server is told that it will not come back:
	// a device's session ends, an app is stopped. Without, it is a dropped connection to it.
	Close struct{ Leave bool }
)

// What the program is notified of. Raw JSON in them aliases the text it came in.
type (
	// Message is an app_message. From is a package or protocol.FromOperator for a device,
	// protocol.FromDevice for an app.
	Message struct {
		Seq  uint64
		From string
		Data []byte
	}
	// AppChanged is a transition of one of the user's apps, for a device.
	AppChanged struct {
		Seq uint64
		App protocol.AppState
	}
	// ClientChanged says that the user's device has gone away or come back, for an
	// app.
	ClientChanged struct {
		Seq       uint64
		Connected bool
	}
	// Stopped says that the app was stopped; it is the last that comes in order.
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
	// Refused answers Submit. With Over it is the client's end that did it.
	Refused struct {
		Ask  uint64
		Err  *protocol.Error
		Over bool
	}
	// Changed is where the connection stands now. Apps are those of a device's user that
	// have not stopped, given with Connected.
	Changed struct {
		Status
		Apps []protocol.AppState
	}
	// Renewed says that a new token is in use.
	Renewed struct{ Expires time.Time }
	// Failed is something that went wrong, and what is done about it. With NoToken the
	// client stands still until it is woken or the program asks for a new token.
	Failed struct {
		Err     *protocol.Error
		Action  protocol.Action
		NoToken bool
	}
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
	// Resumed says, of Connected, that the server still knew this client.
	Resumed bool
	// RetryIn is the time to the next dial, Code the close code of the last connection.
	RetryIn time.Duration
	Code    int
	// SessionID and UserID are known once connected, ClientID to a device.
	SessionID, UserID, ClientID string
	// ClientConnected says to an app whether the user's device is there.
	ClientConnected bool
	// Err is what ended the client; nil for its own close.
	Err *protocol.Error
}

func (Wake) IsEvent()    {}
func (Hold) IsEvent()    {}
func (Release) IsEvent() {}
func (Submit) IsEvent()  {}
func (Close) IsEvent()   {}

func (Message) IsEffect()       {}
func (AppChanged) IsEffect()    {}
func (ClientChanged) IsEffect() {}
func (Stopped) IsEffect()       {}
func (Gap) IsEffect()           {}
func (Answered) IsEffect()      {}
func (Refused) IsEffect()       {}
func (Changed) IsEffect()       {}
func (Renewed) IsEffect()       {}
func (Failed) IsEffect()        {}
