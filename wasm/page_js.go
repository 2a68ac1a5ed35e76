//go:build js && wasm

package main

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"syscall/js"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// hostVersion names how the module and web/src/load.ts speak with each other. It changes with
// the arguments of calls and events: a page may find a module of another version in its cache.
const hostVersion = 2

// page is what the sessions have in common. safejs turns what JavaScript throws
// into errors where the compiler has recover; where it has not (TinyGo 0.42),
// the host's promise not to throw is what holds.
type page struct {
	program     safejs.Value // web/src/program.ts
	performance safejs.Value
	socket      safejs.Value // the WebSocket class, which notes how the last one ended
	origin      float64      // performance.timeOrigin, ms
}

func openPage() (*page, error) {
	global := safejs.Safe(js.Global())
	p := &page{}
	for _, part := range []struct {
		name string
		into *safejs.Value
	}{{"holdfast", &p.program}, {"performance", &p.performance}, {"WebSocket", &p.socket}} {
		v, err := global.Get(part.name)
		if err != nil {
			return nil, err
		}
		*part.into = v
	}
	origin, err := p.performance.Get("timeOrigin")
	if err != nil {
		return nil, err
	}
	p.origin, err = origin.Float()
	return p, err
}

// listen gives the page the one function its events go to. The function lives
// as long as the program, so it is never released.
func (p *page) listen(receive func(id int, kind, text string)) error {
	f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if len(args) < 3 {
			return nil
		}
		id, err := args[0].Int()
		if err != nil {
			return nil
		}
		kind, err := args[1].String()
		if err != nil {
			return nil
		}
		text, err := args[2].String()
		if err == nil {
			receive(id, kind, text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = p.program.Call("ready", f.Value(), hostVersion)
	return err
}

// now is the page's clock, which never steps back: performance.now() on top of
// its origin, the same that the shell's own times are on.
func (p *page) now() time.Time {
	v, err := p.performance.Call("now")
	if err != nil {
		return time.Now()
	}
	ms, err := v.Float()
	if err != nil {
		return time.Now()
	}
	return time.UnixMicro(int64((p.origin + ms) * 1000))
}

// lastClose asks the page's WebSocket class (web/src/view.ts) for the close code of the
// socket that ended last; 0 when there is none.
func (p *page) lastClose() int {
	v, err := p.socket.Get("lastClose")
	if err != nil {
		return 0
	}
	code, err := v.Int()
	if err != nil {
		return 0
	}
	return code
}

// host is web/src/host.ts of one session, as agent.Page.
type host struct {
	page     *page
	id       int
	finished func()
	ask      func(client.FetchToken)
}

func (h host) call(kind, text string) {
	// Nothing can be done about an error, and the host has none.
	h.page.program.Call("call", h.id, kind, text) //nolint:errcheck
}

func (h host) Lock(name string)       { h.call("lock", name) }
func (h host) Steal(name string)      { h.call("steal", name) }
func (h host) Unlock()                { h.call("unlock", "") }
func (h host) Post(text []byte)       { h.call("post", string(text)) }
func (h host) PostOrigin(text []byte) { h.call("post_origin", string(text)) }
func (h host) StopTimer()             { h.call("timer", "") }

func (h host) FetchToken(e client.FetchToken) { h.ask(e) }

// GiveUpToken needs nothing: the share gives up the app's call in its own time.
func (h host) GiveUpToken() {}

func (h host) Finished() {
	h.finished()
	h.call("closed", "")
}

// Timer rounds up: a timer that is early would only have to be armed again.
func (h host) Timer(in time.Duration) {
	ms := (in + time.Millisecond - 1) / time.Millisecond
	h.call("timer", strconv.FormatInt(int64(ms), 10))
}

func (h host) Emit(kind string, detail, set []byte) {
	w := jsonscan.NewObject(nil)
	w.Str("type", kind)
	if detail != nil {
		w.Raw("detail", detail)
	}
	if set != nil {
		w.Raw("set", set)
	}
	h.call("emit", string(w.End()))
}

func (h host) Sent(id string, version uint64) {
	w := jsonscan.NewObject(nil)
	w.Str("id", id)
	w.Uint("version", version)
	h.call("sent", string(w.End()))
}

func (h host) Unsent(id string, failure []byte) {
	w := jsonscan.NewObject(nil)
	w.Str("id", id)
	w.Raw("error", failure)
	h.call("unsent", string(w.End()))
}

// random seeds the core's jitter.
func random() uint64 {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return uint64(time.Now().UnixNano())
	}
	return binary.LittleEndian.Uint64(b[:])
}
