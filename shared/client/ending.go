package client

import (
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What happens when a connection ends, or has to. Every outcome is
// an event with code, recoverable and action (seed S2, AuthErrorHandler).

// closed is the end of a socket. The leader gives the lead back where another tab of this
// profile has taken the channel over; anything else is the connection's to decide.
func (c *Client) closed(e Closed) {
	if c.conn.Current(e.Gen) && c.takenByOwn(e.Code, c.conn.LastError()) {
		c.conn.Drop()
		c.stepDown()
		return
	}
	c.conn.Closed(e.Gen, e.Code)
}

// takenByOwn reports whether a close says that another tab of this profile has
// taken the channel over: that is done without a word, or in our own name.
func (c *Client) takenByOwn(code int, last *protocol.Error) bool {
	if last == nil {
		return code == protocol.Lookup(protocol.ConnectionReplaced).Close
	}
	return last.Code == protocol.ConnectionReplaced && last.Detail("client_id") == c.cfg.ClientID
}

// eventFor is the event that reports to an app a failure that ends the session.
func eventFor(f *Failure) string {
	switch protocol.Code(f.Code) {
	case protocol.InsufficientPermissions:
		return "permissiondenied"
	case protocol.AuthenticationFailed, protocol.TokenExpired, protocol.TokenRevoked:
		return "autherror"
	}
	return "error"
}

// down is the status of a connection that does not stand.
func (c *Client) down(s status) status {
	switch {
	case c.replaced.state != "":
		return c.replaced
	case c.session.id == "":
		s.state = stateConnecting
	default:
		s.state = stateReconnecting
	}
	return s
}

// final ends the session for all tabs. None of them dials again.
func (c *Client) final(kind string, f *Failure, code int) {
	w := c.event("final")
	w.Str("kind", kind)
	w.Int("code", int64(code))
	w.Raw("error", f.appendJSON(nil))
	c.post(w)
	c.finalHere(kind, f, code)
}

func (c *Client) finalHere(kind string, f *Failure, code int) {
	c.emitFailure(kind, f)
	reason := f.Reason
	if reason == "" {
		reason = f.Code
	}
	c.stop(reason, code)
}

// signOut ends the session in all tabs, whatever document they show, and forgets
// the token.
func (c *Client) signOut() {
	if c.started {
		c.postOrigin("signed_out") // also of a tab that has ended for a reason of its own
	}
	if c.cfg.Offline {
		c.do(EraseKept{})
	}
	if c.started && !c.stopped {
		c.conn.Leave("signed_out")
		c.stop("signed_out", 0)
	}
	c.finished = true
	c.do(Finished{})
}
