//go:build !js

package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var (
	// ErrClosed is a call on a session that has ended. Where it did not end by Close,
	// the error that ended it is wrapped too.
	ErrClosed = errors.New("holdfast: the session is closed")
	// ErrInvalid is an argument that cannot be used; nothing was sent.
	ErrInvalid = errors.New("holdfast: invalid argument")
	// ErrSignedOut is for Config.Token to return, as it is or wrapped: there will be no
	// token any more. It ends the session.
	ErrSignedOut = errors.New("holdfast: signed out")
)

// failure is client.Failure as the core says it, in JSON.
type failure struct {
	Code, Message, Reason string
	Action                protocol.Action
	RetryAfter            uint64
}

// The codes that never cross the wire (shared/client/failure.go).
const (
	codeInvalidArgument = "INVALID_ARGUMENT"
	codeClosed          = "CLOSED"
)

func readFailure(text []byte) failure {
	var f failure
	if json.Unmarshal(text, &f) != nil {
		f.Code = string(protocol.InternalError) // the core writes it, so it cannot be
	}
	return f
}

func (f failure) err() error {
	switch f.Code {
	case codeClosed:
		return ErrClosed
	case codeInvalidArgument:
		return fmt.Errorf("%w: %s", ErrInvalid, f.Message)
	}
	return &protocol.Error{
		Code: protocol.Code(f.Code), Message: f.Message, Reason: f.Reason,
		RetryAfter: time.Duration(f.RetryAfter) * time.Millisecond,
	}
}

// tokenFinal reports whether a Token function's error says that asking again is of
// no use, and how long to wait before that otherwise.
func tokenFinal(err error) (final bool, retryAfter time.Duration) {
	if errors.Is(err, ErrSignedOut) {
		return true, 0
	}
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Row().Action == protocol.ActionStop, e.RetryAfter
	}
	return false, 0
}
