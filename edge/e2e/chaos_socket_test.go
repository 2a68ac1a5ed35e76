//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// socket is one of a chaotic client. What it receives comes by a channel, and it can
// end in every way in which a connection ends.
type socket struct {
	ws     *websocket.Conn
	tcp    *holed
	frames chan frame // closed when nothing more comes; why is then set
	why    error
	left   chan struct{}
	leave  sync.Once
}

// dialSocket connects and begins to read. kept collects the connections that are never
// closed; they are closed when the test is over.
func dialSocket(ctx context.Context, s *server, d dialling, kept *holes) (*socket, error) {
	url := fmt.Sprintf("%s/v1/ws/documents/%s?client_id=%s", strings.Replace(s.URL, "http", "ws", 1), d.document, d.clientID)
	if d.sessionID != "" {
		url += fmt.Sprintf("&session_id=%s&last_seq=%d", d.sessionID, d.lastSeq)
	}
	l := &socket{frames: make(chan frame, 16), left: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		l.tcp = &holed{TCPConn: tcp.(*net.TCPConn), closed: make(chan struct{}), kept: kept}
		return l.tcp, nil
	}}}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	header := http.Header{"Authorization": {"Bearer " + d.token}}
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: header, HTTPClient: client})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(4 << 20)
	l.ws = ws
	go l.read()
	return l, nil
}

func (l *socket) read() {
	defer close(l.frames)
	for {
		_, text, err := l.ws.Read(context.Background())
		if err != nil {
			l.why = err
			return
		}
		var f frame
		if l.why = json.Unmarshal(text, &f); l.why != nil {
			return
		}
		select {
		case l.frames <- f:
		case <-l.left:
			return
		}
	}
}

// send writes a frame; a failure shows in reading.
func (l *socket) send(text string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l.ws.Write(ctx, websocket.MessageText, []byte(text))
}

// abandon leaves the connection as it is.
func (l *socket) abandon() {
	l.leave.Do(func() { close(l.left) })
	l.ws.CloseNow()
}

// holed is a connection that can fall into a hole: from then on nothing is read of
// it, nothing written to it, and it is never closed, as when a cable is cut.
type holed struct {
	*net.TCPConn
	hole   atomic.Bool
	once   sync.Once
	closed chan struct{}
	kept   *holes
}

func (h *holed) Read(p []byte) (int, error) {
	n, err := h.TCPConn.Read(p)
	if h.hole.Load() {
		<-h.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (h *holed) Write(p []byte) (int, error) {
	if h.hole.Load() {
		return len(p), nil
	}
	return h.TCPConn.Write(p)
}

func (h *holed) Close() error {
	h.once.Do(func() { close(h.closed) })
	if h.hole.Load() {
		return nil
	}
	return h.TCPConn.Close()
}

// fall begins the hole. The read under way is woken, or it would take one more
// segment first.
func (h *holed) fall() {
	h.kept.add(h.TCPConn)
	h.hole.Store(true)
	h.TCPConn.SetReadDeadline(time.Now())
}

// holes are the connections nobody closes.
type holes struct {
	mu    sync.Mutex
	conns []*net.TCPConn
}

func (h *holes) add(c *net.TCPConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
}

func (h *holes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		c.Close()
	}
}

// ending is a way in which a connection ends. After an unnoticed one the client goes on as if
// nothing had happened, until its own heartbeat fails.
type ending struct {
	name      string
	end       func(*socket) error
	silent    bool // nothing reaches the server, which has to find out by its heartbeat
	unnoticed bool
}

// closing closes with a code. Another test checks whether the answer comes in time.
func closing(code websocket.StatusCode) func(*socket) error {
	return func(l *socket) error { l.ws.Close(code, "chaos"); return nil }
}

// endings are all the ways, those with a word and those without.
var endings = []ending{
	{name: "FIN, half closed", end: func(l *socket) error { l.tcp.CloseWrite(); return l.drain() }},
	{name: "RST", end: func(l *socket) error { l.tcp.SetLinger(0); l.tcp.Close(); return nil }},
	{name: "abrupt, 1006", end: func(l *socket) error { l.tcp.Close(); return nil }},
	{name: "close 1000", end: closing(websocket.StatusNormalClosure)},
	{name: "close 1001", end: closing(websocket.StatusGoingAway)},
	{name: "close 3000", end: closing(3000)},
	{name: "close 4001", end: closing(4001)},
	{name: "close without a code, 1005", end: closing(websocket.StatusNoStatusRcvd)},
	{name: "half open, redialled", end: func(l *socket) error { l.tcp.fall(); return nil }, silent: true},
	{name: "half open, unnoticed", end: func(l *socket) error { l.tcp.fall(); return nil }, silent: true, unnoticed: true},
}

// drain waits for the other side to close too, which a server that got a FIN does.
func (l *socket) drain() error {
	late := time.After(patience)
	for {
		select {
		case _, more := <-l.frames:
			if !more {
				return nil
			}
		case <-late:
			return fmt.Errorf("the server has not closed its side after %v", patience)
		}
	}
}
