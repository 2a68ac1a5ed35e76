package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Endpoint is one device or one app on one user's session. Use New; call nothing but Step
// and Deadline, from one goroutine.
type Endpoint struct {
	cfg Config
	rng backoff.Random
	now time.Time
	out []Effect

	started  bool
	held     bool // the program has put the line down
	ended    bool // for good
	finished bool

	// What the server said of itself.
	limits         protocol.Limits
	unacknowledged int
	heartbeat      time.Duration

	status Status
	line   line
	heard  heard
	lane   lane
	token  tokens
}

// Step tells the endpoint that something happened and returns what is to be done.
func (e *Endpoint) Step(now time.Time, ev Event) []Effect {
	if e.finished {
		if s, ok := ev.(Submit); ok {
			return []Effect{Refused{Ask: s.Ask, Err: e.why(), Over: true}}
		}
		return nil
	}
	if now.After(e.now) {
		e.now = now // a clock that steps back would make deadlines come twice
	}
	e.out = nil
	switch ev := ev.(type) {
	case Start:
		if !e.started {
			e.started = true
			e.connect()
		}
	case Close:
		e.leave(ev.Leave)
	case Submit:
		e.submit(ev)
	default:
		if e.started && !e.ended {
			e.handle(ev)
		}
	}
	out := e.out
	e.out = nil
	return out
}

func (e *Endpoint) handle(ev Event) {
	switch ev := ev.(type) {
	case Woken:
		e.tokenDue()
		e.lineDue()
	case Wake:
		e.wake()
	case Refresh:
		e.refresh()
	case Hold:
		e.hold()
	case Release:
		e.release()
	case TokenFetched:
		e.tokenFetched(ev.Token)
	case TokenFailed:
		e.tokenFailed(ev)
	case Opened:
		e.opened(ev.Gen)
	case Received:
		e.received(ev.Gen, ev.Text)
	case Closed:
		e.closed(ev)
	}
}

// Deadline is when Step wants to be told Woken; false when nothing is due.
func (e *Endpoint) Deadline() (time.Time, bool) {
	if e.ended || e.held {
		return time.Time{}, false
	}
	var least time.Time
	for _, t := range [...]time.Time{
		e.line.connectBy, e.line.redialAt, e.line.pingAt, e.line.deadAt, e.heard.ackAt, e.lane.resumeAt,
		e.token.refreshAt, e.token.retryAt, e.token.fetchBy, e.token.swapBy, e.token.endAt,
	} {
		if !t.IsZero() && (least.IsZero() || t.Before(least)) {
			least = t
		}
	}
	return least, !least.IsZero()
}

// past reports whether a deadline has come, and clears it.
func (e *Endpoint) past(t *time.Time) bool {
	if t.IsZero() || e.now.Before(*t) {
		return false
	}
	*t = time.Time{}
	return true
}

func (e *Endpoint) do(effect Effect) { e.out = append(e.out, effect) }

// change tells the program of a new state; what belongs to the session stays.
func (e *Endpoint) change(s Status) {
	s.SessionID, s.UserID, s.ClientID, s.ClientConnected = e.status.SessionID, e.status.UserID, e.status.ClientID, e.status.ClientConnected
	if s == e.status {
		return
	}
	e.status = s
	e.do(Changed{Status: s})
}

// down is what a connection that does not stand is called.
func (e *Endpoint) down() State {
	if e.status.UserID == "" {
		return Connecting
	}
	return Reconnecting
}

func (e *Endpoint) failed(err *protocol.Error, action protocol.Action) {
	e.do(Failed{Err: err, Action: action})
}
