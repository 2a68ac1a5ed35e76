//go:build !js

package native

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A final error is not dialled again, and says what it is wherever it is asked.
func TestFinalErrorEndsTheSession(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	c, err := Connect(within(t), s.config())
	if err != nil {
		t.Fatal(err)
	}
	s.silent = true
	sent := make(chan error, 1)
	go func() { _, err := c.Send(within(t), "x"); sent <- err }()
	eventually(t, "stored", func() bool { return with(s, func() bool { return len(s.log) == 1 }) })
	s.closes(protocol.Error{Code: protocol.TokenRevoked, Reason: "all"})
	_, nextErr := lastOf(t, c)
	for what, err := range map[string]error{
		"the Send under way": <-sent, "Next": nextErr, "Presence": c.Presence(within(t), 1), "Send": second(c.Send(within(t), 2)),
	} {
		var e *protocol.Error
		if !errors.Is(err, ErrClosed) || !errors.As(err, &e) || e.Code != protocol.TokenRevoked || !errors.Is(err, &protocol.Error{Code: protocol.TokenRevoked}) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ends(t, "over", c.Done())
	if !errors.Is(c.Err(), &protocol.Error{Code: protocol.TokenRevoked}) || errors.Is(c.Err(), ErrClosed) || c.State() != Closed {
		t.Errorf("ended with %v, %s", c.Err(), c.State())
	}
	c.Wake()
	c.Refresh()
	ends(t, "gone by itself: nobody has called Close", c.gone)
	if s.dialled() != 1 {
		t.Errorf("%d dials", s.dialled())
	}
	if err := c.Close(within(t)); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// lastOf reads a session to its end.
func lastOf(t *testing.T, c *Session) (Event, error) {
	var last Event
	for ctx := within(t); ; {
		ev, err := c.Next(ctx)
		if err != nil {
			return last, err
		}
		last = ev
	}
}

// Without an Origin the server refuses by HTTP, and the client takes it for the same.
func TestRefusalByHTTP(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	s.refuse = func(int) *protocol.Error {
		return &protocol.Error{Code: protocol.DocumentNotFound, Reason: "no_document"}
	}
	_, err := Connect(within(t), s.config())
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != protocol.DocumentNotFound || e.Reason != "no_document" || s.dialled() != 1 {
		t.Fatalf("%v after %d dials", err, s.dialled())
	}
	s.refuse = func(dial int) *protocol.Error {
		if dial > 3 {
			return nil
		}
		return &protocol.Error{Code: protocol.ServiceUnavailable, RetryAfter: 10 * time.Millisecond}
	}
	connect(t, s.config()) // what passes is waited for
}

// Whatever waits stops waiting when its context ends, and nothing else changes.
func TestContextEndsWhatWaits(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	s.mute = true
	_, err := Connect(soon(), s.config())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect: %v", err)
	}
	dials := s.dialled()
	if _, err := Connect(cancelled, s.config()); !errors.Is(err, context.Canceled) || s.dialled() != dials {
		t.Errorf("Connect, cancelled before: %v, %d dials", err, s.dialled()-dials)
	}
	with(s, func() bool { s.mute, s.silent = false, true; return true })
	cfg := s.config()
	cfg.MaxUnsent = 1
	c := connect(t, cfg)
	for what, call := range map[string]func(context.Context) error{
		"Send":     func(ctx context.Context) error { return second(c.Send(ctx, "y")) },
		"Presence": func(ctx context.Context) error { return c.Presence(ctx, 1) },
		"Next":     func(ctx context.Context) error { return second(c.Next(ctx)) },
		"Events": func(ctx context.Context) error {
			for range c.Events(ctx) {
				return errors.New("an event")
			}
			return ctx.Err()
		},
	} {
		if err := call(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled before: %v", what, err)
		}
	}
	if n := with(s, func() int { return len(s.log) + len(s.shown) }); n > 0 {
		t.Errorf("%d things arrived of calls that were cancelled before", n)
	}
	if _, err := c.Send(soon(), "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send without an answer: %v", err)
	}
	if _, err := c.Send(soon(), "z"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send without room: %v", err)
	}
	for ctx := soon(); ; {
		if _, err := c.Next(ctx); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Next: %v", err)
			}
			break
		}
	}
	with(s, func() bool { s.silent = false; return true })
	s.drop()
	if v, err := c.Send(within(t), "after"); err != nil || v != 2 {
		t.Errorf("afterwards: version %d, %v; want the op that was given up as 1 and this as 2", v, err)
	}
	if own := expect(t, c, "the op given up", func(Operation) bool { return true }); string(own.Op) != `"x"` || !own.Own {
		t.Errorf("received %+v", own)
	}
}

// A connection that nobody answers any more is cut when Close's context ends.
func TestCloseIsBoundedByItsContext(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	s.deaf = true
	c, err := Connect(within(t), s.config())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	select {
	case <-c.gone:
	case <-time.After(2 * time.Second): // it would take coder/websocket 5 s
		t.Error("its connection is still there")
	}
	if err := c.Close(within(t)); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestCloseSaysGoodBye(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	c := connect(t, s.config())
	if err := c.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "gone from the server", func() bool { return s.connected() == 0 })
	if received := with(s, func() []string { return slices.Clone(s.received) }); !slices.Contains(received, protocol.EventDisconnect) {
		t.Errorf("the server received %q", received)
	}
	if c.Err() != nil || c.State() != Closed {
		t.Errorf("%v, %s", c.Err(), c.State())
	}
	if _, err := c.Send(within(t), 1); err != ErrClosed {
		t.Errorf("Send: %v", err)
	}
}

// A redirect would take the token to wherever it points.
func TestRedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	elsewhere := start(t)
	elsewhere.refuse = func(int) *protocol.Error { followed.Store(true); return nil }
	s := start(t)
	s.web.Config.Handler = http.RedirectHandler(elsewhere.web.URL, http.StatusTemporaryRedirect)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := Connect(ctx, s.config()); !errors.Is(err, context.DeadlineExceeded) || followed.Load() {
		t.Fatalf("%v, followed: %v", err, followed.Load())
	}
}

// A connection that is dead without a word is replaced, and so is one that takes no more of
// what is written: nothing waits for it.
func TestSilentLineIsReplaced(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	s.deaf, s.beat = true, 200*time.Millisecond
	c := connect(t, s.config())
	with(s, func() bool { s.deaf = false; return true })
	var sending sync.WaitGroup
	large := strings.Repeat("x", 60_000)
	const n = 250 // more than the sockets' buffers hold
	for range n {
		sending.Go(func() {
			if _, err := c.Send(within(t), large); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
	if stored := with(s, func() int { return len(s.log) }); stored != n || s.dialled() < 2 {
		t.Fatalf("%d ops stored after %d dials", stored, s.dialled())
	}
}
