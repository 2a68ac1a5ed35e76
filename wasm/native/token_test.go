//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// However often a token is asked for, one call of Token is under way, and the new token
// is swapped in on the open connection.
func TestTokenIsFetchedOnceAtATime(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	var under, most, calls atomic.Int32
	cfg := s.config()
	cfg.Token = func(context.Context) (string, error) {
		calls.Add(1)
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer under.Add(-1)
		time.Sleep(50 * time.Millisecond)
		return token(time.Hour), nil
	}
	c := connect(t, cfg)
	for range 20 {
		go c.Refresh()
	}
	expect(t, c, "a refreshed token", func(e TokenRefresh) bool { return time.Until(e.ExpiresAt) > 50*time.Minute })
	eventually(t, "swapped in", func() bool { return with(s, func() bool { return len(s.tokens) == 2 && s.tokens[0] != s.tokens[1] }) })
	if most.Load() != 1 || calls.Load() != 2 || s.dialled() != 1 {
		t.Fatalf("%d calls, %d at once, %d dials", calls.Load(), most.Load(), s.dialled())
	}
}

// A token is renewed before its end, without a reconnect.
func TestTokenIsRefreshedInTime(t *testing.T) {
	s := start(t)
	s.life = 4 * time.Second
	cfg := s.config()
	var calls atomic.Int32
	cfg.Token = func(context.Context) (string, error) {
		if calls.Add(1) == 1 {
			return token(4 * time.Second), nil
		}
		return token(time.Hour), nil
	}
	connect(t, cfg)
	eventually(t, "swapped in", func() bool { return with(s, func() bool { return len(s.tokens) == 2 }) })
	if s.dialled() != 1 || calls.Load() != 2 {
		t.Fatalf("%d dials, %d calls", s.dialled(), calls.Load())
	}
}

// S2: "Don't retry indefinitely - Implement max retry limits". Without a token Connect
// gives up after five tries; an open session goes on, says so, and waits for Wake.
func TestNoTokenToBeHad(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cfg := s.config()
	why := errors.New("the issuer is away")
	var calls atomic.Int32
	var broken atomic.Bool
	broken.Store(true)
	cfg.Token = func(context.Context) (string, error) {
		calls.Add(1)
		if broken.Load() {
			return "", why
		}
		return token(time.Hour), nil
	}
	_, err := Connect(within(t), cfg)
	var e *protocol.Error
	if !errors.Is(err, why) || !errors.As(err, &e) || e.Code != protocol.AuthenticationFailed || calls.Load() != 5 || s.dialled() != 0 {
		t.Fatalf("%v after %d calls and %d dials", err, calls.Load(), s.dialled())
	}
	broken.Store(false)
	c := connect(t, cfg)
	broken.Store(true)
	s.closes(protocol.Error{Code: protocol.TokenExpired})
	f := expect(t, c, "that there is no token", func(e Failure) bool { return c.State() == Reconnecting && e.Action == protocol.ActionRefresh })
	if !errors.As(f.Err, &e) {
		t.Fatal(f.Err)
	}
	expect(t, c, "that it waits", func(e StateChange) bool { return e.Reason == "no_token" })
	broken.Store(false)
	c.Wake()
	expect(t, c, "that it is back", func(e StateChange) bool { return e.State == Connected })
}

func TestSignedOutEndsTheSession(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cfg := s.config()
	var err error
	cfg.Token = func(context.Context) (string, error) { return token(time.Hour), err }
	for what, answer := range map[string]error{
		"signed out":      fmt.Errorf("no account: %w", ErrSignedOut),
		"a final refusal": &protocol.Error{Code: protocol.TokenRevoked},
	} {
		err = answer
		if _, got := Connect(within(t), cfg); !errors.Is(got, answer) || !errors.Is(got, &protocol.Error{Code: protocol.AuthenticationFailed}) {
			t.Errorf("%s: %v", what, got)
		}
	}
	err = nil
	c := connect(t, cfg)
	err = ErrSignedOut
	c.Refresh()
	ends(t, "over", c.Done())
	if !errors.Is(c.Err(), ErrSignedOut) {
		t.Errorf("ended with %v", c.Err())
	}
}

// A call of Token that waits returns when the session is closed.
func TestTokenContextEndsWithTheSession(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cfg := s.config()
	var calls atomic.Int32
	ended := make(chan error, 1)
	cfg.Token = func(ctx context.Context) (string, error) {
		if calls.Add(1) > 1 {
			<-ctx.Done()
			ended <- ctx.Err()
			return "", ctx.Err()
		}
		return token(time.Hour), nil
	}
	c := connect(t, cfg)
	c.Refresh()
	eventually(t, "asked", func() bool { return calls.Load() == 2 })
	if err := c.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestAccount(t *testing.T) {
	var asked []string
	status := 200
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("r")
		asked = append(asked, fmt.Sprint(r.Method, " ", r.URL, " ", err == nil))
		http.SetCookie(w, &http.Cookie{Name: "r", Value: "1", Path: "/auth", HttpOnly: true})
		if status != 200 {
			e := protocol.Error{Code: protocol.AuthenticationFailed, Reason: "bad"}
			w.WriteHeader(status)
			w.Write(e.Frame().Append(nil))
			return
		}
		fmt.Fprintf(w, `{"access_token":"t%d"}`, len(asked))
	}))
	defer web.Close()
	token := Account(web.URL+"/", "a@example.com", "secret", nil)
	for i, step := range []struct {
		status      int
		token, last string
		err         error
	}{
		{200, "t1", "POST /auth/login false", nil},
		{200, "t2", "POST /auth/refresh true", nil},
		{503, "", "POST /auth/refresh true", &protocol.Error{Code: protocol.AuthenticationFailed}},
		{200, "t4", "POST /auth/refresh true", nil},
		{401, "", "POST /auth/login true", ErrSignedOut},
		{200, "t7", "POST /auth/login true", nil},
	} {
		status = step.status
		got, err := token(within(t))
		if got != step.token || !errors.Is(err, step.err) || asked[len(asked)-1] != step.last {
			t.Fatalf("step %d: %q, %v, by %q", i, got, err, asked[len(asked)-1])
		}
	}
}
