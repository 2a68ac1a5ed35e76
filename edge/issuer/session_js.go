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
	answer, err := attempt.Object("SESSIONS", userID, []byte(endAll(userID)))
	if err != nil {
		return err
	}
	if !ended(string(answer)) {
		return errSession
	}
	return nil
}
