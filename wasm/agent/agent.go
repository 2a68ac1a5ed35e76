// Package agent carries out what a client.Client decides: sockets by
// coder/websocket, everything else by the Page. It is the same code in a page
// and natively, where its tests run against a real server.
//
// There is one mailbox. Whoever puts an event into an idle one runs it to the
// end; whoever finds it running leaves the event there and goes. So a callback
// of the page never blocks, and what a `freeze` or `pagehide` handler has to
// bring about (the lock released, the other tabs told) has happened when it
// returns: a goroutine of its own might only run after the page was frozen.
//
// Nothing that JavaScript throws may reach this code: TinyGo's recover does not
// work on wasm. The Page promises not to throw; of a socket, only what cannot
// throw is called. Hence: the URL and the subprotocols are checked before Dial,
// no context is ever cancelled (coder/websocket would close with 1008, which a
// browser refuses), CloseNow is not used (1001, likewise), and the close codes
// are 1000 and 4xxx.
package agent

import (
	"strconv"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// Page is the page around the session. Call hands it one word, see words.go;
// it must not throw, block, or call the agent before it returns.
type Page interface {
	Call(kind, text string)
}

// Agent runs one client.
type Agent struct {
	page  Page
	clock func() time.Time

	mu      sync.Mutex
	queue   []client.Event
	running bool

	// Only whoever runs the mailbox touches these.
	client  *client.Client
	sockets []*socket
	armed   time.Time // what the page's timer is set to
	chained bool      // it was set while one fired
}

// New returns an agent without a client: the first event, start, brings what
// one is made of. The clock must not step back.
func New(page Page, clock func() time.Time) *Agent {
	return &Agent{page: page, clock: clock}
}

// Event takes one word from the page. It never blocks.
func (a *Agent) Event(kind, text string) {
	if ev := readEvent(kind, text); ev != nil {
		a.deliver(ev)
	}
}

// deliver puts an event into the mailbox and, when nobody else does, empties it.
func (a *Agent) deliver(ev client.Event) {
	a.mu.Lock()
	a.queue = append(a.queue, ev)
	if a.running {
		a.mu.Unlock()
		return
	}
	a.running = true
	timer := false
	for len(a.queue) > 0 {
		ev := a.queue[0]
		a.queue[0] = nil
		a.queue = a.queue[1:]
		a.mu.Unlock()
		_, woken := ev.(client.Woken)
		timer = timer || woken
		a.step(ev)
		a.mu.Lock()
	}
	a.queue = nil
	a.arm(timer)
	a.running = false
	a.mu.Unlock()
}

func (a *Agent) step(ev client.Event) {
	if s, ok := ev.(starting); ok {
		if a.client != nil {
			return
		}
		a.client = client.New(s.cfg)
		ev = client.Start{}
	}
	if a.client == nil {
		return
	}
	if _, ok := ev.(client.Woken); ok {
		a.armed = time.Time{}
	}
	for _, e := range a.client.Step(a.clock(), ev) {
		a.carryOut(e)
	}
}

// arm sets the page's timer to the client's deadline. A timer that was set from
// a timer counts as chained, and a browser slows those of a hidden page down to
// one a minute; so after any other event it is set anew even when the deadline
// stayed what it was. Then a heartbeat, whose answers are such events, keeps its
// pace in the background.
func (a *Agent) arm(timer bool) {
	if a.client == nil {
		return
	}
	at, ok := a.client.Deadline()
	if !ok {
		if !a.armed.IsZero() {
			a.armed = time.Time{}
			a.page.Call("timer", "")
		}
		return
	}
	if at.Equal(a.armed) && (timer || !a.chained) {
		return
	}
	a.armed, a.chained = at, timer
	wait := max(at.Sub(a.clock()), 0)
	ms := int64((wait + time.Millisecond - 1) / time.Millisecond)
	a.page.Call("timer", strconv.FormatInt(ms, 10))
}

func (a *Agent) carryOut(e client.Effect) {
	switch e := e.(type) {
	case client.Dial:
		a.dial(e)
	case client.Write:
		if s := a.socket(e.Gen); s != nil {
			s.put(outgoing{text: e.Text})
		}
	case client.CloseSocket:
		a.closeSocket(e)
	default:
		kind, text := writeEffect(e)
		a.page.Call(kind, text)
	}
}
