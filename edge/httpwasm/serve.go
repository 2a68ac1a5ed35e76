//go:build js && wasm

package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"syscall/js"
)

// The host gives syumai/workers a body as its bytes and not as a stream, and so gets one back: these
// are the package's ways of passing on a body as it is. Of a stream it would end the program with the
// first answer's, and not let go of its functions.
type (
	givenBody interface{ GetRawJSBody() js.Value }
	takenBody interface{ WriteRawJSBody(js.Value) }
)

var bytesClass = js.Global().Get("Uint8Array")

// whole serves requests that are here whole, and answers that are given whole.
func whole(serve func(w http.ResponseWriter, r *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body []byte
		if given, ok := r.Body.(givenBody); ok {
			value := given.GetRawJSBody()
			body = make([]byte, value.Length())
			js.CopyBytesToGo(body, value)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		// The package splits a header at each comma, and that may be one of a browser's name.
		for name, parts := range r.Header {
			if len(parts) > 1 {
				r.Header[name] = []string{strings.Join(parts, ",")}
			}
		}
		a := &answer{ResponseWriter: w}
		serve(a, r)
		value := js.Null()
		if len(a.body) > 0 {
			value = bytesClass.New(len(a.body))
			js.CopyBytesToJS(value, a.body)
		}
		w.(takenBody).WriteRawJSBody(value)
	})
}

// answer is an answer whose body is being written.
type answer struct {
	http.ResponseWriter
	begun bool
	body  []byte
}

func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.begun = true
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}
