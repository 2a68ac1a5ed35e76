//go:build js && wasm

package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/holdfast-dev/holdfast/edge/front"
)

// Each call of an export costs TinyGo a goroutine's stack, so a turn is one call.
// Both buffers stay where they are until the next call: the caller writes the one
// and reads the other from outside.
var (
	core   = front.New(front.Config{})
	input  []byte
	output []byte
	spare  []byte
)

// alloc makes room for n bytes of input and returns where; it stays good until
// the next alloc.
//
//go:wasmexport front_alloc
func alloc(n uint32) uint32 {
	input = make([]byte, n)
	return address(input)
}

// boot takes the variables, a JSON object of n bytes, as input; 0 when they name
// no key to check tokens with. The core then serves what needs none.
//
//go:wasmexport front_boot
func boot(n uint32) uint32 {
	// TinyGo collects when the heap is full, and in the small one it starts with
	// every third stack fills it: this makes it grow, for 2 ms once instead of
	// 0.1 ms a connection.
	spare = make([]byte, 2<<20)
	spare = nil
	cfg, err := front.ParseEnv(input[:n])
	core = front.New(cfg)
	clear(input) // it may have held the signing key
	if err != nil {
		return 0
	}
	return 1
}

// step takes an event of n bytes as input and returns where the next step is: its
// length in four bytes, the lowest first, and behind them its text.
//
//go:wasmexport front_step
func step(n uint32) uint32 {
	text := core.Step(input[:n])
	output = binary.LittleEndian.AppendUint32(output[:0], uint32(len(text)))
	output = append(output, text...)
	return address(output)
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
