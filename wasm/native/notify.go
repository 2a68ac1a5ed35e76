//go:build !js

package native

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// notify takes what the core reports: the answer that a call waits for, or an event.
func (l *link) notify(effect nativeclient.Effect) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.changes()
	switch e := effect.(type) {
	case nativeclient.Answered:
		l.answer(e.Ask, e)
	case nativeclient.Refused:
		l.answer(e.Ask, e)
	case nativeclient.Message:
		l.emit(Message{e.Seq, e.From, e.Data}, len(e.Data))
	case nativeclient.AppChanged:
		l.keepApp(e.App)
		l.emit(AppChange{e.Seq, e.App.Package, e.App.State, e.App.Reason}, 0)
	case nativeclient.ClientChanged:
		l.status.ClientConnected = e.Connected
		if e.Connected {
			l.emit(ClientReconnected{e.Seq}, 0)
		} else {
			l.emit(ClientDisconnected{e.Seq}, 0)
		}
	case nativeclient.Stopped:
		l.cfg.Logger.Info("stopped", "reason", e.Reason)
		l.emit(Stopped{e.Reason}, 0)
	case nativeclient.Gap:
		l.cfg.Logger.Warn("gap", "from", e.From, "to", e.To, "reason", e.Reason)
		l.emit(Gap{e.From, e.To, e.Reason}, 0)
	case nativeclient.Renewed:
		l.noToken = nil
		l.cfg.Logger.Info("token refreshed", "expires_at", e.Expires)
		l.emit(TokenRefresh{e.Expires}, 0)
	case nativeclient.Failed:
		l.failed(e)
	case nativeclient.Changed:
		l.changed(e)
	}
}

func (l *link) answer(ask uint64, effect nativeclient.Effect) {
	if answer := l.pending[ask]; answer != nil {
		delete(l.pending, ask)
		answer <- effect
		<-l.unsent
	}
}

func (l *link) emit(ev Event, size int) {
	if !l.cfg.NoEvents {
		l.push(ev, size)
	}
}

func (l *link) failed(e nativeclient.Failed) {
	err := error(e.Err)
	if e.NoToken {
		if l.tokenErr != nil {
			err = fmt.Errorf("%w (%w)", err, l.tokenErr)
		}
		l.noToken = err
	}
	l.last = err
	// The program's own words about its token are not for a log.
	l.cfg.Logger.Warn("failure", "error", e.Err.Error(), "reason", e.Err.Reason, "action", string(e.Action))
	l.emit(Failure{err, e.Action}, 0)
}

func (l *link) changed(e nativeclient.Changed) {
	l.status = e.Status
	l.cfg.Logger.Info("state", "state", string(e.State), "reason", e.Reason, "resumed", e.Resumed, "close_code", e.Code, "retry_in", e.RetryIn)
	if e.State == nativeclient.Connected {
		l.noToken = nil
		l.apps = map[string]protocol.AppState{}
		for _, app := range e.Apps {
			l.keepApp(app)
		}
	}
	if e.State == nativeclient.Ended && !l.over {
		l.over = true
		if e.Err != nil {
			l.err = e.Err
			if e.Err.Reason == "signed_out" && l.tokenErr != nil {
				l.err = fmt.Errorf("%w (%w)", e.Err, l.tokenErr)
			}
		}
		close(l.done)
		l.wakeKeeper()
	}
	l.emit(StateChange{State(e.State), e.Reason, e.Resumed, e.RetryIn, e.Code}, 0)
}

func (l *link) keepApp(app protocol.AppState) {
	switch {
	case app.State == stateStopped:
		delete(l.apps, app.Package)
	case l.apps != nil:
		l.apps[app.Package] = app
	}
}

// stateRunning and stateStopped are the states of an app that answer a Start or Stop.
const (
	stateRunning = "running"
	stateStopped = "stopped"
)

// notRunning is the error of a Start that ended in app_stopped.
func notRunning(app protocol.AppState) error {
	e := &protocol.Error{Code: protocol.SessionEnded, Reason: app.Reason, Message: "The app was stopped."}
	switch app.Reason {
	case "unknown_app":
		e.Code, e.Message = protocol.NotFound, "There is no such app."
	case "webhook_failed", "connect_timeout":
		e.Code, e.Message = protocol.ServiceUnavailable, "The app's server did not start it."
	}
	return e
}
