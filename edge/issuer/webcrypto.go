//go:build js && wasm

package issuer

import (
	"syscall/js"

	"github.com/holdfast-dev/holdfast/edge/attempt"
)

// WebCrypto is the Crypto of a Worker. PBKDF2 and RSA in WebAssembly would take
// thirty times as long.
type WebCrypto struct {
	// PrivateKey is the signing key as the text of a JWK.
	PrivateKey string
}

// Derive implements Crypto.
func (c WebCrypto) Derive(password string, salt []byte, iterations int) ([]byte, error) {
	subtle := js.Global().Get("crypto").Get("subtle")
	key, err := attempt.Await(subtle, "importKey", "raw", bytesOf([]byte(password)), "PBKDF2", false, []any{"deriveBits"})
	if err != nil {
		return nil, err
	}
	params := map[string]any{"name": "PBKDF2", "hash": "SHA-256", "salt": bytesOf(salt), "iterations": iterations}
	bits, err := attempt.Await(subtle, "deriveBits", params, key, 256)
	if err != nil {
		return nil, err
	}
	return bytesFrom(bits), nil
}

// Sign implements Crypto.
func (c WebCrypto) Sign(input []byte) ([]byte, error) {
	global := js.Global()
	subtle := global.Get("crypto").Get("subtle")
	jwk, err := attempt.Await(global.Get("JSON"), "parse", c.PrivateKey)
	if err != nil {
		return nil, err
	}
	algorithm := map[string]any{"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256"}
	key, err := attempt.Await(subtle, "importKey", "jwk", jwk, algorithm, false, []any{"sign"})
	if err != nil {
		return nil, err
	}
	signature, err := attempt.Await(subtle, "sign", algorithm, key, bytesOf(input))
	if err != nil {
		return nil, err
	}
	return bytesFrom(signature), nil
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
