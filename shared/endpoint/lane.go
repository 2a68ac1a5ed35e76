package endpoint

import (
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// lane is what the program asked for and was not answered yet, in order.
type lane struct {
	requests []*request
	inFlight int // sent on this connection
	made     uint64
	resumeAt time.Time // the server asked for a pause
	stalled  bool      // it takes nothing until the token is renewed
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

func (e *Endpoint) refuse(ask uint64, err *protocol.Error) { e.do(Refused{Ask: ask, Err: err}) }

// submit takes a request of the program.
func (e *Endpoint) submit(s Submit) {
	if e.ended {
		e.do(Refused{Ask: s.Ask, Err: e.why(), Over: true})
		return
	}
	r := &request{event: s.Event, app: s.Package, ask: s.Ask}
	switch {
	case e.cfg.Role == App && (s.Event != protocol.EventAppMessage || s.Package != ""),
		e.cfg.Role == Device && !protocol.PackageName(s.Package):
		e.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_package"})
		return
	case s.Event == protocol.EventAppMessage:
		if jsonscan.Check(s.Data, jsonscan.DepthLimit) != nil {
			e.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonInvalidJSON})
			return
		}
		r.data = protocol.AppMessage{To: s.Package, Data: s.Data}.Append(nil)
	case s.Event == protocol.EventAppStart, s.Event == protocol.EventAppStop:
		r.data = protocol.AppCommand{Package: s.Package}.Append(nil)
	default:
		e.refuse(s.Ask, &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonUnknownEvent})
		return
	}
	e.lane.made++
	r.id = e.cfg.Name + "-" + strconv.FormatUint(e.lane.made, 10)
	if !e.fits(r) {
		return
	}
	e.lane.requests = append(e.lane.requests, r)
	if e.line.phase == dormant && !e.token.spent {
		e.line.phase, e.line.tries = idle, 0
		e.connect()
	}
	e.flush()
}

// fits reports whether the server can read a frame, and refuses the request otherwise.
func (e *Endpoint) fits(r *request) bool {
	_, bad := protocol.Decode(r.frame().Append(nil), e.limits)
	if bad != nil {
		e.refuse(r.ask, &protocol.Error{Code: bad.Code, Reason: bad.Reason, Details: bad.Details})
	}
	return bad == nil
}

// flush sends what may be sent, in order.
func (e *Endpoint) flush() {
	l := &e.lane
	if e.line.phase != live || !l.resumeAt.IsZero() || l.stalled {
		return
	}
	for i := 0; i < len(l.requests) && l.inFlight < e.unacknowledged; i++ {
		r := l.requests[i]
		if r.sent || r.accepted {
			continue
		}
		if !e.fits(r) { // this server's limits are lower
			e.drop(r)
			i--
			continue
		}
		r.sent, r.ever = true, true
		l.inFlight++
		e.write(r.frame())
	}
}

// pause sends nothing more for a while.
func (e *Endpoint) pause(d time.Duration) {
	if d <= 0 {
		d = defaultPause
	}
	e.lane.resumeAt = e.now.Add(min(d, longestPause))
}

// find returns the request of a message id, nil for none.
func (e *Endpoint) find(id string) *request {
	if id == "" {
		return nil
	}
	for _, r := range e.lane.requests {
		if r.id == id {
			return r
		}
	}
	return nil
}

// drop forgets a request.
func (e *Endpoint) drop(r *request) {
	l := &e.lane
	if r.sent {
		l.inFlight--
	}
	l.requests = slices.DeleteFunc(l.requests, func(other *request) bool { return other == r })
}

// stored is the server's yes to a message.
func (e *Endpoint) stored(id string, seq uint64) {
	r := e.find(id)
	if r == nil {
		return
	}
	if r.event == protocol.EventAppMessage {
		e.drop(r)
		e.do(Answered{Ask: r.ask, Seq: seq})
	} else {
		e.accept(r)
	}
	e.flush()
}

// accept takes note that a start or stop needs no repeating.
func (e *Endpoint) accept(r *request) {
	r.accepted = true
	if r.sent {
		r.sent = false
		e.lane.inFlight--
	}
}

// failedRequest is the server's no to a request; false when it is none of ours. One that
// says when to try again, or that asks for another token first, is not the answer.
func (e *Endpoint) failedRequest(err *protocol.Error) bool {
	r := e.find(err.MessageID)
	if r == nil {
		return false
	}
	expired := err.Row().Action == protocol.ActionRefresh && e.cfg.Role == Device
	if expired || err.RetryAfter > 0 {
		if r.sent {
			r.sent, r.ever = false, false
			e.lane.inFlight--
		}
		if expired {
			e.lane.stalled = true
			e.refreshSoon()
		} else {
			e.pause(err.RetryAfter)
		}
		return true
	}
	e.drop(r)
	e.refuse(r.ask, err)
	e.flush()
	return true
}

// appChanged answers the starts and stops that a transition is the end of: those it names,
// and those the server has accepted before.
func (e *Endpoint) appChanged(f protocol.Frame, app protocol.AppState) {
	if r := e.find(f.MessageID); r != nil && r.app == app.Package && r.event != protocol.EventAppMessage {
		e.accept(r)
	}
	for _, r := range slices.Clone(e.lane.requests) {
		if r.accepted && r.app == app.Package && reached(r.event, f.Event, app.State) {
			e.drop(r)
			e.do(Answered{Ask: r.ask, App: app})
		}
	}
	e.flush()
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
func (e *Endpoint) settleStarts(apps []protocol.AppState) {
	for _, r := range slices.Clone(e.lane.requests) {
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
			e.drop(r)
			e.do(Answered{Ask: r.ask, App: now})
		}
	}
}

// forgetSession is for a server that does not know this endpoint any more. What may have
// been stored is not repeated there; a start or stop is, and changes nothing twice.
func (e *Endpoint) forgetSession() {
	for _, r := range slices.Clone(e.lane.requests) {
		if r.event == protocol.EventAppMessage && r.ever {
			e.drop(r)
			e.refuse(r.ask, &protocol.Error{
				Code: protocol.SessionEnded, Reason: ReasonUnanswered,
				Message: "The session ended before the message was answered: it may have been stored.",
			})
			continue
		}
		r.accepted, r.ever = false, false
	}
}
