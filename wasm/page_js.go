//go:build js && wasm

package main

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"syscall/js"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// page is web/src/host.ts, as agent.Page. safejs turns what JavaScript throws
// into errors where the compiler has recover; where it has not (TinyGo 0.42),
// the host's promise not to throw is what holds.
type page struct {
	host        safejs.Value
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
	}{{"holdfast", &p.host}, {"performance", &p.performance}, {"WebSocket", &p.socket}} {
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
func (p *page) listen(receive func(kind, text string)) error {
	f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if len(args) < 2 {
			return nil
		}
		kind, err := args[0].String()
		if err != nil {
			return nil
		}
		text, err := args[1].String()
		if err == nil {
			receive(kind, text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = p.host.Call("ready", f.Value())
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

func (p *page) call(kind, text string) {
	// Nothing can be done about an error, and the host has none.
	p.host.Call("call", kind, text) //nolint:errcheck
}

func (p *page) Lock(name string)       { p.call("lock", name) }
func (p *page) Steal(name string)      { p.call("steal", name) }
func (p *page) Unlock()                { p.call("unlock", "") }
func (p *page) Post(text []byte)       { p.call("post", string(text)) }
func (p *page) PostOrigin(text []byte) { p.call("post_origin", string(text)) }
func (p *page) FetchToken()            { p.call("token", "") }
func (p *page) StopTimer()             { p.call("timer", "") }
func (p *page) Finished()              { p.call("closed", "") }

// Timer rounds up: a timer that is early would only have to be armed again.
func (p *page) Timer(in time.Duration) {
	ms := (in + time.Millisecond - 1) / time.Millisecond
	p.call("timer", strconv.FormatInt(int64(ms), 10))
}

func (p *page) Emit(kind string, detail, set []byte) {
	w := jsonscan.NewObject(nil)
	w.Str("type", kind)
	if detail != nil {
		w.Raw("detail", detail)
	}
	if set != nil {
		w.Raw("set", set)
	}
	p.call("emit", string(w.End()))
}

func (p *page) Sent(id string, version uint64) {
	w := jsonscan.NewObject(nil)
	w.Str("id", id)
	w.Uint("version", version)
	p.call("sent", string(w.End()))
}

func (p *page) Unsent(id string, failure []byte) {
	w := jsonscan.NewObject(nil)
	w.Str("id", id)
	w.Raw("error", failure)
	p.call("unsent", string(w.End()))
}

// random seeds the core's jitter.
func random() uint64 {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return uint64(time.Now().UnixNano())
	}
	return binary.LittleEndian.Uint64(b[:])
}
