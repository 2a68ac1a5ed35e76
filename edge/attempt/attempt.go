// Package attempt asks the platform on behalf of the HTTP module's requests, wherever a call may fail:
// D1, WebCrypto, Durable Objects and services outside. Nothing but text crosses to JavaScript, for a
// JavaScript value that Go holds costs it an entry in a table, a finalizer, and sooner or later a
// collection of all garbage.
package attempt

import "errors"

// ErrFailed holds nothing of the platform's own message: an error of importKey may quote
// the key.
var ErrFailed = errors.New("attempt: the platform failed")
