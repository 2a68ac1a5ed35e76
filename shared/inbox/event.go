package inbox

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Event is something that happened.
type Event interface{ isEvent() }

type (
	// Post is a message of an operator's. It is answered with Posted.
	Post struct {
		Ask uint64
		// ID names the message: two of one id are one.
		ID   string
		Data []byte
		// TTL is how long it is kept, 0 for not at all, where it Says so.
		TTL  time.Duration
		Says bool
	}
	// Delivered is a document's answer to Deliver.
	Delivered struct {
		Push        uint64
		Connections int
		OK          bool
	}
	// Heard says that a client has a message.
	Heard struct{ ClientID, MessageID string }
)

// Effect is something the shell carries out, in order.
type Effect interface{ isEffect() }

type (
	// Deliver has a document send messages to a user's client there, or to all of the user's
	// clients. Delivered answers.
	Deliver struct {
		Push               uint64
		Document, ClientID string
		Messages           []Message
	}
	// Posted answers Post, once the documents have answered: to how many connections the
	// message went, how many documents did not answer, and how many older messages are not kept
	// any more. With Err nothing has happened.
	Posted struct {
		Ask                             uint64
		Message                         Message
		Connections, Unreached, Dropped int
		// Repeated says that a message of this id was kept already; it is that one.
		Repeated bool
		Err      *protocol.Error
	}
	// Save and Drop keep the messages.
	Save struct{ Message Message }
	Drop struct{ Seq uint64 }
	// SaveClient and DropClient keep what a client has heard.
	SaveClient struct{ Client Client }
	DropClient struct{ ID string }
)

func (Post) isEvent()      {}
func (Delivered) isEvent() {}
func (Heard) isEvent()     {}

func (Deliver) isEffect()    {}
func (Posted) isEffect()     {}
func (Save) isEffect()       {}
func (Drop) isEffect()       {}
func (SaveClient) isEffect() {}
func (DropClient) isEffect() {}
