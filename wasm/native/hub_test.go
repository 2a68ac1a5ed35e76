//go:build !js

package native

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// hub is a user's session on real sockets, with a device channel and one app's: an outbox
// for each, and a memory of message ids. The built Worker is in the tests of e2e.
type hub struct {
	t   *testing.T
	web *httptest.Server

	mu       sync.Mutex
	device   *box
	app      *box
	dials    int
	bearers  []string // as offered, and as swapped in
	hosts    []string
	received []string // events that came, but for acks and pongs
	session  string   // the device's; "" begins it anew at the next connection
	started  int
	// refuse, when it is set, says whether this dial is refused, by HTTP.
	refuse func(dial int) *protocol.Error
	// answers is what an app_start comes to: events in order; nil for running.
	answers []protocol.AppState
	silent  bool // keeps answers to messages back
	life    time.Duration
	beat    time.Duration
}

// box is one end's outbox and its current connection.
type box struct {
	kept   []protocol.Frame
	sent   uint64
	acked  uint64
	most   int
	ids    map[string]uint64
	stored []string // what the end sent, once each
	conn   *peer
	known  bool
}

type peer struct {
	conn *websocket.Conn
	send sync.Mutex
}

func newHub(t *testing.T) *hub {
	h := &hub{t: t, life: 15 * time.Minute, beat: 10 * time.Second, device: newBox(), app: newBox()}
	h.web = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(func() {
		h.drop(h.device)
		h.drop(h.app)
		h.web.Close()
	})
	return h
}

func newBox() *box { return &box{most: 1000, ids: map[string]uint64{}} }

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.dials++
	var refused *protocol.Error
	if h.refuse != nil {
		refused = h.refuse(h.dials)
	}
	h.bearers = append(h.bearers, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	h.hosts = append(h.hosts, r.Host)
	h.mu.Unlock()
	if strings.Contains(r.URL.String(), "signature") || strings.Contains(r.URL.String(), "hfa_") {
		h.t.Errorf("a secret in a URL: %s", r.URL)
	}
	if refused != nil {
		w.WriteHeader(refused.Row().HTTP)
		f := refused.Frame()
		if strings.Contains(r.URL.Path, "/apps/") {
			f.Type, f.Event = protocol.TypeApp, protocol.EventAppConnectionError
		}
		w.Write(f.Append(nil))
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	b, p := h.device, &peer{conn: conn}
	if strings.HasPrefix(r.URL.Path, "/v1/ws/apps/") {
		b = h.app
	}
	for {
		_, text, err := conn.Read(context.Background())
		if err != nil {
			break
		}
		f, bad := protocol.Decode(text, protocol.DefaultLimits)
		if bad != nil {
			h.t.Errorf("the client sent %s: %v", text, bad)
			break
		}
		h.take(b, p, f, r)
	}
	h.mu.Lock()
	if b.conn == p {
		b.conn = nil
	}
	h.mu.Unlock()
}

func (h *hub) write(p *peer, f protocol.Frame) {
	if p == nil {
		return
	}
	p.send.Lock()
	defer p.send.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p.conn.Write(ctx, websocket.MessageText, f.Append(nil))
}

func (h *hub) take(b *box, p *peer, f protocol.Frame, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Event {
	case protocol.EventConnectionInit:
		in, _ := protocol.ParseConnectionInit(f.Data)
		h.admit(b, p, in.SessionID == h.session && h.session != "", in.LastSeq, in.HasLastSeq, "")
		return
	case protocol.EventAppConnectionInit:
		in, _ := protocol.ParseAppConnectionInit(f.Data)
		if ref := r.URL.Query().Get("session_id"); in.SessionID != "" && in.SessionID != ref || in.Key != "" {
			h.t.Errorf("the first word is %+v, at %s", in, r.URL)
		}
		h.admit(b, p, b.known, in.LastSeq, in.HasLastSeq, r.URL.Query().Get("session_id"))
		return
	}
	if b.conn != p {
		return
	}
	switch f.Event {
	case protocol.EventAck:
		in, _ := protocol.ParseAck(f.Data)
		b.ack(in.Seq)
		return
	case protocol.EventPong:
		return
	}
	h.received = append(h.received, f.Event)
	switch f.Event {
	case protocol.EventPing:
		h.write(p, system(protocol.EventPong, nil))
	case protocol.EventTokenRefresh:
		in, _ := protocol.ParseTokenRefresh(f.Data)
		h.bearers = append(h.bearers, in.Token)
		now := time.Now()
		h.write(p, system(protocol.EventTokenRefreshed, protocol.TokenRefreshed{ExpiresAt: now.Add(15 * time.Minute), ExpiresIn: 15 * time.Minute, ServerTime: now}.Append(nil)))
	case protocol.EventAppMessage:
		h.store(b, f)
	case protocol.EventAppStart:
		in, _ := protocol.ParseAppCommand(f.Data)
		h.starts(in.Package, f.MessageID)
	case protocol.EventAppStop:
		in, _ := protocol.ParseAppCommand(f.Data)
		h.put(h.device, appFrame(protocol.EventAppState, f.MessageID, protocol.AppState{Package: in.Package, State: "stopping"}))
		h.put(h.device, appFrame(protocol.EventAppStopped, "", protocol.AppState{Package: in.Package, State: "stopped", Reason: "user_stopped"}))
	}
}

func appFrame(event, id string, state protocol.AppState) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeApp, Event: event, MessageID: id, Data: state.Append(nil)}
}

// starts answers an app_start, once for each message id.
func (h *hub) starts(name, id string) {
	if h.device.ids[id] != 0 {
		f := appFrame(protocol.EventAppStarted, id, protocol.AppState{Package: name, State: "running"})
		h.write(h.device.conn, f)
		return
	}
	h.started++
	h.device.ids[id] = 1
	h.put(h.device, appFrame(protocol.EventAppState, id, protocol.AppState{Package: name, State: "connecting"}))
	last := protocol.AppState{Package: name, State: "running"}
	if h.answers != nil {
		last = h.answers[0]
		last.Package = name
	}
	event := protocol.EventAppStarted
	if last.State == "stopped" {
		event = protocol.EventAppStopped
	}
	h.put(h.device, appFrame(event, "", last))
}

// store keeps an end's message, once for each message id, and answers.
func (h *hub) store(b *box, f protocol.Frame) {
	in, ok := protocol.ParseAppMessage(f.Data)
	if !ok || (b == h.device) != (in.To != "") {
		h.t.Errorf("a message to %q: %s", in.To, f.Data)
	}
	if in.To == "com.example.absent" {
		e := protocol.Error{Code: protocol.NotFound, Reason: "app_not_running", MessageID: f.MessageID}
		h.write(b.conn, e.Frame())
		return
	}
	at := b.ids[f.MessageID]
	if at == 0 {
		b.stored = append(b.stored, string(in.Data))
		at = uint64(len(b.stored))
		b.ids[f.MessageID] = at
	}
	if !h.silent {
		h.write(b.conn, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, MessageID: f.MessageID, Data: protocol.Ack{Seq: at}.Append(nil)})
	}
}

func (b *box) ack(seq uint64) {
	b.acked = max(b.acked, seq)
	for len(b.kept) > 0 && b.kept[0].Seq <= b.acked {
		b.kept = b.kept[1:]
	}
}

// put keeps a frame for an end, and sends it; the caller holds the lock.
func (h *hub) put(b *box, f protocol.Frame) {
	b.sent++
	f.Seq = b.sent
	b.kept = append(b.kept, f)
	if len(b.kept) > b.most {
		b.kept = b.kept[1:]
	}
	h.write(b.conn, f)
}

// posts sends an end messages of its own number, as JSON strings.
func (h *hub) posts(b *box, n int, size int) {
	for range n {
		h.mu.Lock()
		text := strconv.FormatUint(b.sent+1, 10) + strings.Repeat(" ", size)
		h.put(b, protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppMessage, Data: protocol.AppMessage{
			From: protocol.FromOperator, Data: []byte(strconv.Quote(text)),
		}.Append(nil)})
		h.mu.Unlock()
	}
}

// admit acknowledges a connection, which takes over, and replays.
func (h *hub) admit(b *box, p *peer, resumed bool, last uint64, says bool, ref string) {
	now := time.Now()
	if b == h.device && h.session == "" {
		h.session = "s" + strconv.FormatInt(now.UnixNano(), 10)
	}
	received := b.acked
	if says {
		received = last
		b.ack(last)
	}
	b.known = true
	first := b.sent + 1 - uint64(len(b.kept))
	var gap *protocol.Gap
	var replay *protocol.Range
	if received+1 < first {
		gap = &protocol.Gap{From: received + 1, To: first - 1, Count: first - 1 - received, Reason: "too_many"}
	}
	if len(b.kept) > 0 {
		replay = &protocol.Range{From: first, To: b.sent}
	}
	limits := protocol.AckLimits{FrameBytes: 64 << 10, Unacknowledged: 16}
	ack := protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
		ClientID: "c", UserID: "usr_1", Permissions: []string{}, SessionID: h.session, Resumed: resumed, Replay: replay, Gap: gap,
		ServerTime: now, ExpiresAt: now.Add(h.life), HeartbeatInterval: h.beat, Limits: limits,
	}.Append(nil)}
	if b == h.app {
		ack = protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppConnectionAck, Data: protocol.AppConnectionAck{
			Package: "com.example.captions", UserID: "usr_1", SessionID: ref, Resumed: resumed, Replay: replay, Gap: gap, ClientConnected: true,
			ServerTime: now, HeartbeatInterval: h.beat, Limits: limits,
		}.Append(nil)}
	}
	old := b.conn
	b.conn = p
	if old != nil {
		go old.conn.Close(4409, "CONNECTION_REPLACED")
	}
	h.write(p, ack)
	for _, f := range b.kept {
		h.write(p, f)
	}
}

// drop cuts an end's connection without a word.
func (h *hub) drop(b *box) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b.conn != nil {
		go b.conn.conn.CloseNow()
		b.conn = nil
	}
}

// closes ends an end's connection with this error.
func (h *hub) closes(b *box, e protocol.Error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.write(b.conn, e.Frame())
	go b.conn.conn.Close(websocket.StatusCode(e.CloseCode()), e.CloseReason())
}

// sees reads the hub's state.
func sees[T any](h *hub, f func() T) T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return f()
}

func (h *hub) has(b *box) bool { return sees(h, func() bool { return b.conn != nil }) }
