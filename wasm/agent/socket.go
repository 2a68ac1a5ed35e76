package agent

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// noStatus is a connection that ended without anybody saying why.
const noStatus = 1006

// socket is one dial: a goroutine that dials and reads, and once it is open one
// that writes.
type socket struct {
	gen uint64

	mu     sync.Mutex
	out    []outgoing
	signal chan struct{} // there is something in out
	given  bool          // CloseSocket has come: nothing is reported any more
}

// outgoing is a text to write or, with a code, the end.
type outgoing struct {
	text   []byte
	code   int
	reason string
}

func (a *Agent) socket(gen uint64) *socket {
	for _, s := range a.sockets {
		if s.gen == gen {
			return s
		}
	}
	return nil
}

// dial opens a connection in the background. Without a deadline: the client's
// own connect timeout gives the socket up, and one that opens after that is
// closed at once.
func (a *Agent) dial(e client.Dial) {
	if !dialable(e.URL, e.Protocols) {
		// In the mailbox, behind the effects that are still to come.
		a.mu.Lock()
		a.queue = append(a.queue, client.Closed{Gen: e.Gen, Code: noStatus})
		a.mu.Unlock()
		return
	}
	s := &socket{gen: e.Gen, signal: make(chan struct{}, 1)}
	a.sockets = append(a.sockets, s)
	go a.run(s, e)
}

// dialable reports whether a browser would construct this WebSocket: it throws
// on anything else.
func dialable(address string, protocols []string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	for i, p := range protocols {
		if p == "" {
			return false
		}
		for j := 0; j < len(p); j++ {
			if c := p[j]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
				return false
			}
		}
		for _, q := range protocols[:i] {
			if p == q {
				return false
			}
		}
	}
	return true
}

func (a *Agent) run(s *socket, e client.Dial) {
	conn, _, err := websocket.Dial(context.Background(), e.URL, &websocket.DialOptions{Subprotocols: e.Protocols})
	if err != nil {
		a.report(s, client.Closed{Gen: s.gen, Code: noStatus})
		return
	}
	conn.SetReadLimit(-1)
	go s.write(conn)
	a.report(s, client.Opened{Gen: s.gen})
	end := client.Closed{Gen: s.gen, Code: noStatus}
	for {
		kind, text, err := conn.Read(context.Background())
		if err != nil {
			if code := websocket.CloseStatus(err); code >= 0 {
				end.Code = int(code)
			}
			break
		}
		if code, reason, ok := closeNotice(text); ok {
			end.Code, end.Reason = code, reason
			continue
		}
		if kind == websocket.MessageText {
			a.report(s, client.Received{Gen: s.gen, Text: text})
		}
	}
	s.put(outgoing{code: 1000}) // ends the writer
	a.report(s, end)
}

// closeNotice reads the message by which the page tells the code of a close
// that is about to be reported: NUL, the code, a space, the reason.
// coder/websocket does not pass it on. No frame begins with NUL.
func closeNotice(text []byte) (code int, reason string, ok bool) {
	if len(text) == 0 || text[0] != 0 {
		return 0, "", false
	}
	number, reason, _ := strings.Cut(string(text[1:]), " ")
	code, err := strconv.Atoi(number)
	if err != nil {
		code = noStatus
	}
	return code, reason, true
}

// report passes on what the socket says, until it was given up.
func (a *Agent) report(s *socket, ev client.Event) {
	s.mu.Lock()
	given := s.given
	s.mu.Unlock()
	if !given {
		a.deliver(ev)
	}
}

// put queues something for the writer.
func (s *socket) put(o outgoing) {
	s.mu.Lock()
	s.out = append(s.out, o)
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// write sends what is queued, in order, until the end. The end waits for the
// peer's answer, which may never come; only this goroutine waits for it.
func (s *socket) write(conn *websocket.Conn) {
	for range s.signal {
		s.mu.Lock()
		out := s.out
		s.out = nil
		s.mu.Unlock()
		for _, o := range out {
			if o.code != 0 {
				conn.Close(websocket.StatusCode(o.code), o.reason)
				return
			}
			if conn.Write(context.Background(), websocket.MessageText, o.text) != nil {
				return // the reader hears of it too
			}
		}
	}
}

// closeSocket gives a connection up. One that is not open yet closes as soon as
// it is.
func (a *Agent) closeSocket(e client.CloseSocket) {
	for i, s := range a.sockets {
		if s.gen != e.Gen {
			continue
		}
		a.sockets = append(a.sockets[:i], a.sockets[i+1:]...)
		s.mu.Lock()
		s.given = true
		s.mu.Unlock()
		code := e.Code
		if code != 1000 && (code < 4000 || code > 4999) {
			code = 1000
		}
		s.put(outgoing{code: code, reason: e.Reason[:min(len(e.Reason), 100)]})
		return
	}
}
