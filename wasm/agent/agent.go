// Package agent runs one client core: it hands it events, carries out what
// comes back, and keeps its socket over coder/websocket. The same code runs in a
// page (package wasm) and natively, in tests and in Go programs.
//
// # Ordering
//
// Handle is one event as one whole: the core steps, and its effects are carried
// out in their order before the next event is looked at. Nothing in it waits:
// dialling, writing and closing have goroutines of their own. In a page they
// run before the browser gets its turn again, so that what a freeze or pagehide
// event asks for has happened when its handler returns.
//
// # What must not be done in a page
//
// TinyGo 0.42 has no recover on WebAssembly, and a browser's WebSocket refuses
// every close code but 1000 and 3000–4999. coder/websocket would send others from
// CloseNow, from a Read whose context ends and from its read limit, so none of
// these is used here. A Dial's context does end when the dial is given up, since
// a browser lets later ones to the same host wait behind it (RFC 6455, section
// 4.1): web/src/view.ts sees to it that the close that follows cannot throw. A Go
// program has the opposite worry, a write that hangs: package native brings a Conn
// of its own, which bounds each.
package agent

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// Page is where a client lives. Every method returns at once and none calls
// the Agent before it has returned.
type Page interface {
	// Lock queues for the named lock, Steal takes it, Unlock gives it back or
	// withdraws the request.
	Lock(name string)
	Steal(name string)
	Unlock()
	// Post sends to the other tabs, PostOrigin to those on other documents as well.
	Post(text []byte)
	PostOrigin(text []byte)
	// FetchToken asks for a token; TokenFetched or TokenFailed answers. GiveUpToken ends the
	// question: what comes after it is late.
	FetchToken(client.FetchToken)
	GiveUpToken()
	// Timer arms the one timer, which brings Woken; it replaces the one before.
	Timer(in time.Duration)
	// StopTimer disarms it.
	StopTimer()
	// Emit reports an event to the app. Detail and set are JSON objects; set may be nil.
	Emit(kind string, detail, set []byte)
	// Sent and Unsent answer the app's Send.
	Sent(id string, version uint64)
	Unsent(id string, failure []byte)
	// Store carries out what the core asks of the store in which ops outlive the page.
	Store
	// Finished is the last call.
	Finished()
}

// Config is what an Agent needs beside its core.
type Config struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// LastClose is the close code of the socket that ended last, 0 for none, where coder/websocket
	// does not say (it keeps the close code to itself in a page); nil elsewhere.
	LastClose func() (code int)
	// Instant says that a Conn's Write never waits, as in a page: then no goroutine is kept
	// for it, whose stack is most of what an idle connection costs there.
	Instant bool
	// Dial opens a connection; default websocket.Dial without a read limit.
	Dial func(ctx context.Context, url string, protocols []string) (Conn, error)
	// Go runs a function beside the others, for a caller that has to know when all have
	// returned; default a plain goroutine.
	Go func(func())
}

// Conn is a connection as the Agent uses it: *websocket.Conn is one.
type Conn interface {
	Read(context.Context) (websocket.MessageType, []byte, error)
	Write(context.Context, websocket.MessageType, []byte) error
	Close(code websocket.StatusCode, reason string) error
}

// Agent runs one client.Client. Handle may be called from any goroutine.
type Agent struct {
	cfg  Config
	page Page

	mu    sync.Mutex
	core  *client.Client
	wire  Wire
	armed time.Time
	// chained is whether the timer was armed by the one before it.
	chained bool
}

// New returns an agent whose core has not started; its first event is client.Start.
func New(core *client.Client, page Page, cfg Config) *Agent {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Dial == nil {
		cfg.Dial = dial
	}
	if cfg.Go == nil {
		cfg.Go = func(f func()) { go f() }
	}
	a := &Agent{cfg: cfg, page: page, core: core}
	a.wire = Wire{
		Open:   func(ctx context.Context, d client.Dial) (Conn, error) { return a.cfg.Dial(ctx, d.URL, d.Protocols()) },
		Handle: a.Handle, LastClose: cfg.LastClose, Go: cfg.Go, Instant: cfg.Instant,
	}
	return a
}

// Handle takes one event.
func (a *Agent) Handle(ev client.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.cfg.Now()
	_, woken := ev.(client.Woken)
	if woken {
		a.armed = time.Time{} // that timer has had its turn
	}
	for _, effect := range a.step(now, ev) {
		a.carryOut(effect)
	}
	a.arm(now, woken)
}

// What follows never waits, while Handle may. In a page what may wait is twice as large, so each is kept out of
// it (go:noinline).

//go:noinline
func (a *Agent) step(now time.Time, ev client.Event) []client.Effect { return a.core.Step(now, ev) }

// arm keeps the one timer on the core's deadline, and leaves it alone while
// that does not move. But a timer armed by a timer is one of a chain, which a
// browser slows to one a minute in a hidden page: the next event of another kind
// (the answer to a ping, say) arms it anew.
//
//go:noinline
func (a *Agent) arm(now time.Time, woken bool) {
	at, ok := a.core.Deadline()
	switch {
	case !ok && !a.armed.IsZero():
		a.armed = time.Time{}
		a.page.StopTimer()
	case ok && (!at.Equal(a.armed) || a.chained && !woken):
		a.armed, a.chained = at, woken
		a.page.Timer(max(0, at.Sub(now)))
	}
}

func (a *Agent) carryOut(effect client.Effect) {
	switch e := effect.(type) {
	case client.FetchToken:
		a.page.FetchToken(e)
	case client.Finished:
		a.page.Finished()
	default:
		if !a.wire.CarryOut(effect) {
			a.tell(effect)
		}
	}
}

//go:noinline
func (a *Agent) tell(effect client.Effect) {
	switch e := effect.(type) {
	case client.RequestLock:
		a.page.Lock(e.Name)
	case client.StealLock:
		a.page.Steal(e.Name)
	case client.ReleaseLock:
		a.page.Unlock()
	case client.Post:
		a.page.Post(e.Text)
	case client.PostOrigin:
		a.page.PostOrigin(e.Text)
	case client.GiveUpToken:
		a.page.GiveUpToken()
	case client.Emit:
		a.page.Emit(e.Type, e.Detail, e.Set)
	case client.Keep:
		a.page.Keep(e)
	case client.Mark:
		a.page.Mark(e)
	case client.Forget:
		a.page.Forget(e)
	case client.LoadKept:
		a.page.LoadKept(e.After)
	case client.EraseKept:
		a.page.EraseKept()
	case client.Sent:
		a.page.Sent(e.ID, e.Version)
	case client.Unsent:
		a.page.Unsent(e.ID, e.Error)
	}
}

func dial(ctx context.Context, url string, protocols []string) (Conn, error) {
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1) // see the package doc
	return conn, nil
}
