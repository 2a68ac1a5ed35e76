package client

import (
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// owner is the leader as its connection knows it.
type owner Client

func (o *owner) Do(e Effect) { (*Client)(o).do(e) }

func (o *owner) Address() string { return (*Client)(o).url() }

func (o *owner) UserID() string { return (*Client)(o).session.userID }

func (o *owner) Closing() {
	c := (*Client)(o)
	if c.flow.unacked > 0 {
		c.writeAck()
	}
}

func (o *owner) Dropped() {
	c := (*Client)(o)
	c.flow.ackAt, c.flow.unacked = zero, 0
	c.log.sent, c.log.stalled = 0, false
	c.log.syncing, c.log.stream = false, 0
	c.dropPosting()
}

func (o *owner) Disconnected(out clientconn.Outage) {
	c := (*Client)(o)
	c.setStatus(c.down(status{reason: out.Reason, code: out.Code, retryIn: out.RetryIn}))
}

// Resumed sends what was refused meanwhile, in order.
func (o *owner) Resumed() {
	(*Client)(o).unstall()
	(*Client)(o).passPresence()
}

// Ready goes on with what the server's rate did not allow at once.
func (o *owner) Ready() {
	(*Client)(o).flush()
	(*Client)(o).passPresence()
}

func (o *owner) RequestFailed(e *protocol.Error) bool {
	c := (*Client)(o)
	f := fromWire(e)
	return c.opFailed(e, f) || c.askFailed(e, f)
}

func (o *owner) Failed(e *protocol.Error, action protocol.Action) {
	f := fromWire(e)
	if f.Action != action {
		f.Action, f.Recoverable = action, action != protocol.ActionStop
	}
	(*Client)(o).notifyTabs(eventKind(f), f.appendJSON(nil))
}

func (o *owner) End(e *protocol.Error, code int) {
	f := fromWire(e)
	f.Recoverable, f.Action = false, protocol.ActionStop
	if e.Code == protocol.ConnectionReplaced {
		(*Client)(o).yield(f, code)
	} else {
		(*Client)(o).final(eventFor(f), f, code)
	}
}

func (o *owner) TokenMissed(e *protocol.Error) { (*Client)(o).emitFailure("error", tokenFailure(e)) }

func (o *owner) NoToken(e *protocol.Error) {
	(*Client)(o).notifyTabs("autherror", tokenFailure(e).appendJSON(nil))
}

// tokenFailure is a token that could not be had or used, where another one may be.
func tokenFailure(e *protocol.Error) *Failure {
	f := fromWire(e)
	f.Recoverable, f.Action = true, protocol.ActionRefresh
	return f
}

func (o *owner) TokenTaken(first, same bool) {
	c := (*Client)(o)
	c.account.askedTwice = false
	switch {
	case first:
		c.emitToken("", "")
		c.postOrigin("signed_in")
	case !same:
		c.emitToken("tokenrefresh", "self")
	}
	c.shareToken()
}

func (o *owner) TokenAccepted(p protocol.TokenRefreshed) {
	c := (*Client)(o)
	c.session.permEpoch = max(c.session.permEpoch, p.PermEpoch)
	c.shareToken()
	c.unstall() // what was refused for the old token goes out again
}

func (o *owner) ExpiryChanged() {
	c := (*Client)(o)
	c.emitToken("", "")
	c.shareToken()
}
