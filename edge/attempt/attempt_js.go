//go:build js && wasm

package attempt

import "syscall/js"

// Await calls a method and waits for its promise. It uses the host's attempt, which neither
// throws nor rejects: an exception would end this program, because TinyGo cannot recover on
// WebAssembly.
func Await(object js.Value, method string, args ...any) (js.Value, error) {
	done := make(chan js.Value, 1)
	then := js.FuncOf(func(_ js.Value, results []js.Value) any {
		done <- results[0]
		return nil
	})
	defer then.Release()
	host().Call("attempt", append([]any{object, method}, args...)...).Call("then", then)
	result := <-done
	if !result.Get("ok").Bool() {
		return js.Value{}, ErrFailed
	}
	return result.Get("value"), nil
}

// Object sends a request to a Durable Object and returns its answer. The host limits the wait
// (see edge/worker/front.mjs).
func Object(binding, name string, text []byte) ([]byte, error) {
	answer, err := Await(host(), "call", binding, name, string(text))
	if err != nil || answer.Type() != js.TypeString {
		return nil, ErrFailed
	}
	return []byte(answer.String()), nil
}

// Post posts a text to a service outside, as the host's post.mjs describes it, and returns the text
// of an object with the answer's status.
func Post(what []byte) ([]byte, error) {
	answer, err := Await(host(), "post", string(what))
	if err != nil || answer.Type() != js.TypeString {
		return nil, ErrFailed
	}
	return []byte(answer.String()), nil
}

// Log gives the host a line of the operator's log.
func Log(line string) {
	host().Call("log", line)
}

// host returns what the Worker gives this program beside the request.
func host() js.Value { return js.Global().Get("context") }
