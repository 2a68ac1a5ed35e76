package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Event is something that happened to a client. The cores add events of their own.
type Event interface{ IsEvent() }

// The events that every client has.
type (
	// Start is the first event.
	Start struct{}
	// Woken is the timer; early, late and double are harmless.
	Woken struct{}
	// Refresh fetches a new token now.
	Refresh struct{}
	// TokenFetched answers FetchToken. An empty token is "not yet": the program is asked again.
	TokenFetched struct {
		Token string
		// Late says that this answers an older FetchToken, which GiveUpToken ended. It counts if
		// it is good and newer than what there is.
		Late bool
	}
	// TokenFailed answers FetchToken: there was none.
	TokenFailed struct {
		// Message is a sentence for people; a default where it is empty.
		Message string
		// Final says that asking again is of no use: the user is signed out.
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

// Effect is something that a client's shell carries out. The cores add effects of their own.
type Effect interface{ IsEffect() }

// The effects that every client has.
type (
	// Dial opens a connection.
	Dial struct {
		Gen uint64
		// URL is checked and never holds the token; it is empty where the shell knows it.
		URL string
		// Token lets the client in; it is empty where the shell holds a key.
		Token string
	}
	// Write sends one text message on it.
	Write struct {
		Gen  uint64
		Text []byte
	}
	// CloseSocket ends it, or gives it up when it is not open yet. Code is 1000 or in
	// 4000–4999: a browser takes no other.
	CloseSocket struct {
		Gen    uint64
		Code   int
		Reason string
	}
	// FetchToken asks the program for a token.
	FetchToken struct {
		// Have is the last one there was, also when it is spent; "" for none.
		Have string
		// Fresh wants one that the program gives from now on, not one that somebody else
		// has been given.
		Fresh bool
	}
	// GiveUpToken says that FetchToken had no answer in time, and that the next one is another
	// question. A failure that comes late is of no use any more.
	GiveUpToken struct{}
	// Finished is the last effect of all.
	Finished struct{}
)

// Protocols are the subprotocols that carry the token, for a shell that can set no header.
func (d Dial) Protocols() []string {
	return []string{protocol.Version, protocol.BearerPrefix + d.Token}
}

func (Start) IsEvent()        {}
func (Woken) IsEvent()        {}
func (Refresh) IsEvent()      {}
func (TokenFetched) IsEvent() {}
func (TokenFailed) IsEvent()  {}
func (Opened) IsEvent()       {}
func (Received) IsEvent()     {}
func (Closed) IsEvent()       {}

func (Dial) IsEffect()        {}
func (Write) IsEffect()       {}
func (CloseSocket) IsEffect() {}
func (FetchToken) IsEffect()  {}
func (GiveUpToken) IsEffect() {}
func (Finished) IsEffect()    {}
