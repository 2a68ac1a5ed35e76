//go:build js && wasm

package main

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The page's store is web/src/offline.ts.

func (h host) Keep(e client.Keep) {
	w := jsonscan.NewObject(nil)
	w.Str("id", e.ID)
	w.Bool("unsent", e.Unsent)
	w.Str("record", string(e.Record))
	h.call("keep", string(w.End()))
}

func (h host) Mark(e client.Mark) {
	w := jsonscan.NewObject(nil)
	w.Strs("ids", e.IDs)
	w.Uint("version", e.Version)
	h.call("mark", string(w.End()))
}

func (h host) Forget(e client.Forget) {
	w := jsonscan.NewObject(nil)
	w.Strs("ids", e.IDs)
	h.call("forget", string(w.End()))
}

func (h host) LoadKept(after uint64) { h.call("load_kept", strconv.FormatUint(after, 10)) }

func (h host) EraseKept() { h.call("erase_kept", "") }
