//go:build js && wasm

package issuer

import "github.com/holdfast-dev/holdfast/edge/attempt"

// WebCrypto is the Crypto of a Worker.
type WebCrypto struct {
	// Variable is the variable that holds the signing key, as the text of a JWK.
	Variable string
}

// Derive implements Crypto.
func (WebCrypto) Derive(password string, salt []byte, iterations int) ([]byte, error) {
	return attempt.Derive(password, salt, iterations)
}

// Sign implements Crypto.
func (c WebCrypto) Sign(input []byte) ([]byte, error) { return attempt.Sign(c.Variable, input) }
