package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// LastError is the error frame that was received last, where nothing came after it.
func (c *Conn[O]) LastError() *protocol.Error { return c.lastError }

// Closed is the end of a socket. The range of its code decides what to do; seed S2 calls this
// part AuthErrorHandler.
func (c *Conn[O]) Closed(gen uint64, code int) {
	if !c.Current(gen) {
		return
	}
	last := c.lastError
	err, action := errorForClose(code), protocol.ActionForClose(code)
	if last != nil {
		err = last
		// The connection may break between the last frame and the close.
		if code < 4000 || code > 4999 {
			action = last.Row().Action
		}
	}
	switch {
	case action == protocol.ActionStop, action == protocol.ActionRefresh && c.cfg.Keyed: // there is no other key to be had
		c.Drop()
		c.owner.End(err, code)
	case action == protocol.ActionRefresh:
		c.tokenRefused(err, code)
	case action == protocol.ActionWait:
		c.owner.Failed(err, action)
		c.lost(code, "wait", max(atMost(err.RetryAfter), LeastWait))
	default:
		if last != nil {
			said := *err
			said.RetryAfter = 0 // the backoff says when
			c.owner.Failed(&said, action)
		}
		c.lost(code, "", 0)
	}
}

// errorForClose is the error that a close code stands for without an error frame before it.
func errorForClose(code int) *protocol.Error {
	for _, row := range protocol.Table {
		if row.Close == code {
			return &protocol.Error{Code: row.Code}
		}
	}
	err := &protocol.Error{Code: protocol.InternalError, Reason: "unknown_close", Message: "The server closed the connection."}
	switch protocol.ActionForClose(code) {
	case protocol.ActionStop:
		err.Code = protocol.SessionEnded
	case protocol.ActionRefresh:
		err.Code = protocol.AuthenticationFailed
	case protocol.ActionWait:
		err.Code = protocol.ServiceUnavailable
	}
	return err
}

// stable reports whether the connection has lasted long enough for its end to count as the first.
func (c *Conn[O]) stable() bool {
	return c.phase == Live && c.now.Sub(c.liveSince) >= backoff.StableAfter
}

// lost is a dropped connection: redial with full jitter, and not before atLeast. A server may
// send hundreds of clients the same wait, and they must not come back at once.
func (c *Conn[O]) lost(code int, reason string, atLeast time.Duration) {
	if c.stable() {
		c.tries = 0
	}
	if c.Offline && atLeast == 0 {
		reason = "offline"
	}
	delay := max(c.Rand.Wait(c.tries), c.Rand.After(atLeast))
	c.tries++
	c.forget()
	if c.tries > DialTries {
		c.phase = Dormant
		c.owner.Disconnected(Outage{Reason: "dormant", Code: code})
		return
	}
	c.phase, c.paced = Waiting, atLeast > 0
	c.redialAt = c.now.Add(delay)
	c.owner.Disconnected(Outage{Reason: reason, Code: code, RetryIn: delay})
}

// tokenRefused is a 41xx: one fresh token, then the same again; a client that is refused
// with that as well has to sign in.
func (c *Conn[O]) tokenRefused(err *protocol.Error, code int) {
	switch {
	case c.stable():
		c.brief = 0
	case c.phase == Live:
		c.brief++
	}
	c.refused++
	c.Drop()
	c.Token.refuse()
	if c.refused >= TokenTries || c.brief >= TokenTries || err.Code != protocol.TokenExpired && c.refused > 1 {
		c.owner.End(err, code)
		return
	}
	c.phase = WantToken
	c.owner.Disconnected(Outage{Reason: "token", Code: code})
	c.Fetch()
}
