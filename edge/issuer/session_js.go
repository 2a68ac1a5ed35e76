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

// EndAll implements Sessions.
func (SessionObjects) EndAll(_ context.Context, userID string) error {
	m := endAll(userID)
	answer, err := attempt.Object(m.Kind.Binding, userID, m.Text)
	if err != nil {
		return err
	}
	if !ended(answer) {
		return errSession
	}
	return nil
}
