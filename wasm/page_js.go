//go:build js && wasm

package main

import (
	"syscall/js"
	"time"

	"github.com/hack-pad/safejs"
)

// page is the host object that load.ts puts into this program's view of the
// global object.
//
// safejs gives the look-ups that can fail as values. It cannot turn what
// JavaScript throws into an error here, since TinyGo has no recover on wasm; so
// the host's two functions promise not to throw, and no other is called.
type page struct {
	host  js.Value
	start time.Time // what the host called now …
	since time.Time // … when this program's clock said so
}

func findPage() (*page, bool) {
	host, err := safejs.Global().Get("holdfast")
	if err != nil || host.Type() != safejs.TypeObject {
		return nil, false
	}
	for _, name := range [...]string{"ready", "call"} {
		if f, err := host.Get(name); err != nil || f.Type() != safejs.TypeFunction {
			return nil, false
		}
	}
	return &page{host: safejs.Unsafe(host)}, true
}

// ready hands the host the one function by which it reaches this program. It is
// never released: it lives as long as the program.
func (p *page) ready(event func(kind, text string)) {
	p.host.Call("ready", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) < 3 || args[0].Type() != js.TypeString || args[1].Type() != js.TypeString || args[2].Type() != js.TypeNumber {
			return nil
		}
		p.sync(args[2].Float())
		event(args[0].String(), args[1].String())
		return nil
	}))
}

// sync takes the host's clock: milliseconds since 1970 that never go back.
func (p *page) sync(ms float64) {
	p.start, p.since = time.UnixMicro(int64(ms*1000)), time.Now()
}

// clock is the host's clock between two of its events, as a socket's event
// needs it.
func (p *page) clock() time.Time { return p.start.Add(time.Since(p.since)) }

// Call carries one word to the host.
func (p *page) Call(kind, text string) { p.host.Call("call", kind, text) }
