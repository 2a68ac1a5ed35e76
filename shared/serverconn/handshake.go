package serverconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// Handshake is a pending socket: one that has yet to send its handshake frame. Nobody knows
// whether it reads, so it is sent so much and no more. The zero value was sent nothing.
type Handshake struct{ sent int }

// PendingBytes is how much is sent to a pending socket.
const PendingBytes = 16 << 10

// Until is when the pending socket is rejected that was accepted at that moment, and false
// where there is none. Nothing that it sends gives it more time.
func Until(pending ConnID, accepted time.Time, timeout time.Duration) (at time.Time, ok bool) {
	return accepted.Add(timeout), pending != ""
}

// Step is what a frame of a pending socket comes to.
type Step uint8

// The steps.
const (
	Waits   Step = iota // the answer is sent, if there is one
	Rejects             // the socket is closed with the answer's Err
	Begins              // it was the handshake frame
	Leaves              // it was a disconnect
)

// Frame takes a frame of the pending socket that decoded; init is the event of its handshake
// frame. The client c is held to its limits: one that sends so much before its handshake has
// no claim to patience.
func (h *Handshake) Frame(now time.Time, c *Conn, cfg *Config, f protocol.Frame, size int, init string) (Step, *Answer) {
	if f.Event == protocol.EventDisconnect {
		return Leaves, nil
	}
	if wait, _ := c.flood.Take(now, &cfg.Flood, size); wait > 0 {
		return Rejects, end(tooMany(wait))
	}
	switch f.Event {
	case init:
		return Begins, nil
	case protocol.EventPing:
		return h.send(&Answer{Frame: f.Pong()})
	case protocol.EventPong:
		return Waits, nil
	}
	return h.send(refuse(Malformed(f, "init_expected")))
}

// Invalid takes one that did not decode; e may be nil.
func (h *Handshake) Invalid(now time.Time, c *Conn, cfg *Config, e *protocol.Error, size int) (Step, *Answer) {
	wait, _ := c.flood.Take(now, &cfg.Flood, size)
	switch {
	case cfg.Limits.FarOver(size):
		return Rejects, end(*protocol.TooLarge(cfg.Limits))
	case wait > 0:
		return Rejects, end(tooMany(wait))
	}
	return h.send(refuse(*known(e)))
}

func (h *Handshake) send(a *Answer) (Step, *Answer) {
	if h.sent += len(a.Frame.Append(nil)); h.sent > PendingBytes {
		return Rejects, end(tooMany(rate.LeastPause))
	}
	return Waits, a
}
