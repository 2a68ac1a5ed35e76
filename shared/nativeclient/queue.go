package nativeclient

import (
	"slices"
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// sendQueue is what the program asked for and was not answered yet, in order.
type sendQueue struct {
	requests []*request
	inFlight int // sent on this connection
	made     uint64
	stalled  bool // it takes nothing until the token is renewed
}

// request is kept, with one message id, until it is answered.
type request struct {
	id, event, app string
	ask            uint64
	data           []byte
	sent           bool // on this connection
	ever           bool // in this session: it may be stored
	// accepted is whether the server has answered it; an app that is starting or stopping
	// is yet to get there.
	accepted bool
}

func (r *request) frame() protocol.Frame {
	return protocol.Frame{Type: protocol.TypeApp, Event: r.event, Data: r.data, MessageID: r.id}
}

func (c *Client) refuse(ask uint64, err *protocol.Error) { c.do(Refused{Ask: ask, Err: err}) }

// submit takes a request of the program.
func (c *Client) submit(s Submit) {
	if c.ended {
		c.do(Refused{Ask: s.Ask, Err: c.why(), Over: true})
		return
	}
	r := &request{event: s.Event, app: s.Package, ask: s.Ask}
	switch {
	case c.cfg.Role == App && (s.Event != protocol.EventAppMessage || s.Package != ""),
		c.cfg.Role == Device && !protocol.PackageName(s.Package):
		c.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_package"})
		return
	case s.Event == protocol.EventAppMessage:
		if jsonscan.Check(s.Data, jsonscan.DepthLimit) != nil {
			c.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonInvalidJSON})
			return
		}
		r.data = protocol.AppMessage{To: s.Package, Data: s.Data}.Append(nil)
	case s.Event == protocol.EventAppStart, s.Event == protocol.EventAppStop:
		r.data = protocol.AppCommand{Package: s.Package}.Append(nil)
	default:
		c.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonUnknownEvent})
		return
	}
	c.queue.made++
	r.id = c.cfg.Name + "-" + strconv.FormatUint(c.queue.made, 10)
	if !c.fits(r) {
		return
	}
	c.queue.requests = append(c.queue.requests, r)
	c.conn.Nudge()
	c.flush()
}

// fits reports whether the server can read a frame, and refuses the request otherwise.
func (c *Client) fits(r *request) bool {
	_, bad := protocol.Decode(r.frame().Append(nil), c.limits)
	if bad != nil {
		c.refuse(r.ask, &protocol.Error{Code: bad.Code, Reason: bad.Reason, Details: bad.Details})
	}
	return bad == nil
}

// flush sends what may be sent, in order.
func (c *Client) flush() {
	q := &c.queue
	if !c.conn.Live() || c.conn.Paused() || q.stalled {
		return
	}
	for i := 0; i < len(q.requests) && q.inFlight < c.unacknowledged; i++ {
		r := q.requests[i]
		if r.sent || r.accepted {
			continue
		}
		if !c.fits(r) { // this server's limits are lower
			c.drop(r)
			i--
			continue
		}
		if !c.conn.Room(len(r.data)) {
			return
		}
		r.sent, r.ever = true, true
		q.inFlight++
		c.conn.Write(r.frame())
	}
}

// find returns the request of a message id, nil for none.
func (c *Client) find(id string) *request {
	if id == "" {
		return nil
	}
	for _, r := range c.queue.requests {
		if r.id == id {
			return r
		}
	}
	return nil
}

// drop forgets a request.
func (c *Client) drop(r *request) {
	q := &c.queue
	if r.sent {
		q.inFlight--
	}
	q.requests = slices.DeleteFunc(q.requests, func(other *request) bool { return other == r })
}

// stored is the server's yes to a message.
func (c *Client) stored(id string, seq uint64) {
	r := c.find(id)
	if r == nil {
		return
	}
	if r.event == protocol.EventAppMessage {
		c.drop(r)
		c.do(Answered{Ask: r.ask, Seq: seq})
	} else {
		c.accept(r)
	}
	c.flush()
}

// accept takes note that a start or stop needs no repeating.
func (c *Client) accept(r *request) {
	r.accepted = true
	if r.sent {
		r.sent = false
		c.queue.inFlight--
	}
}

// requestFailed is the server's no to a request; false when it is none of ours. One that
// says when to try again, or that asks for another token first, is not the answer.
func (c *Client) requestFailed(err *protocol.Error) bool {
	r := c.find(err.MessageID)
	if r == nil {
		return false
	}
	expired := err.Row().Action == protocol.ActionRefresh && c.cfg.Role == Device
	if expired || err.RetryAfter > 0 {
		if r.sent {
			r.sent, r.ever = false, false
			c.queue.inFlight--
		}
		if expired {
			c.queue.stalled = true
			c.conn.RefreshSoon()
		} else {
			c.conn.Pause(err.RetryAfter)
		}
		return true
	}
	c.drop(r)
	c.refuse(r.ask, err)
	c.flush()
	return true
}

// appChanged answers the starts and stops that a transition is the end of: those it names,
// and those the server has accepted before.
func (c *Client) appChanged(f protocol.Frame, app protocol.AppState) {
	if r := c.find(f.MessageID); r != nil && r.app == app.Package && r.event != protocol.EventAppMessage {
		c.accept(r)
	}
	for _, r := range slices.Clone(c.queue.requests) {
		if r.accepted && r.app == app.Package && reached(r.event, f.Event, app.State) {
			c.drop(r)
			c.do(Answered{Ask: r.ask, App: app})
		}
	}
	c.flush()
}

// reached reports whether a transition is what a start or stop waits for. A start that
// ends in app_stopped has come to nothing.
func reached(wanted, event, state string) bool {
	stopped := event == protocol.EventAppStopped || state == stateStopped
	return stopped || wanted == protocol.EventAppStart && (event == protocol.EventAppStarted || state == stateRunning)
}

// The states of an app that answer a start or stop.
const (
	stateRunning = "running"
	stateStopped = "stopped"
)

// settleStarts answers what waits for a transition that may be in a gap, by what the
// server says of the apps now.
func (c *Client) settleStarts(apps []protocol.AppState) {
	for _, r := range slices.Clone(c.queue.requests) {
		if !r.accepted {
			continue
		}
		now := protocol.AppState{Package: r.app, State: stateStopped}
		for _, app := range apps {
			if app.Package == r.app {
				now = app
			}
		}
		if reached(r.event, "", now.State) {
			c.drop(r)
			c.do(Answered{Ask: r.ask, App: now})
		}
	}
}

// forgetSession is for a server that does not know this client any more. What may have
// been stored is not repeated there; a start or stop is, and changes nothing twice.
func (c *Client) forgetSession() {
	for _, r := range slices.Clone(c.queue.requests) {
		if r.event == protocol.EventAppMessage && r.ever {
			c.drop(r)
			c.refuse(r.ask, &protocol.Error{
				Code: protocol.SessionEnded, Reason: ReasonUnanswered,
				Message: "The session ended before the message was answered: it may have been stored.",
			})
			continue
		}
		r.accepted, r.ever = false, false
	}
}
