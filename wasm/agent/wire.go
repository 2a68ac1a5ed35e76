package agent

import (
	"context"
	"errors"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
)

// Wire keeps the connection of a core: it dials, reads, writes in order and closes, one
// connection at a time.
type Wire struct {
	// Open opens the connection that a Dial asks for.
	Open func(context.Context, clientconn.Dial) (Conn, error)
	// Handle takes Opened, Received and Closed. It is called from the connection's
	// goroutines, without any lock held. Closed comes once for each connection that was
	// dialled, with 1006 where nobody knows how it ended.
	Handle func(clientconn.Event)
	// LastClose and Go are those of Config.
	LastClose func() (code int)
	Go        func(func())
	// Instant is that of Config.
	Instant bool

	socket *socket
}

// CarryOut carries out an effect that is the connection's, and reports whether it is one.
// Effects come one at a time.
func (w *Wire) CarryOut(effect clientconn.Effect) bool {
	switch e := effect.(type) {
	case clientconn.Dial:
		w.dial(e)
	case clientconn.Write:
		if s := w.socket; s != nil && s.gen == e.Gen {
			s.push(e.Text)
		}
	case clientconn.CloseSocket: // once all that was written has left
		if s := w.socket; s != nil && s.gen == e.Gen {
			w.socket = nil
			w.end(s, e.Code, e.Reason)
		}
	default:
		return false
	}
	return true
}

// dial replaces the connection. One that was never closed is given up.
func (w *Wire) dial(e clientconn.Dial) {
	if w.socket != nil {
		w.end(w.socket, int(websocket.StatusNormalClosure), "")
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := newSocket(e.Gen, cancel, w.Instant)
	w.socket = s
	w.Go(func() { w.run(ctx, s, e) })
}

func (w *Wire) end(s *socket, code int, reason string) {
	if conn := s.end(code, reason); conn != nil {
		w.Go(func() { s.write(conn) })
	}
}

// run is one connection's life: dial, then read until it ends.
func (w *Wire) run(ctx context.Context, s *socket, e clientconn.Dial) {
	conn, err := w.Open(ctx, e)
	if err != nil {
		w.closed(s.gen, err)
		return
	}
	if s.opened(conn) {
		w.Go(func() { s.write(conn) })
	}
	w.Handle(clientconn.Opened{Gen: s.gen})
	for {
		kind, text, err := conn.Read(context.Background()) // see the package doc
		if err != nil {
			s.stop()
			w.closed(s.gen, err)
			return
		}
		if kind == websocket.MessageText {
			w.Handle(clientconn.Received{Gen: s.gen, Text: text})
		}
	}
}

// closed says how a connection ended.
func (w *Wire) closed(gen uint64, err error) {
	code := 1006
	if w.LastClose == nil {
		if ce, ok := errors.AsType[websocket.CloseError](err); ok { // errors.As needs reflection
			code = int(ce.Code)
		}
	} else if last := w.LastClose(); last != 0 {
		code = last
	}
	w.Handle(clientconn.Closed{Gen: gen, Code: code})
}
