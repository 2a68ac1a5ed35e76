//go:build js && wasm

package attempt

import (
	"syscall/js"
	"unsafe"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The host's functions (edge/worker/program.mjs). A text goes as its address and its length.

// hostAsk begins what an object says, with the text that it is about, and returns a number, by which
// the answer comes.
//
//go:wasmimport holdfast ask
func hostAsk(what unsafe.Pointer, n uint32, text unsafe.Pointer, length uint32) uint32

// hostTake writes the text of the answer that has come.
//
//go:wasmimport holdfast take
func hostTake(to unsafe.Pointer)

// hostLog gives a line of the operator's log.
//
//go:wasmimport holdfast log
func hostLog(line unsafe.Pointer, n uint32)

// waiting are who waits for an answer, by its number.
var waiting = map[uint32]chan []byte{}

// The host finds the function that takes an answer where it finds the one of syumai/workers that
// takes a request.
func init() {
	js.Global().Get("context").Get("binding").Set("answered", js.FuncOf(func(_ js.Value, args []js.Value) any {
		number, n := uint32(args[0].Int()), args[1].Int()
		var text []byte // nil where the platform failed
		if n >= 0 {
			text = make([]byte, n)
			hostTake(address(text))
		}
		waiting[number] <- text
		delete(waiting, number)
		return nil
	}))
}

// Log gives the host a line of the operator's log.
func Log(line string) { hostLog(unsafe.Pointer(unsafe.StringData(line)), uint32(len(line))) }

// ask has the host do something, and waits for its answer, a text.
func ask(what, text []byte) ([]byte, error) {
	answer := make(chan []byte, 1)
	waiting[hostAsk(address(what), uint32(len(what)), address(text), uint32(len(text)))] = answer
	said := <-answer
	if said == nil {
		return nil, ErrFailed
	}
	return said, nil
}

func asking(what string) jsonscan.Writer {
	w := jsonscan.NewObject(nil)
	w.Str("do", what)
	return w
}

func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
