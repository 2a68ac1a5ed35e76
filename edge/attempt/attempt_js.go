//go:build js && wasm

package attempt

import (
	"context"
	"encoding/base64"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Object sends a request to a Durable Object and returns its answer. The host limits the wait
// (see edge/worker/platform.mjs).
func Object(binding, name string, request []byte) ([]byte, error) {
	w := asking("call")
	w.Str("binding", binding)
	w.Str("name", name)
	return ask(w.End(), request)
}

// Post posts a text to a service outside, as the host's post.mjs describes it, and returns the text
// of an object with the answer's status.
func Post(what []byte) ([]byte, error) {
	w := asking("post")
	return ask(w.End(), what)
}

// Derive returns 32 bytes of PBKDF2 with SHA-256. In WebAssembly it would take thirty times as long.
func Derive(password string, salt []byte, iterations int) ([]byte, error) {
	w := asking("derive")
	w.Str("salt", base64.StdEncoding.EncodeToString(salt))
	w.Int("iterations", int64(iterations))
	return decoded(ask(w.End(), []byte(password)))
}

// Sign returns the RS256 signature of a text by the private key that a variable holds.
func Sign(variable string, input []byte) ([]byte, error) {
	w := asking("sign")
	w.Str("variable", variable)
	return decoded(ask(w.End(), input))
}

func decoded(said []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	bytes, err := base64.StdEncoding.AppendDecode(nil, said)
	if err != nil {
		return nil, ErrFailed
	}
	return bytes, nil
}

// Database is the database behind a binding.
type Database struct{ Binding string }

// Do implements d1.Host.
func (d Database) Do(_ context.Context, list []d1.Statement) ([]d1.Result, error) {
	w := asking("database")
	w.Str("binding", d.Binding)
	w.Array("statements")
	for _, one := range list {
		args, err := one.JSON()
		if err != nil {
			return nil, err
		}
		w.OpenItem()
		w.Str("query", one.Query)
		w.Raw("args", args)
		w.Bool("reads", one.Reads)
		w.Close()
	}
	w.CloseArray()
	value, err := ask(w.End(), nil)
	if err != nil {
		return nil, err
	}
	results := make([]d1.Result, 0, len(list))
	for each := jsonscan.Elements(value); each.Next(); {
		r := d1.Result{Rows: jsonscan.Field(each.Value(), "rows")}
		r.Changes, _ = jsonscan.Int(jsonscan.Field(each.Value(), "changes"))
		results = append(results, r)
	}
	if len(results) != len(list) {
		return nil, ErrFailed
	}
	return results, nil
}
