package serverconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// ConnID names one accepted socket for as long as it lives, hibernation included. The shell
// makes it (16 hex digits, random) and never reuses one.
type ConnID string

// Conn is what a server knows of a client's current connection and does not store: losing it
// forgives. The zero value is a connection that nothing was sent or received on.
type Conn struct {
	Window    Window
	flood     rate.Flood
	mistakes  rate.Mistakes
	refused   rate.Refused // tokens in a row
	verifying bool         // a token_refresh waits for its answer
}

// Renew forgets the connection. What the client has sent lately stays: a new connection
// brings no new allowance.
func (c *Conn) Renew() { *c = Conn{flood: c.flood} }

// Answer is what a frame comes to that goes no further.
type Answer struct {
	// Err is why. The connection ends with it if Ends.
	Err  protocol.Error
	Ends bool
	// Frame is sent where the connection does not end; without an Event nothing is.
	Frame protocol.Frame
}

func refuse(e protocol.Error) *Answer { return &Answer{Err: e, Frame: e.Frame()} }

func end(e protocol.Error) *Answer { return &Answer{Err: e, Ends: true} }

// Take takes a frame of so many bytes into account, and returns nil where it goes on. A frame
// without an id cannot be answered by it: the client is sent rate_limited once in a while.
func (c *Conn) Take(now time.Time, limits *rate.FloodLimits, messageID string, size int) *Answer {
	wait, enough := c.flood.Take(now, limits, size)
	if wait == 0 {
		return nil
	}
	e := tooMany(wait)
	switch {
	case enough:
		return end(e)
	case messageID != "":
		e.MessageID = messageID
		return refuse(e)
	}
	a := &Answer{Err: e}
	if c.flood.Notify(now) {
		a.Frame = protocol.Frame{
			Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: protocol.RateLimited{RetryAfter: wait}.Append(nil),
		}
	}
	return a
}

func tooMany(wait time.Duration) protocol.Error {
	return protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: wait}
}

// Invalid answers a frame that did not decode; e may be nil. One is a mistake; several are
// not a client of this protocol, nor is one that is far too large.
func (c *Conn) Invalid(now time.Time, cfg *Config, limits *rate.FloodLimits, e *protocol.Error, size int) *Answer {
	if cfg.Limits.FarOver(size) {
		c.flood.Take(now, limits, size) // it comes back to what it has used up
		return end(*protocol.TooLarge(cfg.Limits))
	}
	e = known(e)
	if a := c.Take(now, limits, e.MessageID, size); a != nil {
		return a
	}
	// One that says which it is was meant for this protocol.
	if e.MessageID != "" || !c.mistakes.Enough(now, cfg.InvalidFrames) {
		return refuse(*e)
	}
	return end(*e)
}

func known(e *protocol.Error) *protocol.Error {
	if e == nil {
		return &protocol.Error{Code: protocol.MalformedMessage}
	}
	return e
}

// Malformed answers a frame of the protocol's form that has no place where it came.
func Malformed(f protocol.Frame, reason string) protocol.Error {
	return protocol.Error{Code: protocol.MalformedMessage, Reason: reason, MessageID: f.MessageID}
}
