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
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/endpoint"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

// link runs an endpoint.Endpoint: what Device and AppSession have in common.
type link struct {
	feed
	cfg     Config // of its fields, those that are not about a document
	address string
	// bearer is an app's key; a device's token comes with each dial.
	bearer string

	stepping sync.Mutex // guards these
	core     *endpoint.Endpoint
	wire     agent.Wire
	armed    time.Time
	timer    *time.Timer

	fetching atomic.Bool
	unsent   chan struct{} // one for each request without an answer

	// The feed's lock guards these.
	status  endpoint.Status
	apps    map[string]protocol.AppState
	pending map[uint64]chan endpoint.Effect
	asks    uint64
	// noToken and tokenErr are as in Session.
	noToken, tokenErr error
}

// start begins an endpoint; cfg is filled in.
func (l *link) start(cfg Config, address string, core endpoint.Config) {
	l.cfg, l.address = cfg, address
	l.begin(cfg.BufferBytes)
	l.unsent, l.pending = make(chan struct{}, cfg.MaxUnsent), map[uint64]chan endpoint.Effect{}
	l.status.State = endpoint.Connecting
	var seed [8]byte
	rand.Read(seed[:])
	core.Name, core.Rand = randomName(), binary.LittleEndian.Uint64(seed[:])
	l.core = endpoint.New(core)
	l.wire = agent.Wire{
		Opened:   func(gen uint64) { l.handle(endpoint.Opened{Gen: gen}) },
		Received: func(gen uint64, text []byte) { l.handle(endpoint.Received{Gen: gen, Text: text}) },
		Closed:   func(gen uint64, code int, _ string) { l.handle(endpoint.Closed{Gen: gen, Code: code}) },
		Go:       l.running.Go,
	}
	go l.keep(keeping{
		holdAfter: cfg.HoldAfter, putDown: l.putDown, takeUp: l.takeUp, close: func() { l.handle(endpoint.Close{}) },
		clear: cfg.HTTPClient.CloseIdleConnections,
	})
	l.handle(endpoint.Start{})
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
		case state == endpoint.Connected:
			return nil
		case state == endpoint.Ended && err != nil:
			return err
		case state == endpoint.Ended:
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
func (l *link) handle(ev endpoint.Event) {
	l.stepping.Lock()
	defer l.stepping.Unlock()
	now := time.Now()
	if _, ok := ev.(endpoint.Woken); ok {
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
			l.handle(endpoint.Woken{})
		})
	}
}

func (l *link) carryOut(effect endpoint.Effect) {
	switch e := effect.(type) {
	case endpoint.Dial:
		l.wire.Dial(e.Gen, func(ctx context.Context) (agent.Conn, error) { return l.dial(ctx, e.Token) })
	case endpoint.Write:
		l.wire.Write(e.Gen, e.Text)
	case endpoint.CloseSocket:
		l.wire.Close(e.Gen, e.Code, e.Reason)
	case endpoint.FetchToken:
		l.fetchToken()
	case endpoint.Finished:
		close(l.finished)
	default:
		l.tell(effect)
	}
}

// dial opens a connection. What lets it in is in a header and nowhere else.
func (l *link) dial(ctx context.Context, token string) (agent.Conn, error) {
	if l.bearer != "" {
		token = l.bearer
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	return l.open(ctx, l.cfg, l.address, &websocket.DialOptions{HTTPHeader: header})
}

// fetchToken asks the program, one call at a time.
func (l *link) fetchToken() {
	if l.fetching.Swap(true) {
		return
	}
	ctx, cancel := context.WithTimeout(l.alive, endpoint.TokenFetchTimeout)
	go func() {
		defer cancel()
		token, err := l.cfg.Token(ctx)
		l.mu.Lock()
		l.tokenErr = err
		l.mu.Unlock()
		l.fetching.Store(false)
		if err == nil {
			l.handle(endpoint.TokenFetched{Token: token})
			return
		}
		final, retryAfter := tokenFinal(err)
		l.handle(endpoint.TokenFailed{Final: final, RetryAfter: retryAfter})
	}()
}

func (l *link) putDown() {
	l.mu.Lock()
	l.held = true
	l.mu.Unlock()
	l.cfg.Logger.Warn("line put down: nobody reads the events")
	l.handle(endpoint.Hold{})
}

func (l *link) takeUp() {
	l.mu.Lock()
	l.held = false
	l.mu.Unlock()
	l.handle(endpoint.Release{})
}

// ask sends a request and returns its answer once the server has given it, however often
// the line drops in between.
func (l *link) ask(ctx context.Context, event, name string, data any) (endpoint.Answered, error) {
	submit := endpoint.Submit{Event: event, Package: name}
	if event == protocol.EventAppMessage {
		text, err := json.Marshal(data)
		if err != nil {
			return endpoint.Answered{}, fmt.Errorf("%w: the message: %w", ErrInvalid, err)
		}
		submit.Data = text
	}
	if err := ctx.Err(); err != nil {
		return endpoint.Answered{}, err
	}
	l.waits(1)
	defer l.waits(-1)
	select {
	case l.unsent <- struct{}{}:
	case <-ctx.Done():
		return endpoint.Answered{}, ctx.Err()
	case <-l.done:
		return endpoint.Answered{}, l.ended()
	}
	answer := make(chan endpoint.Effect, 1)
	l.mu.Lock()
	l.asks++
	submit.Ask = l.asks
	l.pending[submit.Ask] = answer
	l.mu.Unlock()
	l.handle(submit)
	select {
	case effect := <-answer:
		switch e := effect.(type) {
		case endpoint.Answered:
			return e, nil
		case endpoint.Refused:
			if !e.Over {
				return endpoint.Answered{}, e.Err
			}
		}
		<-l.done // the core answers before it says that it is over
		return endpoint.Answered{}, l.ended()
	case <-ctx.Done():
		return endpoint.Answered{}, ctx.Err()
	}
}

// State is where the connection stands.
func (l *link) State() State { return State(l.look().State) }

// Wake has it try now whatever it is waiting for: the next dial, a token. A line that
// stands is tried with a ping, and given up after 2 s without an answer.
func (l *link) Wake() {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if !held {
		l.handle(endpoint.Wake{})
	}
}

// UserID is whose session it is, SessionID the server's name for it; both are empty until
// the first connection of a device.
func (l *link) UserID() string { return l.look().UserID }

// SessionID: see UserID.
func (l *link) SessionID() string { return l.look().SessionID }

func (l *link) look() endpoint.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}
