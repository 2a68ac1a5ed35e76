//go:build js && wasm

// Command wasm is Holdfast's browser module. One instance is one tab's part in
// one session: it takes the page's events and tells the page what to do, in the
// words of package agent. web/src/host.ts is the other side.
package main

import "github.com/holdfast-dev/holdfast/wasm/agent"

func main() {
	page, ok := findPage()
	if !ok {
		return // not started by web/src/load.ts: there is nobody to talk to
	}
	a := agent.New(page, page.clock)
	page.ready(a.Event)
	select {} // the events do the rest
}
