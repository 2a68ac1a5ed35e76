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
	// ErrClosed is the error of a call on a session that has ended. Unless Close ended the
	// session, it also wraps the error that did.
	ErrClosed = errors.New("holdfast: the session is closed")
	// ErrInvalid is the error of an unusable argument; nothing was sent.
	ErrInvalid = errors.New("holdfast: invalid argument")
	// ErrSignedOut is for Config.Token to return, as it is or wrapped: there are no more
	// tokens. It ends the session.
	ErrSignedOut = errors.New("holdfast: signed out")
)

// failure is client.Failure in the core's JSON.
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
		f.Code = string(protocol.InternalError) // cannot happen: the core writes it
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

// tokenFinal reports whether the error of a Token function is final, and otherwise how long
// to wait before asking again.
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
