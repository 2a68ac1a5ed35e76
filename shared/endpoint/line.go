package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// phase is where the connection stands.
type phase uint8

const (
	idle      phase = iota // none is wanted
	wantToken              // a token has to come first
	dialling               // dialled, or opened and not acknowledged yet
	live                   // acknowledged
	waiting                // until redialAt
	dormant                // too many failures: until something wakes it
)

// line is the connection and its heartbeat.
type line struct {
	phase     phase
	gen       uint64 // the current Dial; what an older one says is ignored
	tries     int    // dials in a row that came to nothing
	authTries int    // refusals of a token in a row
	brief     int    // connections in a row that were let in, and lost to their token at once
	asked     bool   // the server named the time of the next dial

	greeted bool // the first word is said

	connectBy time.Time
	redialAt  time.Time

	since  time.Time // of being live
	pingAt time.Time
	deadAt time.Time // set while a ping is unanswered
	// own is whether the heartbeat is this end's: an app's always, a device's once the
	// server has let an interval and a quarter go by without a word.
	own bool
	// lastError is the last frame heard, when that was an error about the connection
	// itself: the word before a close.
	lastError *protocol.Error
}

// connect dials, or sees to what has to come first.
func (e *Endpoint) connect() {
	l := &e.line
	if e.held || e.ended || l.phase == live || l.phase == dialling {
		return
	}
	l.redialAt, l.asked = time.Time{}, false
	if e.cfg.Role == Device && !e.tokenUsable() {
		l.phase = wantToken
		e.fetchToken()
		return
	}
	l.gen++
	l.phase, l.lastError, l.greeted = dialling, nil, false
	l.connectBy = e.now.Add(ConnectTimeout)
	e.do(Dial{Gen: l.gen, Token: e.token.raw})
}

// opened says the first word, and asks to resume once there is something to resume.
func (e *Endpoint) opened(gen uint64) {
	l := &e.line
	if gen != l.gen || l.phase != dialling && l.phase != live {
		e.do(CloseSocket{Gen: gen, Code: 1000, Reason: "late"})
		return
	}
	if l.greeted || l.phase == live {
		return
	}
	l.greeted = true
	f := protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionInit}
	if e.cfg.Role == App {
		f.Type, f.Event = protocol.TypeApp, protocol.EventAppConnectionInit
		f.Data = protocol.AppConnectionInit{
			SessionID: e.cfg.SessionID, Package: e.cfg.Package, LastSeq: e.heard.last, HasLastSeq: e.heard.known,
		}.Append(nil)
	} else {
		f.Data = protocol.ConnectionInit{SessionID: e.status.SessionID, LastSeq: e.heard.last, HasLastSeq: e.heard.known}.Append(nil)
	}
	e.do(Write{Gen: gen, Text: f.Append(nil)})
}

// welcome is what both acknowledgements say.
type welcome struct {
	status    Status
	replay    *protocol.Range
	gap       *protocol.Gap
	heartbeat time.Duration
	limits    protocol.AckLimits
	apps      []protocol.AppState
}

// acknowledged is the server's first word: the connection is admitted.
func (e *Endpoint) acknowledged(w welcome) {
	l := &e.line
	if e.status.UserID != "" && e.status.UserID != w.status.UserID {
		e.end(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: "other_user", Message: "The session belongs to another user."}, 0)
		return
	}
	again := e.status.UserID != ""
	e.tokenStands()
	l.phase, l.connectBy, l.since, l.authTries = live, time.Time{}, e.now, 0
	e.heartbeat = defaultHeartbeat
	if w.heartbeat > 0 {
		e.heartbeat = max(w.heartbeat, leastHeartbeat)
	}
	e.unacknowledged = DefaultUnacknowledged
	if w.limits.Unacknowledged > 0 {
		e.unacknowledged = w.limits.Unacknowledged
	}
	e.limits = protocol.Limits{FrameBytes: w.limits.FrameBytes, Depth: w.limits.Depth, IDBytes: w.limits.IDBytes}
	l.own = e.cfg.Role == App
	l.pingAt = e.now.Add(e.patience())
	w.status.State = Connected
	e.status = w.status
	e.do(Changed{e.status, w.apps})
	if again && !w.status.Resumed {
		e.forgetSession()
	}
	e.catchUp(w)
	e.flush()
}

// patience is how long the server may be silent before a ping goes out. A server that
// pings by itself does so within an interval.
func (e *Endpoint) patience() time.Duration {
	if e.line.own {
		return e.heartbeat
	}
	return e.heartbeat * 5 / 4
}

// alive takes note of a frame: anything heard is a sign of life.
func (e *Endpoint) alive() {
	l := &e.line
	l.deadAt = time.Time{}
	if l.phase == live && !l.own {
		l.pingAt = e.now.Add(e.patience())
	}
}

// ping asks for a sign of life within d; silence until then is a dead line, whatever the
// socket says. It is counted from a ping and not from the last frame, so that a machine
// that slept does not take its own silence for the server's.
func (e *Endpoint) ping(d time.Duration) {
	l := &e.line
	e.do(Write{Gen: l.gen, Text: []byte(protocol.PingText)})
	l.pingAt = e.now.Add(e.heartbeat)
	if by := e.now.Add(d); l.deadAt.IsZero() || by.Before(l.deadAt) {
		l.deadAt = by
	}
}

// lineDue does what the connection's timers ask for.
func (e *Endpoint) lineDue() {
	l := &e.line
	if e.past(&l.connectBy) {
		e.do(CloseSocket{Gen: l.gen, Code: 1000, Reason: "connect timeout"})
		e.lost(1006, "connect_timeout", 0)
	}
	if e.past(&l.deadAt) && l.phase == live {
		e.do(CloseSocket{Gen: l.gen, Code: 1000, Reason: "silent"})
		e.lost(1006, "silent", 0)
	}
	if e.past(&l.redialAt) {
		l.phase = idle
		e.connect()
	}
	if e.past(&l.pingAt) && l.phase == live {
		waited := e.patience()
		l.own = true
		e.ping(e.heartbeat*5/2 - waited)
	}
	if e.past(&e.heard.ackAt) && l.phase == live {
		e.writeAck()
	}
	if e.past(&e.lane.resumeAt) {
		e.flush()
	}
}

// wake is the program saying that now is a good time.
func (e *Endpoint) wake() {
	l := &e.line
	switch l.phase {
	case live:
		e.ping(quickProbe)
	case waiting, dormant, wantToken:
		l.tries = 0
		e.token.spent = false
		if !e.token.retryAt.IsZero() {
			e.token.retryAt = time.Time{}
			e.fetchToken()
		}
		if l.asked {
			return // a pause the server asked for is kept
		}
		l.phase = idle
		e.connect()
	}
}

// hold puts the line down; release takes it up again.
func (e *Endpoint) hold() {
	e.held = true
	e.hangUp(1000, "held")
	e.change(Status{State: e.down(), Reason: "held"})
}

func (e *Endpoint) release() {
	if e.held {
		e.held = false
		e.connect()
	}
}

// hangUp closes the current connection, if there is one, and forgets it.
func (e *Endpoint) hangUp(code int, reason string) {
	l := &e.line
	if l.phase == live || l.phase == dialling {
		if l.phase == live {
			e.writeAck()
		}
		e.do(CloseSocket{Gen: l.gen, Code: code, Reason: reason})
	}
	e.endLine()
	l.phase, l.redialAt = idle, time.Time{}
}

// endLine forgets what was true of the connection only.
func (e *Endpoint) endLine() {
	l := &e.line
	l.connectBy, l.pingAt, l.deadAt = time.Time{}, time.Time{}, time.Time{}
	e.heard.ackAt, e.heard.ackedAt, e.heard.acked, e.heard.unacked = time.Time{}, time.Time{}, 0, 0
	e.token.swapBy, e.token.swapID = time.Time{}, ""
	e.lane.resumeAt, e.lane.stalled = time.Time{}, false
	for _, r := range e.lane.requests {
		r.sent = false
	}
	e.lane.inFlight = 0
}

// write sends a frame, if the connection stands.
func (e *Endpoint) write(f protocol.Frame) {
	if e.line.phase == live {
		e.do(Write{Gen: e.line.gen, Text: f.Append(nil)})
	}
}
