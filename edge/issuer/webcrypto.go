//go:build js && wasm

package issuer

import (
	"errors"
	"syscall/js"
)

// WebCrypto is the Crypto of a Worker. PBKDF2 and RSA in WebAssembly would take
// thirty times as long.
type WebCrypto struct {
	// PrivateKey is the signing key as the text of a JWK.
	PrivateKey string
}

// errPlatform holds nothing of what the platform said: an error of importKey may
// quote the key.
var errPlatform = errors.New("issuer: WebCrypto failed")

// Derive implements Crypto.
func (c WebCrypto) Derive(password string, salt []byte, iterations int) ([]byte, error) {
	subtle := js.Global().Get("crypto").Get("subtle")
	key, err := await(subtle, "importKey", "raw", bytesOf([]byte(password)), "PBKDF2", false, []any{"deriveBits"})
	if err != nil {
		return nil, err
	}
	params := map[string]any{"name": "PBKDF2", "hash": "SHA-256", "salt": bytesOf(salt), "iterations": iterations}
	bits, err := await(subtle, "deriveBits", params, key, 256)
	if err != nil {
		return nil, err
	}
	return bytesFrom(bits), nil
}

// Sign implements Crypto.
func (c WebCrypto) Sign(input []byte) ([]byte, error) {
	global := js.Global()
	subtle := global.Get("crypto").Get("subtle")
	jwk, err := await(global.Get("JSON"), "parse", c.PrivateKey)
	if err != nil {
		return nil, err
	}
	algorithm := map[string]any{"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256"}
	key, err := await(subtle, "importKey", "jwk", jwk, algorithm, false, []any{"sign"})
	if err != nil {
		return nil, err
	}
	signature, err := await(subtle, "sign", algorithm, key, bytesOf(input))
	if err != nil {
		return nil, err
	}
	return bytesFrom(signature), nil
}

// await calls a method and waits for what it promises. It goes through the host's
// attempt, which neither throws nor rejects: an exception would end this program,
// for TinyGo cannot recover on WebAssembly.
func await(object js.Value, method string, args ...any) (js.Value, error) {
	done := make(chan js.Value, 1)
	then := js.FuncOf(func(_ js.Value, results []js.Value) any {
		done <- results[0]
		return nil
	})
	defer then.Release()
	js.Global().Get("context").Call("attempt", append([]any{object, method}, args...)...).Call("then", then)
	result := <-done
	if !result.Get("ok").Bool() {
		return js.Value{}, errPlatform
	}
	return result.Get("value"), nil
}

func bytesOf(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

func bytesFrom(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	b := make([]byte, array.Get("byteLength").Int())
	js.CopyBytesToGo(b, array)
	return b
}
