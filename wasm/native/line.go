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
	// writeTimeout is how long a line may take to a frame before it counts as dead:
	// nothing else would ever end a write on a line that was cut.
	writeTimeout = 10 * time.Second
)

// dial opens a connection, for the agent.
func (s *Session) dial(ctx context.Context, address string, protocols []string) (agent.Conn, error) {
	conn, response, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: s.cfg.HTTPClient, Subprotocols: protocols})
	if err != nil {
		if r := readRefusal(response); r != nil {
			return r, nil
		}
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		s.cfg.Logger.Info("dial failed", "status", status, "error", cause(err).Error())
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	return &line{session: s, conn: conn, ended: make(chan struct{})}, nil
}

// cause is a dial's error without its URL.
func cause(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// line is a connection on which nothing hangs, and which is read only while there is
// room for what comes.
type line struct {
	session *Session
	conn    *websocket.Conn
	once    sync.Once
	ended   chan struct{}
}

// Read waits for room, then for a message. The agent's context never ends; the
// session's does when it is torn down, and that closes the connection.
func (l *line) Read(context.Context) (websocket.MessageType, []byte, error) {
	l.session.awaitRoom(l.ended)
	return l.conn.Read(l.session.torn)
}

func (l *line) Write(_ context.Context, kind websocket.MessageType, text []byte) error {
	ctx, cancel := context.WithTimeout(l.session.torn, writeTimeout)
	defer cancel()
	err := l.conn.Write(ctx, kind, text)
	if err != nil {
		l.end() // Read is to find that out
	}
	return err
}

// Close takes 10 s at most, by coder/websocket's own time limits.
func (l *line) Close(code websocket.StatusCode, reason string) error {
	l.end()
	return l.conn.Close(code, reason)
}

func (l *line) end() { l.once.Do(func() { close(l.ended) }) }

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
	if bad != nil || f.Event != protocol.EventError && f.Event != protocol.EventConnectionError {
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
