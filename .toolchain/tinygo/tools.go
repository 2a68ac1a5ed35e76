//go:build tools

// Package tinygo pins the compiler. It is a module of its own, so that the
// compiler's many dependencies never enter Holdfast's go.mod.
package tinygo

import _ "github.com/tinygo-org/tinygo"
