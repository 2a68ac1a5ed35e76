//go:build !js

package native

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

// link runs an nativeclient.Client: what Device and AppSession have in common.
type link struct {
	feed
	cfg     Config // of its fields, those that are not about a document
	address string
	// bearer is an app's key; a device's token comes with each dial.
	bearer string

	stepping sync.Mutex // guards these
	core     *nativeclient.Client
	wire     agent.Wire
	armed    time.Time
	timer    *time.Timer

	question question
	unsent   chan struct{} // one for each request without an answer

	// The feed's lock guards these.
	status  nativeclient.Status
	apps    map[string]protocol.AppState
	pending map[uint64]chan nativeclient.Effect
	asks    uint64
	// noToken and tokenErr are as in Session.
	noToken, tokenErr error
}

// start starts the core; cfg is filled in.
func (l *link) start(cfg Config, address string, core nativeclient.Config) {
	l.cfg, l.address = cfg, address
	l.begin(cfg.BufferBytes)
	l.unsent, l.pending = make(chan struct{}, cfg.MaxUnsent), map[uint64]chan nativeclient.Effect{}
	l.status.State = nativeclient.Connecting
	var seed [8]byte
	rand.Read(seed[:])
	core.Name, core.Rand = randomName(), binary.LittleEndian.Uint64(seed[:])
	l.core = nativeclient.New(core)
	l.wire = agent.Wire{Open: l.dial, Handle: l.handle, Go: l.running.Go}
	go l.keep(keeping{
		holdAfter: cfg.HoldAfter, putDown: l.putDown, takeUp: l.takeUp, close: func() { l.handle(nativeclient.Close{}) },
		clear: cfg.HTTPClient.CloseIdleConnections,
	})
	l.handle(nativeclient.Start{})
}

// awaitConnected returns when the server has admitted this end for the first time.
func (l *link) awaitConnected(ctx context.Context) error {
	for {
		l.mu.Lock()
		state, last, err, noToken := l.status.State, l.last, l.err, l.noToken
		changed := l.watch()
		l.mu.Unlock()
		switch {
		case noToken != nil:
			return noToken
		case state == nativeclient.Connected:
			return nil
		case state == nativeclient.Ended && err != nil:
			return err
		case state == nativeclient.Ended:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if last != nil {
				return fmt.Errorf("holdfast: not connected: %w (%w)", ctx.Err(), last)
			}
			return fmt.Errorf("holdfast: not connected: %w", ctx.Err())
		}
	}
}

// handle takes one event as one whole: the core steps, and its effects are carried out in
// their order before the next event is looked at.
func (l *link) handle(ev nativeclient.Event) {
	l.stepping.Lock()
	defer l.stepping.Unlock()
	now := time.Now()
	if _, ok := ev.(nativeclient.Woken); ok {
		l.armed = time.Time{}
	}
	for _, effect := range l.core.Step(now, ev) {
		l.carryOut(effect)
	}
	at, ok := l.core.Deadline()
	if at.Equal(l.armed) && ok {
		return
	}
	if l.timer != nil && l.timer.Stop() {
		l.running.Done()
	}
	l.timer, l.armed = nil, time.Time{}
	if ok {
		l.armed = at
		l.running.Add(1)
		l.timer = time.AfterFunc(at.Sub(now), func() {
			defer l.running.Done()
			l.handle(nativeclient.Woken{})
		})
	}
}

func (l *link) carryOut(effect nativeclient.Effect) {
	if l.wire.CarryOut(effect) {
		return
	}
	switch effect.(type) {
	case nativeclient.FetchToken:
		l.fetchToken()
	case nativeclient.GiveUpToken:
		l.question.giveUp()
	case nativeclient.Finished:
		close(l.finished)
	default:
		l.notify(effect)
	}
}

// dial opens a connection. What lets it in is in a header and nowhere else.
func (l *link) dial(ctx context.Context, d nativeclient.Dial) (agent.Conn, error) {
	token := d.Token
	if l.bearer != "" {
		token = l.bearer
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	return l.open(ctx, l.cfg, l.address, &websocket.DialOptions{HTTPHeader: header})
}

// fetchToken asks the program, one call at a time.
func (l *link) fetchToken() {
	l.question.ask(l.alive, l.cfg.Token, func(token string, late bool, err error) {
		l.mu.Lock()
		l.tokenErr = err
		l.mu.Unlock()
		if err == nil {
			l.handle(nativeclient.TokenFetched{Token: token, Late: late})
			return
		}
		final, retryAfter := tokenFinal(err)
		l.handle(nativeclient.TokenFailed{Final: final, RetryAfter: retryAfter})
	})
}

func (l *link) putDown() {
	l.mu.Lock()
	l.held = true
	l.mu.Unlock()
	l.cfg.Logger.Warn("connection closed: nobody reads the events")
	l.handle(nativeclient.Hold{})
}

func (l *link) takeUp() {
	l.mu.Lock()
	l.held = false
	l.mu.Unlock()
	l.handle(nativeclient.Release{})
}

// ask sends a request and returns its answer once the server has given it, however often
// the connection drops in between.
func (l *link) ask(ctx context.Context, event, name string, data any) (nativeclient.Answered, error) {
	submit := nativeclient.Submit{Event: event, Package: name}
	if event == protocol.EventAppMessage {
		text, err := json.Marshal(data)
		if err != nil {
			return nativeclient.Answered{}, fmt.Errorf("%w: the message: %w", ErrInvalid, err)
		}
		submit.Data = text
	}
	if err := ctx.Err(); err != nil {
		return nativeclient.Answered{}, err
	}
	l.waits(1)
	defer l.waits(-1)
	select {
	case l.unsent <- struct{}{}:
	case <-ctx.Done():
		return nativeclient.Answered{}, ctx.Err()
	case <-l.done:
		return nativeclient.Answered{}, l.ended()
	}
	answer := make(chan nativeclient.Effect, 1)
	l.mu.Lock()
	l.asks++
	submit.Ask = l.asks
	l.pending[submit.Ask] = answer
	l.mu.Unlock()
	l.handle(submit)
	select {
	case effect := <-answer:
		switch e := effect.(type) {
		case nativeclient.Answered:
			return e, nil
		case nativeclient.Refused:
			if !e.Over {
				return nativeclient.Answered{}, e.Err
			}
		}
		<-l.done // the core answers before it says that it is over
		return nativeclient.Answered{}, l.ended()
	case <-ctx.Done():
		return nativeclient.Answered{}, ctx.Err()
	}
}

// State is where the connection stands.
func (l *link) State() State { return State(l.look().State) }

// Wake has it try now whatever it is waiting for: the next dial, a token. A connection that
// stands is tried with a ping, and given up after 2 s without an answer.
func (l *link) Wake() {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if !held {
		l.handle(nativeclient.Wake{})
	}
}

// UserID is whose session it is, SessionID the server's name for it; both are empty until
// the first connection of a device.
func (l *link) UserID() string { return l.look().UserID }

// SessionID: see UserID.
func (l *link) SessionID() string { return l.look().SessionID }

func (l *link) look() nativeclient.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}
