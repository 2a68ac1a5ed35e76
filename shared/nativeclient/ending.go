package nativeclient

import "github.com/holdfast-dev/holdfast/shared/protocol"

// stopped is the server's last word to an app, which cannot be resumed.
func (c *Client) stopped(reason string) {
	c.end(&protocol.Error{Code: protocol.SessionEnded, Reason: reason, Message: "The app was stopped."}, 1000)
}

// end is for good: a final error, or the program's own close.
func (c *Client) end(err *protocol.Error, code int) {
	if c.ended {
		return
	}
	c.conn.End()
	c.ended = true
	c.status.Err = err
	for _, r := range c.queue.requests {
		c.do(Refused{Ask: r.ask, Err: c.why(), Over: true})
	}
	c.queue = sendQueue{}
	s := Status{State: Ended, Reason: "closed", Code: code, Err: err}
	if err != nil {
		s.Reason = err.Reason
		if s.Reason == "" {
			s.Reason = string(err.Code)
		}
	}
	c.change(s)
}

// why is the error of a request that comes too late: what ended the client, or its own close.
func (c *Client) why() *protocol.Error {
	if c.status.Err != nil {
		return c.status.Err
	}
	return &protocol.Error{Code: protocol.SessionEnded, Reason: ReasonClosed}
}

// ReasonClosed refuses what the program asked of a client it has closed.
const ReasonClosed = "closed"

// leave is the program's close.
func (c *Client) leave(forGood bool) {
	if c.started && !c.ended {
		if forGood {
			c.writeAck() // nothing is read after the disconnect
			c.conn.Leave("closed")
		}
		c.end(nil, 0)
	}
	c.ended, c.finished = true, true
	c.do(Finished{})
}
