// Package attempt is how the HTTP module asks the platform for something that may
// fail: WebCrypto, a Durable Object.
package attempt

import "errors"

// ErrFailed holds nothing of what the platform said: an error of importKey may quote
// the key.
var ErrFailed = errors.New("attempt: the platform failed")
