//go:build wasm

// Command objectwasm is the module that every Durable Object runs: the ABI between
// edge/object and the JavaScript in edge/worker/host.mjs.
//
// # Exports
//
//	boot(class i32, now f64) i32         loads a user (1) or a document (2) from its storage; returns
//	                                     the length of the longest text worth passing, in UTF-16 units
//	alloc(n i32) i32                     the input buffer, at least n bytes; the next call may move it
//	event(kind i32, a i32, n i32, now f64) i32
//
// kind is an object.Kind; a is its Ask, close code or length; now is in milliseconds since
// 1970. The input buffer holds n bytes: for the kinds that concern a socket its
// 16-byte connection id, then the text. event returns 0, or 1 if the host has to undo the
// event and drop the instance; boot returns 0 for that. A trap means the same.
//
// # Import
//
//	holdfast.call(op i32, ptr i32, n i32, out i32, cap i32) i32
//
// ptr and n are the request; out and cap are the room for an answer. The result is the length
// of the answer. It is negative if the call failed: then the host undoes the event whatever Go
// makes of it. If it is more than cap nothing was written: opNext returns the answer again.
// Integers are little-endian, times are f64 milliseconds, and a string has its u32 length
// before it unless it is the last item of a request.
//
// A value of a statement is a tag and its content: 0 null; 1 an f64; 2 text and
// 3 blob, each u32 length and bytes. The answer to opQuery is a byte that is 1
// if there are more rows (opNext), and as many whole rows as fit.
//
// The module runs nothing between events: no goroutine, no timer, no clock. Its
// only other imports are those of the compiler's runtime.
package main

import (
	"time"
	"unsafe"

	"github.com/holdfast-dev/holdfast/edge/object"
	_ "github.com/holdfast-dev/holdfast/edge/trap"
)

const (
	classSession  = 1
	classDocument = 2

	connBytes = 16
)

var (
	current object.Object
	input   = make([]byte, 4096)
	known   object.ConnID // the socket of the last event, which is mostly that of the next, too
)

func main() {}

//go:wasmexport boot
func boot(class uint32, now float64) uint32 {
	var err error
	switch class {
	case classSession:
		current, err = object.NewUser(&wasmHost, instant(now))
	case classDocument:
		current, err = object.NewDocument(&wasmHost, instant(now))
	}
	if err != nil || current == nil {
		complain(err)
		return 0
	}
	return uint32(current.LongestText())
}

//go:wasmexport alloc
func alloc(n uint32) uint32 {
	if int(n) > len(input) {
		input = make([]byte, n+n/4)
	}
	return uint32(uintptr(unsafe.Pointer(&input[0])))
}

//go:wasmexport event
func event(kind, a, n uint32, now float64) uint32 {
	in := object.Input{Kind: object.Kind(kind), Text: input[:n]}
	switch in.Kind {
	case object.Message, object.Binary, object.Closed, object.SendFailed:
		if n < connBytes {
			return 1
		}
		if id := in.Text[:connBytes]; string(id) != string(known) {
			known = object.ConnID(id)
		}
		in.Conn, in.Code, in.Length, in.Text = known, int(a), int(a), in.Text[connBytes:]
	default:
		in.Ask = a
	}
	if err := current.Handle(instant(now), in); err != nil {
		complain(err)
		return 1
	}
	return 0
}

// complain prints an error; the runtime's standard error goes to the log.
func complain(err error) {
	if err == nil {
		println("object: no such class")
		return
	}
	println("object:", err.Error())
}

func instant(ms float64) time.Time { return time.UnixMilli(int64(ms)).UTC() }
