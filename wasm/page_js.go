//go:build js && wasm

package main

import (
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

// page is what the sessions have in common. At the start safejs turns what JavaScript throws
// into errors where the compiler has recover. Where it has not (TinyGo 0.42), the host's promise
// not to throw is what holds, and that is so for every later call: safejs runs each by a function
// value, which looks to the build (.toolchain/suspend.mjs) like one that may wait, and to all that
// calls it.
type page struct {
	program     js.Value // web/src/program.ts
	performance js.Value
	socket      js.Value // the WebSocket class, which notes how the last one ended
	origin      float64  // performance.timeOrigin, ms
}

func openPage() (*page, error) {
	global := safejs.Safe(js.Global())
	p := &page{}
	for _, part := range []struct {
		name string
		into *js.Value
	}{{"holdfast", &p.program}, {"performance", &p.performance}, {"WebSocket", &p.socket}} {
		v, err := global.Get(part.name)
		if err != nil {
			return nil, err
		}
		*part.into = safejs.Unsafe(v)
	}
	origin, err := safejs.Safe(p.performance).Get("timeOrigin")
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
	_, err = safejs.Safe(p.program).Call("ready", f.Value(), hostVersion)
	return err
}

// now is the page's clock, which never steps back: performance.now() on top of
// its origin, the same that the shell's own times are on.
func (p *page) now() time.Time {
	return time.UnixMicro(int64((p.origin + p.performance.Call("now").Float()) * 1000))
}

// lastClose asks the page's WebSocket class (web/src/view.ts) for the close code of the
// socket that ended last; 0 when there is none.
func (p *page) lastClose() int {
	return p.socket.Get("lastClose").Int()
}

// host is web/src/host.ts of one session, as agent.Page.
type host struct {
	page     *page
	id       int
	finished func()
	ask      func(client.FetchToken)
}

func (h host) call(kind, text string) {
	h.page.program.Call("call", h.id, kind, text)
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
