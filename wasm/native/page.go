//go:build !js

package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

// page is the session as the agent sees it. The agent calls it while it handles an event, so
// nothing here waits or calls back.
type page struct {
	*Session
	agent.NoStore
}

// There is one tab, which never needs a lock and never posts.
func (page) Lock(string)       {}
func (page) Steal(string)      {}
func (page) Unlock()           {}
func (page) Post([]byte)       {}
func (page) PostOrigin([]byte) {}

// FetchToken asks the app.
func (p page) FetchToken(client.FetchToken) {
	p.question.ask(p.alive, p.cfg.Token, func(token string, late bool, err error) {
		p.mu.Lock()
		p.tokenErr = err
		p.mu.Unlock()
		if err == nil {
			p.agent.Handle(client.TokenFetched{Token: token, Late: late})
			return
		}
		final, retryAfter := tokenFinal(err)
		// The app's own words may reveal the token. They go back to the app, in Connect's
		// error, and nowhere else.
		p.agent.Handle(client.TokenFailed{Message: "The program gave no token.", Final: final, RetryAfter: retryAfter})
	})
}

func (p page) GiveUpToken() { p.question.giveUp() }

func (p page) Timer(in time.Duration) {
	p.StopTimer()
	p.running.Add(1)
	p.timer = time.AfterFunc(in, func() {
		defer p.running.Done()
		p.agent.Handle(client.Woken{})
	})
}

func (p page) StopTimer() {
	if p.timer != nil && p.timer.Stop() {
		p.running.Done()
	}
	p.timer = nil
}

func (p page) Sent(id string, version uint64) { p.answer(id, outcome{version: version}) }

func (p page) Unsent(id string, text []byte) { p.answer(id, outcome{err: readFailure(text).err()}) }

func (p page) answer(id string, out outcome) {
	p.mu.Lock()
	answer := p.pending[id]
	delete(p.pending, id)
	p.mu.Unlock()
	if answer != nil {
		answer <- out
		<-p.unsent
	}
}

// Emit keeps what the core reports, for the methods and for Events.
func (p page) Emit(kind string, detail, set []byte) {
	ev := readEvent(kind, detail)
	p.note(ev)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.changes()
	if set != nil {
		json.Unmarshal(set, &p.about) // properties that it does not name stay
	}
	switch e := ev.(type) {
	case nil:
		return
	case StateChange:
		if e.State == Closed {
			p.over = true
			if e.Reason != "closed" {
				p.err = p.last
			}
			close(p.done)
			p.wakeKeeper()
		}
	case Failure:
		if errors.Is(e.Err, ErrInvalid) && readFailure(detail).Reason == "presence" {
			p.unshown = e.Err // Presence returns it
			return
		}
		if kind == "autherror" {
			if p.tokenErr != nil {
				e.Err = fmt.Errorf("%w (%w)", e.Err, p.tokenErr)
				ev = e
			}
			p.noToken = e.Err
		}
		p.last = e.Err
	}
	if !p.cfg.NoEvents {
		p.push(ev, len(detail))
	}
}

// note logs what matters to an operator.
func (p page) note(ev Event) {
	log := p.cfg.Logger
	switch e := ev.(type) {
	case StateChange:
		log.Info("state", "state", string(e.State), "reason", e.Reason, "resumed", e.Resumed, "close_code", e.Code, "retry_in", e.RetryIn)
	case Failure:
		log.Warn("failure", "error", e.Err.Error(), "action", string(e.Action))
	case Gap:
		log.Warn("gap", "from", e.From, "to", e.To, "reason", e.Reason)
	case PermissionChange:
		log.Info("permissions", "permissions", e.Permissions, "reason", e.Reason)
	case TokenRefresh:
		log.Info("token refreshed", "expires_at", e.ExpiresAt)
	}
}

// Finished is the core's last call.
func (p page) Finished() { close(p.finished) }
