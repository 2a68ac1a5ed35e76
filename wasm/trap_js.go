//go:build js && wasm

package main

// assertFail takes the place of what the C library's assertions call, which would print, and bring
// all of printf with it. The target's --wrap leads here.
//
//export __wrap___assert_fail
func assertFail(uint32, uint32, uint32, uint32) { panic("an assertion of the C library failed") }
