//go:build !js

package native

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

// Session is one program on one document. Its methods may be called from any
// goroutine.
type Session struct {
	cfg   Config
	agent *agent.Agent

	feed
	unsent   chan struct{} // one for each op without an answer
	question question
	timer    *time.Timer // the agent's lock guards it

	showing sync.Mutex // Presence, one at a time

	// The feed's lock guards these.
	about   properties
	pending map[string]chan outcome
	sends   uint64
	shown   []byte // presence to show again after the next connect
	unshown error  // why the server refused the last presence
	// noToken is set when no token could be had. tokenErr is Token's last error, nil
	// after a token.
	noToken, tokenErr error
}

// properties are what the core reports for the page's session.
type properties struct {
	State       State
	SessionID   string
	UserID      string
	Permissions []string
	Locked      bool
	Version     uint64
}

type outcome struct {
	version uint64
	err     error
}

// Connect opens a session and returns once the server has admitted it. It returns an error
// after a final refusal, without a token, and when the context ends. It waits for a server
// that is not there yet. The context is for connecting only.
func Connect(ctx context.Context, cfg Config) (*Session, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Session{
		cfg: cfg, unsent: make(chan struct{}, cfg.MaxUnsent), pending: map[string]chan outcome{},
		about: properties{State: Connecting},
	}
	s.begin(cfg.BufferBytes)
	s.agent = agent.New(cfg.core(), page{Session: s}, agent.Config{Dial: s.dial, Go: s.running.Go})
	go s.keep(keeping{
		holdAfter: cfg.HoldAfter, putDown: s.putDown, takeUp: s.takeUp, close: func() { s.agent.Handle(client.Close{}) },
		clear: cfg.HTTPClient.CloseIdleConnections,
	})
	s.agent.Handle(client.Start{})
	if err := s.awaitConnected(ctx); err != nil {
		s.agent.Handle(client.Close{})
		s.tear()
		<-s.gone
		return nil, err
	}
	return s, nil
}

func (s *Session) awaitConnected(ctx context.Context) error {
	for {
		s.mu.Lock()
		state, last, err, noToken := s.about.State, s.last, s.err, s.noToken
		changed := s.watch()
		s.mu.Unlock()
		switch {
		case noToken != nil:
			return noToken
		case state == Connected:
			return nil
		case state == Closed:
			return err
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

// Send sends an op, anything that encoding/json accepts, and returns its version once the
// server has stored it. An error of the server is a refusal. If the context ends first the op
// is not withdrawn: the server may still store it, and it is then an Operation with Own set.
func (s *Session) Send(ctx context.Context, op any) (version uint64, err error) {
	text, err := json.Marshal(op)
	if err != nil {
		return 0, fmt.Errorf("%w: the op: %w", ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.waits(1)
	defer s.waits(-1)
	select {
	case s.unsent <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.done:
		return 0, s.ended()
	}
	answer := make(chan outcome, 1)
	s.mu.Lock()
	s.sends++
	id := strconv.FormatUint(s.sends, 10)
	s.pending[id] = answer
	s.mu.Unlock()
	s.agent.Handle(client.Send{ID: id, Op: text})
	select {
	case out := <-answer:
		if out.err == ErrClosed {
			<-s.done // the core answers before it reports the end
			return 0, s.ended()
		}
		return out.version, out.err
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.done:
	}
	select {
	case out := <-answer: // the answer came with the end
		if out.err != ErrClosed {
			return out.version, out.err
		}
	default:
	}
	return 0, s.ended()
}

// Presence shows the others something short-lived, anything that encoding/json accepts, and
// shows it again after each reconnect. The last call counts. It does not wait.
func (s *Session) Presence(ctx context.Context, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("%w: the presence: %w", ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.showing.Lock()
	defer s.showing.Unlock()
	s.mu.Lock()
	if s.over {
		defer s.mu.Unlock()
		return s.closedError()
	}
	s.unshown = nil
	if s.held {
		s.shown = text
	}
	s.mu.Unlock()
	s.agent.Handle(client.Presence{Data: text})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unshown != nil {
		s.shown = nil
	}
	return s.unshown
}

// Wake makes the session try at once whatever it waits for: the next dial, or a token. It still
// waits for a reader of its events.
func (s *Session) Wake() {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if !held {
		s.agent.Handle(client.Online{})
	}
}

// Refresh makes the session fetch a new token now.
func (s *Session) Refresh() { s.agent.Handle(client.Refresh{}) }

// Close leaves the session and returns when nothing of it is left. If the context ends first
// it cuts the connection. Closing twice is no error.
func (s *Session) Close(ctx context.Context) error {
	s.agent.Handle(client.Close{})
	return s.awaitGone(ctx)
}

// State returns the state of the connection.
func (s *Session) State() State { return s.look().about.State }

// Permissions returns what the user may do; empty until connected.
func (s *Session) Permissions() []string { return s.look().about.Permissions }

// Can reports whether the user holds a permission.
func (s *Session) Can(permission string) bool {
	return slices.Contains(s.look().about.Permissions, permission)
}

// Locked reports whether the document refuses everybody's ops for now, whatever their permissions.
func (s *Session) Locked() bool { return s.look().about.Locked }

// Version returns the newest version that the session has received, read or not.
func (s *Session) Version() uint64 { return s.look().about.Version }

// UserID returns the signed-in user, SessionID the server's name for the session.
func (s *Session) UserID() string { return s.look().about.UserID }

// SessionID: see UserID.
func (s *Session) SessionID() string { return s.look().about.SessionID }

// ClientID returns this program's name at the server.
func (s *Session) ClientID() string { return s.cfg.ClientID }

type glimpse struct {
	about properties
	err   error
}

func (s *Session) look() glimpse {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := glimpse{s.about, s.err}
	g.about.Permissions = slices.Clone(g.about.Permissions)
	return g
}
