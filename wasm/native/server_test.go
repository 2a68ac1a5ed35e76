//go:build !js

package native

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// patience is how long anything may take before a test gives up on it.
const patience = 20 * time.Second

// server is a document on a real socket: it stores ops, acknowledges them, sends them to the
// others, replays and swaps tokens. The built Worker is in the tests of e2e.
type server struct {
	t   *testing.T
	web *httptest.Server

	mu       sync.Mutex
	log      []stored
	members  map[*member]bool
	dials    int
	tokens   []string // as offered and as swapped in, in order
	received []string // events that came, but for pings and acks
	shown    []string
	// refuse, when it is set, says whether this dial is refused, by HTTP.
	refuse func(dial int) *protocol.Error
	// silent keeps acknowledgements back, mute everything else too.
	silent, mute bool
	// lossy stores no member's op.
	lossy bool
	// life is how long a token is said to last; default 15 minutes.
	life time.Duration
	// beat is the heartbeat asked for; default 10 s.
	beat time.Duration
	// deaf reads nothing after the acknowledgement, until it is closed.
	deaf   bool
	closed chan struct{}
}

type stored struct{ id, client, op string }

type member struct {
	client string
	conn   *websocket.Conn
	send   sync.Mutex
}

func start(t *testing.T) *server {
	s := &server{t: t, members: map[*member]bool{}, closed: make(chan struct{}), life: 15 * time.Minute, beat: 10 * time.Second}
	s.web = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		close(s.closed)
		s.drop()
		s.web.Close()
	})
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.dials++
	deaf := s.deaf
	var refused *protocol.Error
	if s.refuse != nil {
		refused = s.refuse(s.dials)
	}
	for _, p := range strings.Split(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(p), protocol.BearerPrefix); ok {
			s.tokens = append(s.tokens, token)
		}
	}
	s.mu.Unlock()
	if strings.Contains(r.URL.String(), "signature") {
		s.t.Errorf("a token in a URL that we made: %s", r.URL)
	}
	if refused != nil {
		w.WriteHeader(refused.Row().HTTP)
		w.Write(refused.Frame().Append(nil))
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Version}})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	m := &member{client: r.URL.Query().Get("client_id"), conn: conn}
	if !s.admit(m, r) {
		return
	}
	if deaf {
		<-s.closed
	}
	for {
		_, text, err := conn.Read(context.Background())
		if err != nil {
			break
		}
		s.take(m, text)
	}
	s.mu.Lock()
	delete(s.members, m)
	s.mu.Unlock()
}

// admit acknowledges the connection and replays what it missed.
func (s *server) admit(m *member, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		return true
	}
	now, version := time.Now(), uint64(len(s.log))
	ack := protocol.ConnectionAck{
		ClientID: m.client, UserID: "usr_1", Permissions: []string{"read", "write"}, DocumentVersion: version, SessionID: "s1",
		ServerTime: now, ExpiresAt: now.Add(s.life), HeartbeatInterval: s.beat,
	}
	from, err := strconv.ParseUint(r.URL.Query().Get("last_seq"), 10, 64)
	if ack.Resumed = err == nil; ack.Resumed && from < version {
		ack.Replay = &protocol.Range{From: from + 1, To: version}
	}
	if !s.write(m, system(protocol.EventConnectionAck, ack.Append(nil))) {
		return false
	}
	for v := from; ack.Replay != nil && v < version; v++ {
		s.write(m, s.entry(v))
	}
	s.members[m] = true
	return true
}

func system(event string, data []byte) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeSystem, Event: event, Data: data}
}

func (s *server) entry(i uint64) protocol.Frame {
	e := s.log[i]
	return protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOp, Seq: i + 1, MessageID: e.id, Data: protocol.Op{
		Op: []byte(e.op), DocumentVersion: i + 1, UserID: "usr_1", ClientID: e.client,
	}.Append(nil)}
}

func (s *server) write(m *member, f protocol.Frame) bool {
	m.send.Lock()
	defer m.send.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return m.conn.Write(ctx, websocket.MessageText, f.Append(nil)) == nil
}

func (s *server) take(m *member, text []byte) {
	if string(text) == protocol.PingText {
		s.write(m, system(protocol.EventPong, nil))
		return
	}
	f, bad := protocol.Decode(text, protocol.DefaultLimits)
	if bad != nil {
		s.t.Errorf("the client sent %s: %v", text, bad)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Event != protocol.EventAck {
		s.received = append(s.received, f.Event)
	}
	switch f.Event {
	case protocol.EventOp:
		p, _ := protocol.ParseOp(f.Data)
		if !s.lossy {
			s.store(m, f.MessageID, string(p.Op))
		}
	case protocol.EventSyncRequest:
		p, _ := protocol.ParseSyncRequest(f.Data)
		for v := p.From; v < uint64(len(s.log)); v++ {
			s.write(m, s.entry(v))
		}
	case protocol.EventTokenRefresh:
		p, _ := protocol.ParseTokenRefresh(f.Data)
		s.tokens = append(s.tokens, p.Token)
		now := time.Now()
		s.write(m, system(protocol.EventTokenRefreshed, protocol.TokenRefreshed{
			ExpiresAt: now.Add(15 * time.Minute), ExpiresIn: 15 * time.Minute, ServerTime: now,
		}.Append(nil)))
	case protocol.EventUpdate:
		s.shown = append(s.shown, string(f.Data))
	}
}

// store keeps an op, once for each message id, and sends it to everybody.
func (s *server) store(m *member, id, op string) {
	version := uint64(0)
	for i, e := range s.log {
		if e.id == id {
			version = uint64(i) + 1
		}
	}
	if version == 0 {
		s.log = append(s.log, stored{id, m.client, op})
		version = uint64(len(s.log))
		for other := range s.members {
			if other != m {
				s.write(other, s.entry(version-1))
			}
		}
	}
	if !s.silent && m.conn != nil {
		s.write(m, protocol.Frame{
			Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: id, Seq: version,
			Data: protocol.OperationAck{DocumentVersion: version}.Append(nil),
		})
	}
}

// says sends every member something.
func (s *server) says(f protocol.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m := range s.members {
		s.write(m, f)
	}
}

// grows stores ops of somebody else and sends them to every member.
func (s *server) grows(n int, op string) {
	for range n {
		s.mu.Lock()
		s.store(&member{client: "other"}, fmt.Sprint("other-", len(s.log)), op)
		s.mu.Unlock()
	}
}

// drop cuts every connection without a word.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m := range s.members {
		go m.conn.CloseNow()
		delete(s.members, m)
	}
}

// closes ends every connection with this error.
func (s *server) closes(e protocol.Error) {
	s.says(e.Frame())
	s.mu.Lock()
	defer s.mu.Unlock()
	for m := range s.members {
		go m.conn.Close(websocket.StatusCode(e.CloseCode()), e.CloseReason())
	}
}

// with reads the server's state.
func with[T any](s *server, f func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func (s *server) dialled() int { return with(s, func() int { return s.dials }) }

func (s *server) connected() int { return with(s, func() int { return len(s.members) }) }

// token is unsigned: the client's half looks at nothing but its times.
func token(life time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	now := time.Now()
	claims := fmt.Sprintf(`{"user_id":"usr_1","iat":%d,"exp":%d,"jti":"%d"}`, now.Unix(), now.Add(life).Unix(), now.UnixNano())
	return part(`{"alg":"RS256"}`) + "." + part(claims) + "." + part("signature")
}

func (s *server) config() Config {
	return Config{
		URL: s.web.URL, Document: "welcome",
		Token: func(context.Context) (string, error) { return token(15 * time.Minute), nil },
	}
}

// within is a context that ends a test which hangs.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connect opens a session that is closed with the test, and has left nothing then.
func connect(t *testing.T, cfg Config) *Session {
	t.Helper()
	s, err := Connect(within(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(within(t)); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// expect waits for an event of a kind for which fits is true.
func expect[E Event](t *testing.T, s *Session, what string, fits func(E) bool) E {
	t.Helper()
	ctx := within(t)
	var received []string
	for {
		ev, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v; received %q", what, err, received)
		}
		if e, ok := ev.(E); ok && fits(e) {
			return e
		}
		received = append(received, fmt.Sprintf("%+v", ev))
	}
}

// ends waits for a channel to be closed.
func ends(t *testing.T, what string, closed <-chan struct{}) {
	t.Helper()
	select {
	case <-closed:
	case <-within(t).Done():
		t.Fatalf("never: %s", what)
	}
}

// eventually waits for something that has no event.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// leavesNothing fails a test after which goroutines of the package still run.
func leavesNothing(t *testing.T) {
	t.Cleanup(func() {
		left := ""
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			left = ""
			for _, one := range strings.Split(string(stacks), "\n\n") {
				if strings.Contains(one, "wasm/native.(*") && !strings.Contains(one, "_test.go") || strings.Contains(one, "wasm/agent.") {
					left += one + "\n\n"
				}
			}
			if left == "" {
				return
			}
		}
		t.Errorf("still running:\n%s", left)
	})
}
