//go:build !js

package native

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	captions = "com.example.captions"
	appKey   = "hfa_0123456789abcdef_key"
	secret   = "whs_secret"
)

// appServer is an App under test, and what its Handle was given.
type appServer struct {
	*App
	t        *testing.T
	sessions chan *AppSession
	said     *lockedBuffer
}

// lockedBuffer is a log that goroutines write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newAppServer is an App whose Handle hands the session on, and stays until it is over.
func newAppServer(t *testing.T, h *hub, change func(*AppConfig)) *appServer {
	t.Helper()
	a := &appServer{t: t, sessions: make(chan *AppSession, 8), said: &lockedBuffer{}}
	cfg := AppConfig{
		Package: captions, Key: appKey, Secret: "whs_older " + secret, URL: h.web.URL,
		Logger: slog.New(slog.NewTextHandler(a.said, nil)),
		Handle: func(ctx context.Context, s *AppSession) {
			a.sessions <- s
			select {
			case <-ctx.Done():
			case <-s.Done():
			}
		},
	}
	if change != nil {
		change(&cfg)
	}
	app, err := NewApp(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.App = app
	t.Cleanup(func() {
		if err := app.Close(within(t)); err != nil {
			t.Errorf("close: %v", err)
		}
		if said := a.said.String(); strings.Contains(said, appKey) || strings.Contains(said, secret) {
			t.Errorf("a secret was logged:\n%s", said)
		}
	})
	return a
}

// sessionRef names a user's session, of a start.
func sessionRef(start int) string {
	return protocol.AppSessionID("usr_1", fmt.Sprintf("%032x", start))
}

func callBody(start int, more string) string {
	return fmt.Sprintf(`{"type":"session_request","package":%q,"session_id":%q,"user_id":"usr_1","timestamp":"2025-01-07T10:00:00.000Z","attempt":1%s}`,
		captions, sessionRef(start), more)
}

func sign(at time.Time, body, by string) string {
	h := hmac.New(sha256.New, []byte(by))
	fmt.Fprintf(h, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(h.Sum(nil)))
}

// calls makes a call of the webhook and returns its status.
func (a *appServer) calls(body, signature string) int {
	r := httptest.NewRequest(http.MethodPost, "/webhook", strings.NewReader(body))
	if signature != "" {
		r.Header.Set(protocol.SignatureHeader, signature)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Code
}

// begins is a good call and the session that comes of it.
func (a *appServer) begins(start int) *AppSession {
	a.t.Helper()
	body := callBody(start, "")
	if status := a.calls(body, sign(time.Now(), body, secret)); status != http.StatusNoContent {
		a.t.Fatalf("HTTP %d", status)
	}
	select {
	case s := <-a.sessions:
		return s
	case <-within(a.t).Done():
		a.t.Fatalf("no session; the app said:\n%s", a.said)
		return nil
	}
}

func TestAppOnASession(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	a := newAppServer(t, h, nil)
	s := a.begins(1)
	if s.UserID() != "usr_1" || s.SessionID() != sessionRef(1) || !s.ClientConnected() || s.State() != Connected {
		t.Errorf("%+v", s.look())
	}
	if got := sees(h, func() []string { return h.bearers }); !slices.Equal(got, []string{appKey}) {
		t.Errorf("let in by %q", got)
	}
	if err := s.Send(within(t), map[string]string{"text": "hello"}); err != nil {
		t.Fatal(err)
	}
	h.posts(h.app, 3, 0)
	receives(t, s, 1, 3)
	for _, event := range []string{protocol.EventClientDisconnected, protocol.EventClientReconnected} {
		h.mu.Lock()
		h.put(h.app, protocol.Frame{Type: protocol.TypeApp, Event: event})
		h.mu.Unlock()
	}
	listen(t, s, "the device's going", func(e ClientDisconnected) bool { return e.Seq == 4 })
	listen(t, s, "its return", func(e ClientReconnected) bool { return e.Seq == 5 })
	// 1001 is a drop: it comes back, and nothing is missing.
	h.mu.Lock()
	go h.app.conn.conn.Close(1001, "")
	h.mu.Unlock()
	listen(t, s, "the drop", func(e StateChange) bool { return e.State == Reconnecting && e.Code == 1001 })
	h.posts(h.app, 2, 0)
	receives(t, s, 6, 7)
	h.mu.Lock()
	h.put(h.app, appFrame(protocol.EventAppStopped, "", protocol.AppState{Package: captions, State: "stopping", Reason: "user_stopped"}))
	h.mu.Unlock()
	listen(t, s, "its end", func(e Stopped) bool { return e.Reason == "user_stopped" })
	ends(t, "done", s.Done())
	var e *protocol.Error
	if !errors.As(s.Err(), &e) || e.Code != protocol.SessionEnded || e.Reason != "user_stopped" {
		t.Errorf("%v", s.Err())
	}
	if err := s.Send(within(t), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	eventually(t, "acknowledged", func() bool { return sees(h, func() bool { return len(h.app.kept) == 0 }) })
	if got := sees(h, func() []string { return h.app.stored }); !slices.Equal(got, []string{`{"text":"hello"}`}) {
		t.Errorf("stored %q", got)
	}
}

// One session, however often the webhook is called; a call taken down and sent again
// after its end starts nothing.
func TestAppConnectsOnceForEachSession(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	a := newAppServer(t, h, nil)
	body := callBody(1, "")
	signature := sign(time.Now(), body, secret)
	var calling sync.WaitGroup
	for range 20 {
		calling.Go(func() {
			if status := a.calls(body, signature); status != http.StatusNoContent {
				t.Errorf("HTTP %d", status)
			}
		})
	}
	calling.Wait()
	s := <-a.sessions
	for attempt := range 5 {
		again := callBody(1, fmt.Sprintf(`,"more":%d`, attempt))
		if status := a.calls(again, sign(time.Now(), again, secret)); status != http.StatusNoContent {
			t.Errorf("again: HTTP %d", status)
		}
	}
	if err := s.Send(within(t), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the farewell", func() bool {
		return sees(h, func() bool { return slices.Contains(h.received, protocol.EventDisconnect) })
	})
	reordered := strings.Split(signature, ",")
	for _, old := range []string{signature, reordered[1] + "," + reordered[0], signature + ",x=1"} {
		if status := a.calls(body, old); status != http.StatusNoContent {
			t.Errorf("taken down: HTTP %d", status)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := sees(h, func() int { return h.dials }); n != 1 || len(a.sessions) != 0 {
		t.Errorf("%d dials", n)
	}
	if a.begins(2) == nil || sees(h, func() int { return h.dials }) != 2 {
		t.Error("a new start does not connect")
	}
}

// An app that was never started, or whose key is of no use, does not go on trying.
func TestAppIsRefused(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	a := newAppServer(t, h, nil)
	for i, e := range []protocol.Error{
		{Code: protocol.SessionEnded, Reason: "app_not_started"}, {Code: protocol.AuthenticationFailed, Reason: "app_key_invalid"},
		{Code: protocol.TokenRevoked, Reason: "app_key_revoked"},
	} {
		h.mu.Lock()
		h.refuse = func(int) *protocol.Error { return &e }
		h.mu.Unlock()
		body := callBody(i, "")
		if status := a.calls(body, sign(time.Now(), body, secret)); status != http.StatusNoContent {
			t.Errorf("HTTP %d", status)
		}
		eventually(t, "given up", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.App.sessions) == 0
		})
	}
	if n := sees(h, func() int { return h.dials }); n != 3 || len(a.sessions) != 0 {
		t.Errorf("%d dials", n)
	}
}

// An App that is closed is not an app that leaves: whoever takes over goes on.
func TestAppIsReplacedByItsSuccessor(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	first := newAppServer(t, h, nil)
	s := first.begins(1)
	h.posts(h.app, 2, 0)
	receives(t, s, 1, 2)
	if err := first.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	body := callBody(2, "")
	if status := first.calls(body, sign(time.Now(), body, secret)); status != http.StatusServiceUnavailable {
		t.Errorf("a closed App answers HTTP %d", status)
	}
	if sees(h, func() bool { return slices.Contains(h.received, protocol.EventDisconnect) }) {
		t.Error("it left")
	}
	eventually(t, "the drop", func() bool { return !h.has(h.app) })
	h.posts(h.app, 2, 0)
	second := newAppServer(t, h, nil)
	receives(t, second.begins(1), 3, 4)
}

// When Handle returns the app leaves.
func TestAppLeavesWhenHandleReturns(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	a := newAppServer(t, h, func(cfg *AppConfig) {
		cfg.Handle = func(ctx context.Context, s *AppSession) { s.Send(ctx, "bye") }
	})
	body := callBody(1, "")
	a.calls(body, sign(time.Now(), body, secret))
	eventually(t, "the farewell", func() bool {
		return sees(h, func() bool { return slices.Contains(h.received, protocol.EventDisconnect) })
	})
}

func TestAppConfigs(t *testing.T) {
	for name, change := range map[string]func(*AppConfig){
		"no package": func(c *AppConfig) { c.Package = "captions" },
		"no key":     func(c *AppConfig) { c.Key = "" },
		"bad key":    func(c *AppConfig) { c.Key = "a\r\nb" },
		"no secret":  func(c *AppConfig) { c.Secret = " " },
		"no handle":  func(c *AppConfig) { c.Handle = nil },
		"no server":  func(c *AppConfig) { c.URL = "" },
		"bad server": func(c *AppConfig) { c.URL = "http://" },
	} {
		cfg := AppConfig{Package: captions, Key: appKey, Secret: secret, URL: "http://127.0.0.1", Handle: func(context.Context, *AppSession) {}}
		change(&cfg)
		if _, err := NewApp(cfg); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
