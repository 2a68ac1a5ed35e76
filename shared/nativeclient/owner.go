package nativeclient

import (
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// owner is the client as its connection knows it.
type owner Client

func (o *owner) Do(e Effect) { (*Client)(o).do(e) }

// Address is the shell's to know.
func (o *owner) Address() string { return "" }

func (o *owner) UserID() string { return (*Client)(o).status.UserID }

func (o *owner) Closing() { (*Client)(o).writeAck() }

func (o *owner) Dropped() {
	c := (*Client)(o)
	c.inbound.ackAt, c.inbound.ackedAt, c.inbound.acked, c.inbound.unacked = zero, zero, 0, 0
	q := &c.queue
	q.stalled, q.inFlight = false, 0
	for _, r := range q.requests {
		r.sent = false
	}
}

func (o *owner) Disconnected(out clientconn.Outage) {
	c := (*Client)(o)
	state := Reconnecting
	if c.status.UserID == "" {
		state = Connecting
	}
	c.change(Status{State: state, Reason: out.Reason, Code: out.Code, RetryIn: out.RetryIn})
}

func (o *owner) Resumed() { (*Client)(o).flush() }

func (o *owner) Ready() { (*Client)(o).flush() }

func (o *owner) RequestFailed(err *protocol.Error) bool { return (*Client)(o).requestFailed(err) }

func (o *owner) Failed(err *protocol.Error, action protocol.Action) {
	(*Client)(o).do(Failed{Err: err, Action: action})
}

func (o *owner) End(err *protocol.Error, code int) { (*Client)(o).end(err, code) }

func (o *owner) TokenMissed(err *protocol.Error) { o.Failed(err, protocol.ActionRefresh) }

func (o *owner) NoToken(err *protocol.Error) {
	(*Client)(o).do(Failed{Err: err, Action: protocol.ActionRefresh, NoToken: true})
}

func (o *owner) TokenTaken(first, same bool) {
	c := (*Client)(o)
	if !first && !same {
		c.do(Renewed{Expires: c.conn.Token.End})
	}
}

// TokenAccepted sends again what was refused for the old token.
func (o *owner) TokenAccepted(protocol.TokenRefreshed) {
	c := (*Client)(o)
	c.queue.stalled = false
	c.flush()
}

func (o *owner) ExpiryChanged() {}
