package agent

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// fakePage is a page with one tab in it: the lock is always free, the app always
// has a token, and the page receives the core's events in order.
type fakePage struct {
	NoStore
	agent *Agent
	said  chan string
	mu    sync.Mutex
	timer *time.Timer
	armed int          // how often
	live  atomic.Int32 // functions that run beside the events
}

func (p *fakePage) later(ev client.Event)        { go p.agent.Handle(ev) }
func (p *fakePage) Lock(string)                  { p.later(client.LockGranted{}) }
func (p *fakePage) Steal(string)                 { p.later(client.LockGranted{}) }
func (p *fakePage) Unlock()                      {}
func (p *fakePage) Post([]byte)                  {}
func (p *fakePage) PostOrigin([]byte)            {}
func (p *fakePage) FetchToken(client.FetchToken) { p.later(client.TokenFetched{Token: token()}) }
func (p *fakePage) GiveUpToken()                 {}
func (p *fakePage) Sent(id string, v uint64)     { p.said <- fmt.Sprintf("sent %s %d", id, v) }
func (p *fakePage) Unsent(id string, f []byte)   { p.said <- fmt.Sprintf("unsent %s %s", id, f) }
func (p *fakePage) Finished()                    { p.said <- "finished" }
func (p *fakePage) Emit(kind string, detail, _ []byte) {
	if kind != "" {
		p.said <- kind + " " + string(detail)
	}
}

func (p *fakePage) Timer(in time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed++
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = time.AfterFunc(in, func() { p.agent.Handle(client.Woken{}) })
}

func (p *fakePage) StopTimer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}

// token is unsigned: the browser's half looks at nothing but its times.
func token() string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	now := time.Now().Unix()
	return part(`{"alg":"RS256"}`) + "." + part(fmt.Sprintf(`{"user_id":"usr_1","iat":%d,"exp":%d}`, now, now+900)) + "." + part("signature")
}

// server runs serve for each connection; its end ends the connection.
func server(t *testing.T, instant bool, serve func(ctx context.Context, conn *websocket.Conn, r *http.Request)) *fakePage {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Version}})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		serve(r.Context(), conn, r)
	}))
	t.Cleanup(s.Close)
	p := &fakePage{said: make(chan string, 64)}
	core := client.New(client.Config{
		URL: "ws" + strings.TrimPrefix(s.URL, "http"), Document: "welcome", ClientID: "c1", TabID: "t1",
		Scope: "holdfast.v1/test/welcome", Locks: true, Channel: true, Visible: true, Online: true, Rand: 7,
	})
	p.agent = New(core, p, Config{Instant: instant, Go: func(f func()) {
		p.live.Add(1)
		go func() {
			defer p.live.Add(-1)
			f()
		}()
	}})
	t.Cleanup(func() {
		p.agent.Handle(client.Close{})
		p.StopTimer()
	})
	p.agent.Handle(client.Start{})
	return p
}

// receive waits for a call of the page that begins so.
func (p *fakePage) receive(t *testing.T, prefix string) string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	var received []string
	for {
		select {
		case s := <-p.said:
			if strings.HasPrefix(s, prefix) {
				return s
			}
			received = append(received, s)
		case <-deadline:
			t.Fatalf("never received %q, only %q", prefix, received)
		}
	}
}

func send(t *testing.T, ctx context.Context, conn *websocket.Conn, f protocol.Frame) {
	t.Helper()
	if err := conn.Write(ctx, websocket.MessageText, f.Append(nil)); err != nil {
		t.Error(err)
	}
}

func acknowledge(t *testing.T, ctx context.Context, conn *websocket.Conn, version uint64) {
	now := time.Now()
	send(t, ctx, conn, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
		ClientID: "c1", UserID: "usr_1", Permissions: []string{"read", "write"}, DocumentVersion: version,
		SessionID: "s1", ServerTime: now, ExpiresAt: now.Add(15 * time.Minute), HeartbeatInterval: 10 * time.Second,
	}.Append(nil)})
}

// next reads the next frame that is not a ping.
func next(ctx context.Context, conn *websocket.Conn) (protocol.Frame, error) {
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return protocol.Frame{}, err
		}
		if string(text) == protocol.PingText {
			continue
		}
		f, e := protocol.Decode(text, protocol.DefaultLimits)
		if e != nil {
			return f, e
		}
		return f, nil
	}
}

func TestOpIsSentOnceConnectedAndAnswered(t *testing.T) {
	t.Run("with a writer", func(t *testing.T) { opIsSentOnceConnectedAndAnswered(t, false) })
	t.Run("writing at once", func(t *testing.T) { opIsSentOnceConnectedAndAnswered(t, true) })
}

func opIsSentOnceConnectedAndAnswered(t *testing.T, instant bool) {
	offered := make(chan http.Header, 1)
	p := server(t, instant, func(ctx context.Context, conn *websocket.Conn, r *http.Request) {
		offered <- r.Header
		if strings.Contains(r.URL.String(), "token") {
			t.Errorf("a token in a URL that we made: %s", r.URL)
		}
		acknowledge(t, ctx, conn, 0)
		f, err := next(ctx, conn)
		if err != nil || f.Event != protocol.EventOp {
			t.Errorf("got %+v, %v; want an op", f, err)
			return
		}
		send(t, ctx, conn, protocol.Frame{
			Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: f.MessageID, Seq: 1,
			Data: protocol.OperationAck{DocumentVersion: 1}.Append(nil),
		})
		next(ctx, conn) // until the client goes
	})
	p.agent.Handle(client.Send{ID: "7", Op: []byte(`{"insert":"x"}`)})
	p.receive(t, `state {"state":"connected"`)
	if got := p.receive(t, "sent "); got != "sent 7 1" {
		t.Fatalf("got %q", got)
	}
	want := int32(2) // it reads and writes
	if instant {
		want = 1
	}
	if live := p.live.Load(); live != want {
		t.Fatalf("%d functions run, want %d", live, want)
	}
	protocols := (<-offered).Get("Sec-WebSocket-Protocol")
	if !strings.HasPrefix(protocols, "holdfast.v1,bearer.") && !strings.HasPrefix(protocols, "holdfast.v1, bearer.") {
		t.Fatalf("offered %q", protocols)
	}
}

func TestFinalErrorNeverRedials(t *testing.T) {
	dials := make(chan struct{}, 8)
	p := server(t, false, func(ctx context.Context, conn *websocket.Conn, _ *http.Request) {
		dials <- struct{}{}
		e := protocol.Error{Code: protocol.InsufficientPermissions}
		send(t, ctx, conn, e.Frame())
		conn.Close(websocket.StatusCode(e.CloseCode()), e.CloseReason())
	})
	p.receive(t, "permissiondenied")
	p.receive(t, `state {"state":"closed"`)
	if n := len(dials); n != 1 {
		t.Fatalf("%d dials, want 1", n)
	}
	if _, waits := p.agent.core.Deadline(); waits {
		t.Fatal("it still waits for something")
	}
}

func TestDroppedLineResumesWithSessionAndVersion(t *testing.T) {
	t.Run("with a writer", func(t *testing.T) { droppedLineResumesWithSessionAndVersion(t, false) })
	t.Run("writing at once", func(t *testing.T) { droppedLineResumesWithSessionAndVersion(t, true) })
}

func droppedLineResumesWithSessionAndVersion(t *testing.T, instant bool) {
	var n int
	queries := make(chan string, 4)
	p := server(t, instant, func(ctx context.Context, conn *websocket.Conn, r *http.Request) {
		queries <- r.URL.RawQuery
		n++
		acknowledge(t, ctx, conn, uint64(n-1))
		if n > 1 {
			next(ctx, conn)
			return
		}
		send(t, ctx, conn, protocol.Frame{
			Type: protocol.TypeOperation, Event: protocol.EventOp, Seq: 1,
			Data: protocol.Op{Op: []byte(`1`), DocumentVersion: 1, UserID: "usr_2", ClientID: "c2"}.Append(nil),
		})
		if f, err := next(ctx, conn); err != nil || f.Event != protocol.EventAck {
			t.Errorf("got %+v, %v; want an ack", f, err)
		}
		conn.CloseNow() // no close frame: a dropped connection
	})
	p.receive(t, "operation ")
	p.receive(t, `state {"state":"reconnecting"`)
	p.receive(t, `state {"state":"connected"`)
	<-queries
	if got := <-queries; !strings.Contains(got, "session_id=s1") || !strings.Contains(got, "last_seq=1") {
		t.Fatalf("dialled again with %q", got)
	}
}

func TestCloseEndsTheConnectionCleanly(t *testing.T) {
	t.Run("with a writer", func(t *testing.T) { closeEndsTheConnectionCleanly(t, false) })
	t.Run("writing at once", func(t *testing.T) { closeEndsTheConnectionCleanly(t, true) })
}

func closeEndsTheConnectionCleanly(t *testing.T, instant bool) {
	ended := make(chan error, 1)
	p := server(t, instant, func(ctx context.Context, conn *websocket.Conn, _ *http.Request) {
		acknowledge(t, ctx, conn, 0)
		for {
			if _, err := next(ctx, conn); err != nil {
				ended <- err
				return
			}
		}
	})
	p.receive(t, `state {"state":"connected"`)
	p.agent.Handle(client.Close{})
	p.receive(t, "finished")
	select {
	case err := <-ended:
		if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Fatalf("closed with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the connection is still open")
	}
}

// A hidden page's timers are slowed to one a minute once each was armed by the
// one before; the next event from elsewhere has to break the chain.
func TestTimerArmedByATimerIsArmedAnew(t *testing.T) {
	p := server(t, false, func(ctx context.Context, conn *websocket.Conn, _ *http.Request) {
		acknowledge(t, ctx, conn, 0)
		next(ctx, conn)
	})
	p.receive(t, `state {"state":"connected"`)
	armed := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.armed
	}
	p.agent.Handle(client.Woken{}) // early, so it arms the same deadline again
	before := armed()
	p.agent.Handle(client.Visible{})
	if armed() != before+1 {
		t.Fatal("the chain goes on")
	}
	p.agent.Handle(client.Visible{})
	if armed() != before+1 {
		t.Fatal("armed again although nothing moved and no chain was to break")
	}
}
