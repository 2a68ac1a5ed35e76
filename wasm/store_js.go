//go:build js && wasm

package main

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The page's store is web/src/offline.ts.

func (p *page) Keep(e client.Keep) {
	w := jsonscan.NewObject(nil)
	w.Str("id", e.ID)
	w.Bool("unsent", e.Unsent)
	w.Str("record", string(e.Record))
	p.call("keep", string(w.End()))
}

func (p *page) Mark(e client.Mark) {
	w := jsonscan.NewObject(nil)
	w.Strs("ids", e.IDs)
	w.Uint("version", e.Version)
	p.call("mark", string(w.End()))
}

func (p *page) Forget(e client.Forget) {
	w := jsonscan.NewObject(nil)
	w.Strs("ids", e.IDs)
	p.call("forget", string(w.End()))
}

func (p *page) LoadKept(after uint64) { p.call("load_kept", strconv.FormatUint(after, 10)) }

func (p *page) EraseKept() { p.call("erase_kept", "") }
