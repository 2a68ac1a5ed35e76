//go:build js && wasm && tinygo

package main

import (
	// Nothing of it is linked. But where it stands among the packages decides in which order TinyGo initialises them:
	// without it the compiler gives up on unicode's tables, and the module is 20 kB larger (brotli).
	_ "crypto/rand"
	"unsafe"
)

// randomGet fills n bytes at p; wasm_exec.js asks the page's crypto.
//
//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(p unsafe.Pointer, n uint32) uint32

// random seeds the core's jitter. crypto/rand would bring a generator of the C library, which would ask
// the page for its seed.
func random() (n uint64) {
	randomGet(unsafe.Pointer(&n), 8)
	return n
}

// random32 takes the place of that generator, which the runtime takes its maps' seeds from. The
// target's --wrap leads here.
//
//export __wrap_arc4random
func random32() uint32 { return uint32(random()) }
