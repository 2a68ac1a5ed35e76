package agent

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// socket is the sending half of one connection. Messages that are pushed before it opens
// wait; messages that are pushed before end leave before the close.
type socket struct {
	gen uint64
	// cancel gives up the dial.
	cancel context.CancelFunc
	// instant is Config.Instant.
	instant bool

	mu     sync.Mutex
	open   bool
	conn   Conn // if instant: writes go to it at once
	queue  [][]byte
	ending bool
	code   websocket.StatusCode
	reason string
	wake   chan struct{} // holds one token while there is something to do
}

func newSocket(gen uint64, cancel context.CancelFunc, instant bool) *socket {
	return &socket{gen: gen, cancel: cancel, instant: instant, wake: make(chan struct{}, 1)}
}

// opened says that the dial has made a connection. Whoever runs write has to be started, if
// it returns true: where writes are instant, only closing waits.
func (s *socket) opened(conn Conn) (writer bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
	if !s.instant || s.ending {
		return true
	}
	s.conn = conn
	for _, text := range s.queue {
		conn.Write(context.Background(), websocket.MessageText, text) //nolint:errcheck // Read reports it
	}
	s.queue = nil
	return false
}

// push queues one message.
func (s *socket) push(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
	case s.conn != nil:
		s.conn.Write(context.Background(), websocket.MessageText, text) //nolint:errcheck // Read reports it
	default:
		s.queue = append(s.queue, text)
		s.signal()
	}
}

// end closes the connection once all pushed messages have left, or gives up the dial if
// there is no connection yet. It returns the connection if somebody has to be started to
// close it.
func (s *socket) end(code int, reason string) (conn Conn) {
	s.mu.Lock()
	if !s.open {
		s.cancel()
	}
	if !s.ending {
		s.ending, s.code, s.reason = true, websocket.StatusCode(code), reason
		conn = s.conn
	}
	s.mu.Unlock()
	s.signal()
	return conn
}

// stop ends the writer of a connection that is gone.
func (s *socket) stop() { s.end(int(websocket.StatusNormalClosure), "") }

func (s *socket) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write sends pushed messages until the end.
func (s *socket) write(conn Conn) {
	for range s.wake {
		s.mu.Lock()
		queue, ending := s.queue, s.ending
		s.queue = nil
		s.mu.Unlock()
		for _, text := range queue {
			if conn.Write(context.Background(), websocket.MessageText, text) != nil {
				return // Read fails too, and reports it
			}
		}
		if ending {
			conn.Close(s.code, s.reason)
			return
		}
	}
}
