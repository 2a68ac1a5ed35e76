//go:build js && wasm

package issuer

import (
	"context"
	"errors"

	"github.com/holdfast-dev/holdfast/edge/attempt"
)

// SessionObjects is the Sessions of a Worker: the objects behind the binding SESSIONS.
type SessionObjects struct{}

var errSession = errors.New("issuer: the session object did not take it")

// End implements Sessions.
func (SessionObjects) End(_ context.Context, userID, signIn, reason string) error {
	m := end(userID, signIn, reason)
	answer, err := attempt.Object(m.Kind.Binding, userID, m.Text)
	if err != nil {
		return err
	}
	if !ended(answer) {
		return errSession
	}
	return nil
}
