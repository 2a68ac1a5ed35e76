// Package socket is what a device's and an app's connection have in common, whose sockets
// end in a user's object: the effects on them, and what is kept for them in an outbox.
package socket

import "github.com/holdfast-dev/holdfast/shared/protocol"

// ConnID names one accepted socket for as long as it lives, hibernation included. The
// shell makes it and never reuses one.
type ConnID = string

// PendingBytes is how much is sent to a socket that has not sent its first frame.
const PendingBytes = 16 << 10

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
