//go:build !(wasm && tinygo)

// Package trap is empty outside the modules that TinyGo makes.
package trap
