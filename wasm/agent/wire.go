package agent

import (
	"context"
	"errors"

	"github.com/coder/websocket"
)

// Wire keeps one connection at a time, for a core that names each by a number: it dials,
// reads, writes in order and closes, and tells the core. Dial, Write and Close are for
// whoever carries out the core's effects, one at a time.
type Wire struct {
	// Opened, Received and Closed are called from the connection's goroutines, without
	// any lock held. Closed is called once for each connection that was dialled, 1006
	// where nobody knows how it ended.
	Opened   func(gen uint64)
	Received func(gen uint64, text []byte)
	Closed   func(gen uint64, code int, reason string)
	// LastClose and Go are those of Config.
	LastClose func() (code int, reason string)
	Go        func(func())

	socket *socket
}

// Dial replaces the connection by one that open makes. One that was never closed is given
// up.
func (w *Wire) Dial(gen uint64, open func(context.Context) (Conn, error)) {
	if w.socket != nil {
		w.socket.end(int(websocket.StatusNormalClosure), "")
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := newSocket(gen, cancel)
	w.socket = s
	w.Go(func() { w.run(ctx, s, open) })
}

// Write sends one text message, after those before it.
func (w *Wire) Write(gen uint64, text []byte) {
	if s := w.socket; s != nil && s.gen == gen {
		s.push(text)
	}
}

// Close ends the connection once all that was written has left.
func (w *Wire) Close(gen uint64, code int, reason string) {
	if s := w.socket; s != nil && s.gen == gen {
		w.socket = nil
		s.end(code, reason)
	}
}

// run is one connection's life: dial, then read until it ends.
func (w *Wire) run(ctx context.Context, s *socket, open func(context.Context) (Conn, error)) {
	conn, err := open(ctx)
	if err != nil {
		w.closed(s.gen, err)
		return
	}
	s.opened()
	w.Go(func() { s.write(conn) })
	w.Opened(s.gen)
	for {
		kind, text, err := conn.Read(context.Background()) // see the package doc
		if err != nil {
			s.stop()
			w.closed(s.gen, err)
			return
		}
		if kind == websocket.MessageText {
			w.Received(s.gen, text)
		}
	}
}

// closed says how a connection ended.
func (w *Wire) closed(gen uint64, err error) {
	if w.LastClose != nil {
		if code, reason := w.LastClose(); code != 0 {
			w.Closed(gen, code, reason)
			return
		}
		w.Closed(gen, 1006, "")
		return
	}
	var ce websocket.CloseError
	if errors.As(err, &ce) {
		w.Closed(gen, int(ce.Code), ce.Reason)
		return
	}
	w.Closed(gen, 1006, "")
}
