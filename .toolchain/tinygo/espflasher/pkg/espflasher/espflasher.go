// Package espflasher stands in for the ESP32 flasher that `tinygo flash` uses.
// Holdfast compiles to WebAssembly and flashes nothing, and the version that
// TinyGo 0.42.0 asks for is not served by every module proxy: this stub keeps
// the compiler buildable without it.
package espflasher

import (
	"errors"
	"io"
)

var errStub = errors.New("this TinyGo was built without support for flashing ESP32 boards")

// ResetMode says how a board is put into its boot loader.
type ResetMode int

// ResetUSBJTAG is the one mode that TinyGo names.
const ResetUSBJTAG ResetMode = 1

// StdoutLogger is where the real flasher writes its progress.
type StdoutLogger struct{ W io.Writer }

// Options are the settings that TinyGo fills in.
type Options struct {
	Compress  bool
	Logger    *StdoutLogger
	ResetMode ResetMode
}

// Progress is called with the bytes done and the bytes in all.
type Progress = func(current, total int)

// Flasher is never made: New always fails.
type Flasher struct{}

// DefaultOptions returns empty options.
func DefaultOptions() *Options { return &Options{} }

// New always fails.
func New(port string, opts *Options) (*Flasher, error) { return nil, errStub }

func (f *Flasher) Close() error                                        { return nil }
func (f *Flasher) ChipName() string                                    { return "" }
func (f *Flasher) EraseFlash(p Progress) error                         { return errStub }
func (f *Flasher) FlashImage(data []byte, at uint32, p Progress) error { return errStub }
func (f *Flasher) Reset()                                              {}
