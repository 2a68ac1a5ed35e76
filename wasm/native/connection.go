//go:build !js

package native

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

const (
	// maxMessage is the largest message taken from the server; the core takes 1 MiB.
	maxMessage = 2 << 20
	// writeTimeout is how long a connection may take to a frame before it counts as dead:
	// nothing else would ever end a write on a connection that was cut.
	writeTimeout = 10 * time.Second
)

// dial opens a connection, for the agent.
func (s *Session) dial(ctx context.Context, address string, protocols []string) (agent.Conn, error) {
	options := &websocket.DialOptions{Subprotocols: protocols}
	if s.cfg.Key != "" {
		options = &websocket.DialOptions{Subprotocols: []string{protocol.Version}, HTTPHeader: http.Header{"Authorization": {"Bearer " + s.cfg.Key}}}
	}
	return s.open(ctx, s.cfg, address, options)
}

// open opens a connection of a feed.
func (f *feed) open(ctx context.Context, cfg Config, address string, options *websocket.DialOptions) (agent.Conn, error) {
	keeps := &upgrade{by: cfg.HTTPClient.Transport}
	httpClient := *cfg.HTTPClient
	httpClient.Transport = keeps
	options.HTTPClient = &httpClient
	conn, response, err := websocket.Dial(ctx, address, options)
	if err != nil {
		if r := readRefusal(response); r != nil {
			return r, nil
		}
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		cfg.Logger.Info("dial failed", "status", status, "error", cause(err).Error())
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	l := &connection{feed: f, conn: conn, ended: make(chan struct{})}
	l.spare = context.AfterFunc(f.torn, func() { keeps.socket.Close() })
	return l, nil
}

// upgrade keeps the socket of a connection: coder/websocket closes it at once only
// while no other close is under way, and that may wait 10 s for the other side.
type upgrade struct {
	by     http.RoundTripper
	socket io.Closer
}

func (u *upgrade) RoundTrip(request *http.Request) (*http.Response, error) {
	by := u.by
	if by == nil {
		by = http.DefaultTransport
	}
	response, err := by.RoundTrip(request)
	if err == nil {
		u.socket = response.Body
	}
	return response, err
}

// cause is a dial's error without its URL.
func cause(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// connection is a socket on which nothing hangs, and which is read only while there is
// room for what comes.
type connection struct {
	feed  *feed
	conn  *websocket.Conn
	once  sync.Once
	ended chan struct{}
	// spare keeps the socket from being closed once it is.
	spare func() bool
}

// Read waits for room, then for a message.
func (c *connection) Read(ctx context.Context) (websocket.MessageType, []byte, error) {
	c.feed.awaitRoom(c.ended)
	return c.conn.Read(ctx)
}

func (c *connection) Write(ctx context.Context, kind websocket.MessageType, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := c.conn.Write(ctx, kind, text)
	if err != nil {
		// The agent writes no more and does not close either: Read has to report the end to it.
		c.end()
		c.conn.CloseNow()
		c.spare()
	}
	return err
}

// Close takes 10 s at most, by coder/websocket's own time limits.
func (c *connection) Close(code websocket.StatusCode, reason string) error {
	c.end()
	defer c.spare()
	return c.conn.Close(code, reason)
}

func (c *connection) end() { c.once.Do(func() { close(c.ended) }) }

// refusal is a dial that the server answered with an error instead of a socket. To a
// page, which cannot read such an answer, it says the same on a socket: one frame,
// then the close. Read as that, a refusal is the same thing to the core.
type refusal struct {
	frame []byte
	code  int
}

func readRefusal(response *http.Response) *refusal {
	if response == nil || response.Body == nil {
		return nil
	}
	text, err := io.ReadAll(response.Body) // 1 kB at most, by coder/websocket
	if err != nil {
		return nil
	}
	f, bad := protocol.Decode(text, protocol.DefaultLimits)
	if bad != nil || f.Event != protocol.EventError && f.Event != protocol.EventConnectionError && f.Event != protocol.EventAppConnectionError {
		return nil
	}
	e, ok := protocol.ParseError(f.Data)
	if !ok {
		return nil
	}
	return &refusal{text, e.Row().Close}
}

func (r *refusal) Read(context.Context) (websocket.MessageType, []byte, error) {
	if text := r.frame; text != nil {
		r.frame = nil
		return websocket.MessageText, text, nil
	}
	return 0, nil, websocket.CloseError{Code: websocket.StatusCode(r.code)}
}

func (r *refusal) Write(context.Context, websocket.MessageType, []byte) error { return nil }

func (r *refusal) Close(websocket.StatusCode, string) error { return nil }
