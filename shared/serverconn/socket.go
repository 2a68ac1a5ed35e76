package serverconn

import "github.com/holdfast-dev/holdfast/shared/protocol"

// Effect is something the shell does to a socket, in order.
type Effect interface{ isEffect() }

type (
	// Accept answers a Connect with a socket named Conn.
	Accept struct{ Conn ConnID }
	// Refuse answers it with an error.
	Refuse struct {
		Conn ConnID
		Err  protocol.Error
	}
	// Send writes one text frame. One that fails comes back as a SendFailed.
	Send struct {
		Conn ConnID
		Text []byte
	}
	// Close ends a socket.
	Close struct {
		Conn   ConnID
		Code   int
		Reason string
	}
)

func (Accept) isEffect() {}
func (Refuse) isEffect() {}
func (Send) isEffect()   {}
func (Close) isEffect()  {}
