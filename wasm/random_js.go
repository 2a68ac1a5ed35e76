//go:build js && wasm && !tinygo

package main

import (
	"crypto/rand"
	"encoding/binary"
)

// random seeds the core's jitter.
func random() uint64 {
	var b [8]byte
	rand.Read(b[:]) //nolint:errcheck // it never fails
	return binary.LittleEndian.Uint64(b[:])
}
