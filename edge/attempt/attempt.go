// Package attempt calls the platform from the HTTP module, wherever a call may fail: WebCrypto,
// a Durable Object.
package attempt

import "errors"

// ErrFailed holds nothing of the platform's own message: an error of importKey may quote
// the key.
var ErrFailed = errors.New("attempt: the platform failed")
