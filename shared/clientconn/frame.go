package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Write sends a frame, if the connection stands.
func (c *Conn[O]) Write(f protocol.Frame) {
	if c.phase == Live {
		text := f.Append(nil)
		c.pace.spend(c.now, len(text))
		c.owner.Do(Write{Gen: c.gen, Text: text})
	}
}

// Leave sends disconnect: the client will not come back.
func (c *Conn[O]) Leave(reason string) {
	c.Write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventDisconnect, Data: protocol.Disconnect{Reason: reason}.Append(nil)})
}

// Receive reads one frame. It is for the owner to handle where ok is set. Bad says why a
// text of this connection could not be read.
func (c *Conn[O]) Receive(gen uint64, text []byte) (f protocol.Frame, bad *protocol.Error, ok bool) {
	if !c.Current(gen) {
		return f, nil, false
	}
	c.alive()
	f, bad = protocol.Decode(text, protocol.ReaderLimits)
	if bad != nil {
		// A newer server may send what this client does not know yet.
		if bad.Reason != protocol.ReasonUnknownType && bad.Reason != protocol.ReasonUnknownEvent {
			c.Malformed(bad.Reason)
		}
		return f, bad, false
	}
	if last := c.lastError; last != nil {
		// It was not the last word after all, so it ended nothing.
		c.lastError = nil
		c.owner.Failed(last, last.Row().Action)
	}
	if c.phase == Dialling {
		switch f.Event {
		case protocol.EventConnectionAck, protocol.EventAppConnectionAck, protocol.EventError, protocol.EventConnectionError, protocol.EventAppConnectionError:
		default:
			return f, nil, false
		}
	}
	return f, nil, true
}

// Malformed reports a text of the server's that is none of the protocol's.
func (c *Conn[O]) Malformed(reason string) {
	err := &protocol.Error{Code: protocol.MalformedMessage, Reason: reason, Message: "The server sent something that is not a frame."}
	c.owner.Failed(err, protocol.ActionReconnect)
}

// System handles a frame that is about the connection, and reports whether it was one.
func (c *Conn[O]) System(f protocol.Frame) bool {
	switch f.Event {
	case protocol.EventError, protocol.EventConnectionError, protocol.EventAppConnectionError:
		c.errorFrame(f)
	case protocol.EventPing:
		c.pings = !c.cfg.Pinged
		c.alive()
		c.Write(f.Pong())
	case protocol.EventTokenRefreshed:
		if p, ok := protocol.ParseTokenRefreshed(f.Data); ok {
			c.swapped(p)
		}
	case protocol.EventTokenRefreshRequired:
		c.RefreshSoon()
	case protocol.EventSessionEnded:
		p, _ := protocol.ParseSessionEnd(f.Data)
		c.owner.End(&protocol.Error{Code: protocol.SessionEnded, Reason: p.Reason}, 0)
	case protocol.EventRateLimited:
		if p, ok := protocol.ParseRateLimited(f.Data); ok {
			c.Pause(p.RetryAfter)
		}
	default:
		return false
	}
	return true
}

// errorFrame is a request that failed, or the last word before a close.
func (c *Conn[O]) errorFrame(f protocol.Frame) {
	err, ok := protocol.ParseError(f.Data)
	if !ok {
		return
	}
	if err.MessageID == "" {
		err.MessageID = f.MessageID
	}
	switch {
	case c.swapID != "" && (err.MessageID == c.swapID || err.MessageID == "" && aboutToken(err.Code)):
		c.swapRefused(err)
	case err.MessageID != "":
		if !c.owner.RequestFailed(err) {
			c.owner.Failed(err, err.Row().Action)
		}
	default:
		c.lastError = err
		if c.phase != Live {
			return
		}
		switch err.Code {
		case protocol.TokenExpired, protocol.AuthenticationFailed:
			// The connection may go on read-only for a while: a new token now saves it.
			c.RefreshSoon()
		case protocol.RateLimitExceeded:
			c.Pause(err.RetryAfter)
		}
	}
}

// aboutToken reports whether an error without a message id answers a token_refresh that is
// still open.
func aboutToken(code protocol.Code) bool {
	return code == protocol.AuthenticationFailed || code == protocol.TokenExpired || code == protocol.ServiceUnavailable
}

// Pause has the owner send nothing for a while; Resumed ends it.
func (c *Conn[O]) Pause(d time.Duration) {
	if d <= 0 {
		d = LeastWait
	}
	c.exhausted()
	c.resumeAt = c.now.Add(min(d, LongestPause))
}

// Paused reports whether the server asked for a pause that lasts.
func (c *Conn[O]) Paused() bool { return !c.resumeAt.IsZero() }

// patience is how long the server may be silent before a ping goes out. A server that sends
// the heartbeat does so within an interval.
func (c *Conn[O]) patience() time.Duration {
	if c.pings {
		return c.heartbeat
	}
	return c.heartbeat * 5 / 4
}

// alive notes a sign of life.
func (c *Conn[O]) alive() {
	c.lastSeen, c.deadAt = c.now, time.Time{}
	if c.phase == Live && !c.pings {
		c.pingAt = c.now.Add(c.patience())
	}
}

// Fresh reports whether there was a sign of life within half a heartbeat.
func (c *Conn[O]) Fresh() bool { return c.now.Sub(c.lastSeen) <= c.heartbeat/2 }

// ping asks for a sign of life within d; silence until then is a dead connection. It is counted
// from a ping and not from the last frame, so that a machine that slept does not take its
// own silence for the server's.
func (c *Conn[O]) ping(d time.Duration) {
	c.owner.Do(Write{Gen: c.gen, Text: []byte(protocol.PingText)})
	c.pingAt = c.now.Add(c.heartbeat)
	if by := c.now.Add(d); c.deadAt.IsZero() || by.Before(c.deadAt) {
		c.deadAt = by
	}
}
