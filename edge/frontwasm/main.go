//go:build wasm

// Command frontwasm is the module that admits every request: the ABI between
// edge/front and the JavaScript in edge/worker/front.mjs. It is booted once per
// isolate and asked synchronously. It waits for nothing, so requests may share it,
// as they may not share an instance that waits; and it is a module of its own, for
// one that can wait pays for that with each call: a goroutine's stack, and code
// that can be suspended anywhere.
//
// # Exports
//
//	front_alloc(n i32) i32   room for n bytes of input; good until the next alloc
//	front_boot(n i32) i32    takes the variables, a JSON object, as input, and returns where the
//	                         log's lines are about those that cannot be used; there may be none
//	front_step(n i32) i32    takes an event as input and returns where the next step is
//
// A text that is returned is its length in four bytes, the lowest first, and behind them
// the text.
//
// It imports nothing but what the compiler's runtime needs.
package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/holdfast-dev/holdfast/edge/front"
	_ "github.com/holdfast-dev/holdfast/edge/trap"
)

// The caller writes the one buffer and reads the other from outside; both stay
// where they are until the next call.
var (
	core   = front.New(front.Config{})
	input  []byte
	output []byte
	spare  []byte
)

func main() {}

//go:wasmexport front_alloc
func alloc(n uint32) uint32 {
	input = make([]byte, n)
	return address(input)
}

//go:wasmexport front_boot
func boot(n uint32) uint32 {
	// TinyGo collects when the heap is full, and the small one it starts with is full
	// after a few requests: this makes it grow, once in an isolate's life.
	spare = make([]byte, 4<<20)
	spare = nil
	cfg, err := front.ParseEnv(input[:n])
	core = front.New(cfg)
	lines := front.Complaints(input[:n], cfg, err)
	clear(input) // it may have held the signing key
	return give([]byte(lines))
}

//go:wasmexport front_step
func step(n uint32) uint32 {
	return give(core.Step(input[:n]))
}

func give(text []byte) uint32 {
	output = binary.LittleEndian.AppendUint32(output[:0], uint32(len(text)))
	output = append(output, text...)
	return address(output)
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
