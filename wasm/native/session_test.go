//go:build !js

package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func TestSendReturnsTheVersionStored(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	c := connect(t, s.config())
	for want := uint64(1); want <= 3; want++ {
		if v, err := c.Send(within(t), map[string]any{"insert": want}); err != nil || v != want {
			t.Fatalf("version %d, %v; want %d", v, err, want)
		}
	}
	op := expect(t, c, "its own op", func(e Operation) bool { return e.Version == 2 })
	if string(op.Op) != `{"insert":2}` || !op.Own || op.ClientID != c.ClientID() || op.UserID != "usr_1" {
		t.Fatalf("received %+v", op)
	}
	if c.State() != Connected || !c.Can("write") || c.Can("admin") || c.Version() != 3 || c.SessionID() != "s1" || c.UserID() != "usr_1" {
		t.Fatalf("%+v", c.look())
	}
}

// Ops that many goroutines send, over a connection that drops again and again, are each
// stored once and received once, in order.
func TestDroppedLineLosesNothing(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cfg := s.config()
	c, watcher := connect(t, cfg), connect(t, cfg)
	const senders, each = 4, 400
	var sending sync.WaitGroup
	versions := make(chan uint64, senders*each)
	for n := range senders {
		sending.Go(func() {
			for i := range each {
				v, err := c.Send(within(t), fmt.Sprintf("%d-%d", n, i))
				if err != nil {
					t.Error(err)
					return
				}
				versions <- v
				if n == 0 && i%50 == 25 { // by the op too, for a fast machine is done before many drops
					s.drop()
					c.Wake()
					watcher.Wake()
				}
			}
		})
	}
	stop := make(chan struct{})
	var dropping sync.WaitGroup
	dropping.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				s.drop()
				c.Wake() // not after seconds of backoff
				watcher.Wake()
			}
		}
	})
	sending.Wait()
	close(stop)
	dropping.Wait()
	close(versions)
	seen := map[uint64]bool{}
	for v := range versions {
		if seen[v] {
			t.Fatalf("two ops became version %d", v)
		}
		seen[v] = true
	}
	for name, session := range map[string]*Session{"the sender": c, "the watcher": watcher} {
		next, last := uint64(1), map[string]int{}
		expect(t, session, "all versions", func(e Operation) bool {
			var op string
			json.Unmarshal(e.Op, &op)
			var n, i int
			fmt.Sscanf(op, "%d-%d", &n, &i)
			if who := fmt.Sprint(n); e.Version != next || i != last[who] {
				t.Fatalf("%s received %s as version %d, after %d and its %d", name, op, e.Version, next-1, last[who])
			} else {
				last[who]++
			}
			next++
			return next > senders*each
		})
	}
	if n := with(s, func() int { return len(s.log) }); n != senders*each {
		t.Fatalf("%d ops are stored, want %d", n, senders*each)
	}
	if s.dialled() < 6 {
		t.Fatalf("only %d dials: nothing was dropped", s.dialled())
	}
}

// An op whose acknowledgement was lost is sent again under its own message id.
func TestLostAcknowledgementIsAskedForAgain(t *testing.T) {
	s := start(t)
	s.silent = true
	c := connect(t, s.config())
	done := make(chan error, 1)
	go func() {
		v, err := c.Send(within(t), "x")
		if err == nil && v != 1 {
			err = fmt.Errorf("it became version %d", v)
		}
		done <- err
	}()
	eventually(t, "stored", func() bool { return with(s, func() bool { return len(s.log) == 1 }) })
	with(s, func() bool { s.silent = false; return true })
	s.drop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := with(s, func() int { return len(s.log) }); n != 1 {
		t.Fatalf("stored %d times", n)
	}
}

func TestBadConfig(t *testing.T) {
	good := start(t).config()
	for what, cfg := range map[string]Config{
		"no token function": {URL: good.URL, Document: "d"},
		"no document":       {URL: good.URL, Token: good.Token},
		"no url":            {Document: "d", Token: good.Token},
		"another scheme":    {URL: "ftp://x", Document: "d", Token: good.Token},
		"a limit below 0":   {URL: good.URL, Document: "d", Token: good.Token, BufferBytes: -1},
		"a long client id":  {URL: good.URL, Document: "d", Token: good.Token, ClientID: strings.Repeat("x", 129)},
	} {
		if s, err := Connect(within(t), cfg); s != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatIsNotJSONIsRefusedHere(t *testing.T) {
	s := start(t)
	c := connect(t, s.config())
	for what, err := range map[string]error{
		"op":       second(c.Send(within(t), math.NaN())),
		"presence": c.Presence(within(t), math.NaN()),
		"large":    c.Presence(within(t), strings.Repeat("x", 1<<17)),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := c.Send(within(t), strings.Repeat("x", 1<<17))
	if !errors.Is(err, &protocol.Error{Code: protocol.MessageTooLarge}) {
		t.Errorf("large op: %v", err)
	}
	if v, err := c.Send(within(t), "good"); err != nil || v != 1 {
		t.Errorf("afterwards: %d, %v", v, err)
	}
}

func TestPresenceIsShownAgainOnAReconnect(t *testing.T) {
	s := start(t)
	c := connect(t, s.config())
	if err := c.Presence(within(t), map[string]int{"cursor": 7}); err != nil {
		t.Fatal(err)
	}
	shown := func(n int) func() bool {
		return func() bool {
			return with(s, func() bool { return len(s.shown) == n && strings.Contains(s.shown[n-1], `{"cursor":7}`) })
		}
	}
	eventually(t, "shown", shown(1))
	s.drop()
	eventually(t, "shown again", shown(2))
	s.says(protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventJoin, Data: protocol.Presence{UserID: "usr_2", ClientID: "c2", Name: "Two"}.Append(nil)})
	if p := expect(t, c, "presence", func(Presence) bool { return true }); p.State != "join" || p.UserID != "usr_2" || p.ClientID != "c2" || p.Name != "Two" {
		t.Fatalf("%+v", p)
	}
}

// What goes to the log has neither tokens nor ops in it.
func TestLogHoldsNoTokens(t *testing.T) {
	s := start(t)
	cfg := s.config()
	var text bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var given []string
	cfg.Token = func(context.Context) (string, error) {
		given = append(given, token(time.Hour))
		if len(given) == 1 {
			return "", fmt.Errorf("the issuer said no to %s", given[0])
		}
		return given[len(given)-1], nil
	}
	s.refuse = func(dial int) *protocol.Error {
		if dial == 1 {
			return &protocol.Error{Code: protocol.TokenExpired}
		}
		return nil
	}
	c := connect(t, cfg)
	if _, err := c.Send(within(t), "the op's text"); err != nil {
		t.Fatal(err)
	}
	s.drop()
	c.Wake()
	expect(t, c, "connected again", func(e StateChange) bool { return e.State == Connected && e.Resumed })
	s.web.CloseClientConnections()
	c.Refresh()
	c.Close(within(t))
	for _, secret := range append(given, "signature", "the op's text", "bearer") {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, &text)
		}
	}
	for _, word := range []string{"state=connected", "state=reconnecting", "close_code=4102", "AUTHENTICATION_FAILED"} {
		if !strings.Contains(text.String(), word) {
			t.Errorf("the log lacks %q:\n%s", word, &text)
		}
	}
}
