//go:build !js

package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func (h *hub) config() DeviceConfig {
	return DeviceConfig{URL: h.web.URL, ClientID: "glasses", Token: func(context.Context) (string, error) { return token(15 * time.Minute), nil }}
}

// connectDevice opens a device that is closed with the test, and has left nothing then.
func connectDevice(t *testing.T, cfg DeviceConfig) *Device {
	t.Helper()
	d, err := ConnectDevice(within(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(within(t)); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// receiver is a Device or an AppSession.
type receiver interface {
	Next(context.Context) (Event, error)
}

// listen waits for an event of a kind for which fits is true.
func listen[E Event](t *testing.T, from receiver, what string, fits func(E) bool) E {
	t.Helper()
	ctx := within(t)
	var received []string
	for {
		ev, err := from.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v; received %q", what, err, received)
		}
		if e, ok := ev.(E); ok && fits(e) {
			return e
		}
		received = append(received, fmt.Sprintf("%+v", ev))
	}
}

// receives checks that the numbers next to to come once and in order, each with the message
// that the hub posted under it, and returns the gaps.
func receives(t *testing.T, from receiver, next, to uint64) (gaps []Gap) {
	t.Helper()
	ctx := within(t)
	for next <= to {
		ev, err := from.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %d: %v", next, err)
		}
		switch e := ev.(type) {
		case Message:
			var text string
			json.Unmarshal(e.Data, &text)
			if e.Seq != next || strings.TrimSpace(text) != fmt.Sprint(next) || e.From != protocol.FromOperator {
				t.Fatalf("%d from %s says %.20q after %d", e.Seq, e.From, text, next-1)
			}
			next++
		case Gap:
			if e.From != next || e.To < e.From {
				t.Fatalf("a gap from %d to %d after %d", e.From, e.To, next-1)
			}
			gaps, next = append(gaps, e), e.To+1
		}
	}
	return gaps
}

func TestDeviceStartsStopsAndSends(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	d := connectDevice(t, h.config())
	if d.State() != Connected || d.UserID() != "usr_1" || d.SessionID() != h.session || d.ClientID() != "glasses" {
		t.Errorf("%s %s %s", d.State(), d.UserID(), d.SessionID())
	}
	if err := d.Start(within(t), "com.example.captions"); err != nil {
		t.Fatal(err)
	}
	if apps := d.Apps(); len(apps) != 1 || apps[0].State != "running" {
		t.Errorf("apps %+v", apps)
	}
	if err := d.Send(within(t), "com.example.captions", map[string]any{"x": 1}); err != nil {
		t.Fatal(err)
	}
	if err := d.Stop(within(t), "com.example.captions"); err != nil {
		t.Fatal(err)
	}
	listen(t, d, "the end", func(e AppChange) bool { return e.State == "stopped" && e.Reason == "user_stopped" && e.Seq == 4 })
	if apps := d.Apps(); len(apps) != 0 {
		t.Errorf("apps %+v", apps)
	}
	for reason, want := range map[string]protocol.Code{
		"unknown_app": protocol.NotFound, "webhook_failed": protocol.ServiceUnavailable, "user_stopped": protocol.SessionEnded,
	} {
		h.mu.Lock()
		h.answers = []protocol.AppState{{State: "stopped", Reason: reason}}
		h.mu.Unlock()
		if err := d.Start(within(t), "com.example.other"); !errors.Is(err, &protocol.Error{Code: want}) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	if err := d.Send(within(t), "com.example.absent", 1); !errors.Is(err, &protocol.Error{Code: protocol.NotFound}) {
		t.Errorf("to an app that does not run: %v", err)
	}
	if err := d.Send(within(t), "no package", 1); !errors.Is(err, &protocol.Error{Code: protocol.MalformedMessage}) {
		t.Errorf("to nobody: %v", err)
	}
	if err := d.Send(within(t), "com.example.captions", strings.Repeat("x", 64<<10)); !errors.Is(err, &protocol.Error{Code: protocol.MessageTooLarge}) {
		t.Errorf("too large: %v", err)
	}
	if err := d.Send(within(t), "com.example.captions", func() {}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no JSON: %v", err)
	}
	if got := sees(h, func() []string { return h.device.stored }); !slices.Equal(got, []string{`{"x":1}`}) {
		t.Errorf("stored %q", got)
	}
}

// Over a connection that drops again and again, both ways lose nothing and repeat nothing.
func TestDeviceOverADroppingLine(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	d := connectDevice(t, h.config())
	const senders, each, down = 4, 500, 4000
	stop := make(chan struct{})
	var dropping, working sync.WaitGroup
	dropping.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond):
				h.drop(h.device)
				d.Wake()
			}
		}
	})
	for n := range senders {
		working.Go(func() {
			for i := range each {
				if err := d.Send(within(t), "com.example.captions", fmt.Sprintf("%d-%d", n, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	working.Go(func() {
		for range down / 10 {
			h.posts(h.device, 10, 0)
			time.Sleep(2 * time.Millisecond)
		}
	})
	if gaps := receives(t, d, 1, down); len(gaps) != 0 {
		t.Errorf("gaps %+v", gaps)
	}
	working.Wait()
	close(stop)
	dropping.Wait()
	stored := sees(h, func() []string { return slices.Clone(h.device.stored) })
	if len(stored) != senders*each {
		t.Errorf("%d are stored, %d were sent", len(stored), senders*each)
	}
	next := [senders]int{}
	for _, text := range stored {
		var n, i int
		fmt.Sscanf(text, `"%d-%d"`, &n, &i)
		if i != next[n] {
			t.Fatalf("of %d, %d is stored after %d", n, i, next[n]-1)
		}
		next[n]++
	}
	if dials := sees(h, func() int { return h.dials }); dials < 4 {
		t.Errorf("only %d dials: hardly anything dropped", dials)
	}
	eventually(t, "acknowledged", func() bool { return sees(h, func() bool { return len(h.device.kept) == 0 }) })
}

// What the outbox gave up while the device was away is reported as a gap.
func TestDeviceIsToldOfAGap(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	d := connectDevice(t, h.config())
	h.posts(h.device, 2, 0)
	receives(t, d, 1, 2)
	h.mu.Lock()
	h.device.most = 5
	h.refuse = func(int) *protocol.Error { return &protocol.Error{Code: protocol.InternalError} }
	h.mu.Unlock()
	h.drop(h.device)
	listen(t, d, "the drop", func(e StateChange) bool { return e.State == Reconnecting })
	h.posts(h.device, 10, 0)
	h.mu.Lock()
	h.refuse = nil
	h.mu.Unlock()
	d.Wake()
	if gaps := receives(t, d, 3, 12); len(gaps) != 1 || gaps[0] != (Gap{3, 7, "too_many"}) {
		t.Errorf("gaps %+v", gaps)
	}
}

// Nobody reads: the connection is put down, and once somebody reads nothing is missing.
func TestDeviceThatIsNotRead(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	cfg := h.config()
	cfg.BufferBytes, cfg.HoldAfter = 32<<10, 100*time.Millisecond
	d := connectDevice(t, cfg)
	const n = 500
	go h.posts(h.device, n, 1000)
	eventually(t, "put down", func() bool { return !h.has(h.device) && d.State() == Reconnecting })
	if gaps := receives(t, d, 1, n); len(gaps) != 0 {
		t.Errorf("gaps %+v", gaps)
	}
}

// A Send needs the connection whoever reads: it goes on, and a gap reports what is left out.
func TestDeviceSendsWhileNobodyReads(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	cfg := h.config()
	cfg.BufferBytes, cfg.HoldAfter = 16<<10, 50*time.Millisecond
	d := connectDevice(t, cfg)
	h.posts(h.device, 50, 1000)
	for i := range 20 {
		if err := d.Send(within(t), "com.example.captions", i); err != nil {
			t.Fatal(err)
		}
	}
	receives(t, d, 1, 50)
}

func TestDeviceTokens(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	cfg := h.config()
	var said bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
	d := connectDevice(t, cfg)
	time.Sleep(5 * time.Second) // the least between two that the server asks for
	h.mu.Lock()
	h.write(h.device.conn, system(protocol.EventTokenRefreshRequired, protocol.TokenRefreshRequired{Reason: "expiring", ExpiresIn: time.Minute}.Append(nil)))
	h.mu.Unlock()
	listen(t, d, "the new token", func(TokenRefresh) bool { return true })
	eventually(t, "swapped", func() bool { return sees(h, func() bool { return len(h.bearers) == 2 }) })
	d.Refresh()
	eventually(t, "swapped again", func() bool { return sees(h, func() bool { return len(h.bearers) == 3 && h.dials == 1 }) })
	h.closes(h.device, protocol.Error{Code: protocol.TokenExpired})
	listen(t, d, "back", func(e StateChange) bool { return e.State == Connected && e.Resumed })
	if got := sees(h, func() []string { return h.bearers }); len(got) != 4 || got[3] == got[2] {
		t.Errorf("offered %d tokens", len(got))
	}
	d.Close(within(t))
	if strings.Contains(said.String(), "eyJ") {
		t.Errorf("a token was logged:\n%s", said.String())
	}
}

func TestDeviceRefusals(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	for name, change := range map[string]func(*DeviceConfig){
		"no token function": func(c *DeviceConfig) { c.Token = nil },
		"no server":         func(c *DeviceConfig) { c.URL = "" },
		"a query":           func(c *DeviceConfig) { c.URL += "/?a=b" },
		"a scheme":          func(c *DeviceConfig) { c.URL = "ftp://127.0.0.1" },
		"a client id":       func(c *DeviceConfig) { c.ClientID = "a\nb" },
	} {
		cfg := h.config()
		change(&cfg)
		if _, err := ConnectDevice(within(t), cfg); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	signedOut := h.config()
	signedOut.Token = func(context.Context) (string, error) { return "", ErrSignedOut }
	if _, err := ConnectDevice(within(t), signedOut); !errors.Is(err, ErrSignedOut) {
		t.Errorf("signed out: %v", err)
	}
	if n := sees(h, func() int { return h.dials }); n != 0 {
		t.Errorf("%d dials", n)
	}
	h.refuse = func(int) *protocol.Error { return &protocol.Error{Code: protocol.TokenRevoked} }
	if _, err := ConnectDevice(within(t), h.config()); !errors.Is(err, &protocol.Error{Code: protocol.TokenRevoked}) {
		t.Errorf("revoked: %v", err)
	}
	h.refuse = func(int) *protocol.Error { return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "bad"} }
	if _, err := ConnectDevice(within(t), h.config()); !errors.Is(err, &protocol.Error{Code: protocol.AuthenticationFailed}) {
		t.Errorf("twice refused: %v", err)
	}
	if n := sees(h, func() int { return h.dials }); n != 3 {
		t.Errorf("%d dials, 3 were to be made", n)
	}
}

// A final error ends it: every call says so, and it never dials again.
func TestDeviceEnds(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	h.silent = true
	d := connectDevice(t, h.config())
	sending := make(chan error, 1)
	go func() { sending <- d.Send(context.Background(), "com.example.captions", 1) }()
	eventually(t, "sent", func() bool { return sees(h, func() bool { return len(h.device.stored) == 1 }) })
	h.closes(h.device, protocol.Error{Code: protocol.ConnectionReplaced})
	ends(t, "done", d.Done())
	want := &protocol.Error{Code: protocol.ConnectionReplaced}
	for _, err := range []error{<-sending, d.Send(within(t), "com.example.captions", 2), d.Start(within(t), "com.example.captions")} {
		if !errors.Is(err, ErrClosed) || !errors.Is(err, want) {
			t.Errorf("%v", err)
		}
	}
	if !errors.Is(d.Err(), want) || d.State() != Closed {
		t.Errorf("%v, %s", d.Err(), d.State())
	}
	d.Wake()
	for range d.Events(within(t)) {
	}
	if n := sees(h, func() int { return h.dials }); n != 1 {
		t.Errorf("%d dials", n)
	}
}

// A session that is over takes along what may have been stored in it.
func TestDeviceInANewSession(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	h.silent = true
	d := connectDevice(t, h.config())
	sending := make(chan error, 1)
	go func() { sending <- d.Send(context.Background(), "com.example.captions", 1) }()
	eventually(t, "sent", func() bool { return sees(h, func() bool { return len(h.device.stored) == 1 }) })
	h.mu.Lock()
	h.session = ""
	h.device.ids = map[string]uint64{}
	h.mu.Unlock()
	h.drop(h.device)
	var refused *protocol.Error
	if err := <-sending; !errors.As(err, &refused) || refused.Reason != "unanswered" {
		t.Errorf("%v", err)
	}
	if n := sees(h, func() int { return len(h.device.stored) }); n != 1 {
		t.Errorf("stored %d times", n)
	}
}

// A server that falls silent is left after two and a half intervals.
func TestDeviceLeavesASilentLine(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	h.beat = 100 * time.Millisecond
	d := connectDevice(t, h.config())
	eventually(t, "pings", func() bool { return sees(h, func() bool { return slices.Contains(h.received, protocol.EventPing) }) })
	h.mu.Lock()
	conn := h.device.conn
	conn.send.Lock() // no pong gets out
	h.mu.Unlock()
	defer conn.send.Unlock()
	listen(t, d, "silence", func(e StateChange) bool { return e.Reason == "silent" })
}
