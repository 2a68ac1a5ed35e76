package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// closed is the end of a socket. The range of its code tells what to do.
func (e *Endpoint) closed(ev Closed) {
	l := &e.line
	if ev.Gen != l.gen || l.phase != live && l.phase != dialling {
		return
	}
	err, action := fromClose(ev.Code), protocol.ActionForClose(ev.Code)
	if last := l.lastError; last != nil {
		err = last
		// The line may break between the last word and the close.
		if ev.Code < 4000 || ev.Code > 4999 {
			action = last.Row().Action
		}
	}
	switch {
	case action == protocol.ActionStop, action == protocol.ActionRefresh && e.cfg.Role == App: // there is no other key to be had
		e.endLine()
		l.phase = idle
		e.end(err, ev.Code)
	case action == protocol.ActionRefresh:
		e.tokenRefused(err, ev.Code)
	case action == protocol.ActionWait:
		e.failed(err, action)
		e.lost(ev.Code, "wait", min(max(err.RetryAfter, defaultPause), maxPause))
	default:
		if l.lastError != nil {
			e.failed(err, action)
		}
		e.lost(ev.Code, "", 0)
	}
}

// fromClose is a close code without an error frame before it.
func fromClose(code int) *protocol.Error {
	for _, row := range protocol.Table {
		if row.Close == code {
			return &protocol.Error{Code: row.Code}
		}
	}
	err := &protocol.Error{Code: protocol.InternalError, Reason: "unknown_close", Message: "The server closed the connection."}
	if protocol.ActionForClose(code) == protocol.ActionStop {
		err.Code = protocol.SessionEnded
	}
	return err
}

// errorFrame is a request that failed, or the last word before a close.
func (e *Endpoint) errorFrame(f protocol.Frame) {
	err, ok := protocol.ParseError(f.Data)
	if !ok {
		return
	}
	if err.MessageID == "" {
		err.MessageID = f.MessageID
	}
	switch {
	case e.token.swapID != "" && (err.MessageID == e.token.swapID || err.MessageID == "" && aboutToken(err.Code)):
		e.swapRefused(err)
	case err.MessageID != "" && e.failedRequest(err):
	case err.MessageID != "":
		e.failed(err, err.Row().Action)
	default:
		e.line.lastError = err
		if e.line.phase != live {
			return
		}
		switch err.Code {
		case protocol.TokenExpired, protocol.AuthenticationFailed:
			// The channel may go on for a while: a new token now saves it.
			e.refreshSoon()
		case protocol.RateLimitExceeded:
			e.pause(err.RetryAfter)
		}
	}
}

// lost is a dropped line: redial with full jitter, and not before atLeast.
func (e *Endpoint) lost(code int, reason string, atLeast time.Duration) {
	l := &e.line
	if l.phase == live && e.now.Sub(l.since) >= backoff.StableAfter {
		l.tries = 0
	}
	delay := max(e.rng.Wait(l.tries), e.rng.After(atLeast))
	l.tries++
	e.endLine()
	if l.tries > backoff.Tries {
		l.phase = dormant
		e.change(Status{State: e.down(), Reason: "dormant", Code: code})
		return
	}
	l.phase, l.asked = waiting, atLeast > 0
	l.redialAt = e.now.Add(delay)
	e.change(Status{State: e.down(), Reason: reason, Code: code, RetryIn: delay})
}

// stopped is the server's last word to an app: heard, and not to be resumed.
func (e *Endpoint) stopped(reason string) {
	e.end(&protocol.Error{Code: protocol.SessionEnded, Reason: reason, Message: "The app was stopped."}, 1000)
}

// end is for good: a final error, or no way to go on.
func (e *Endpoint) end(err *protocol.Error, code int) {
	if e.ended {
		return
	}
	e.hangUp(1000, "closed")
	e.ended = true
	e.token = tokens{}
	e.status.Err = err
	for _, r := range e.lane.requests {
		e.do(Refused{Ask: r.ask, Err: e.why(), Over: true})
	}
	e.lane = lane{}
	s := Status{State: Ended, Reason: "closed", Code: code, Err: err}
	if err != nil {
		s.Reason = err.Reason
		if s.Reason == "" {
			s.Reason = string(err.Code)
		}
	}
	e.change(s)
}

// why is what whoever still asks is told; nil Err in it is the program's own close.
func (e *Endpoint) why() *protocol.Error {
	if e.status.Err != nil {
		return e.status.Err
	}
	return &protocol.Error{Code: protocol.SessionEnded, Reason: ReasonClosed}
}

// ReasonClosed refuses what the program asked of an endpoint it has closed.
const ReasonClosed = "closed"

// leave is the program's close.
func (e *Endpoint) leave(good bool) {
	if e.started && !e.ended {
		if good {
			e.writeAck() // nothing is heard after the farewell
			e.write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventDisconnect, Data: protocol.Disconnect{Reason: "closed"}.Append(nil)})
		}
		e.end(nil, 0)
	}
	e.ended, e.finished = true, true
	e.do(Finished{})
}
