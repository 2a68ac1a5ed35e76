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

	mu     sync.Mutex
	open   bool
	queue  [][]byte
	ending bool
	code   websocket.StatusCode
	reason string
	wake   chan struct{} // holds one token while there is something to do
}

func newSocket(gen uint64, cancel context.CancelFunc) *socket {
	return &socket{gen: gen, cancel: cancel, wake: make(chan struct{}, 1)}
}

// opened says that the dial has made a connection.
func (s *socket) opened() {
	s.mu.Lock()
	s.open = true
	s.mu.Unlock()
}

// push queues one message.
func (s *socket) push(text []byte) {
	s.mu.Lock()
	if !s.ending {
		s.queue = append(s.queue, text)
	}
	s.mu.Unlock()
	s.signal()
}

// end closes the connection once all pushed messages have left, or gives up the dial if
// there is no connection yet.
func (s *socket) end(code int, reason string) {
	s.mu.Lock()
	if !s.open {
		s.cancel()
	}
	if !s.ending {
		s.ending, s.code, s.reason = true, websocket.StatusCode(code), reason
	}
	s.mu.Unlock()
	s.signal()
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
