//go:build wasm && tinygo

// Package trap is for the modules that are linked with the target "object": it takes the
// place of what the C library's assertions call, which would print, and bring all of
// printf with it, 12 kB. The target's --wrap leads there.
package trap

//export __wrap___assert_fail
func assertFail(uint32, uint32, uint32, uint32) { panic("an assertion of the C library failed") }
