package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Codes of failures that never cross the wire; the others are the protocol's.
const (
	codeInvalidArgument = "INVALID_ARGUMENT"
	codeClosed          = "CLOSED"
)

// Failure is what the app gets about anything that went wrong. Its texts
// never hold a token.
type Failure struct {
	// Code is one of the protocol's codes, INVALID_ARGUMENT or CLOSED.
	Code string
	// Message is a sentence for people.
	Message string
	// Reason is one snake_case word for programs, where there is one.
	Reason string
	// Recoverable says whether the session may get further by itself.
	Recoverable bool
	// Action is what is done about it.
	Action protocol.Action
	// RetryAfter is how long the server said to wait.
	RetryAfter time.Duration
	// ClientID is who has the document now, of CONNECTION_REPLACED, and Since when that client
	// connected, where the server says so.
	ClientID, Since string
}

// Error returns the code and the sentence.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Is reports whether target is a Failure of the same code and reason.
func (f *Failure) Is(target error) bool {
	t, ok := target.(*Failure)
	return ok && t.Code == f.Code && t.Reason == f.Reason
}

// What is wrong with a connection before it is tried (seed S2,
// createSecureConnection).
var (
	// ErrMissingDocument is a connect without a document.
	ErrMissingDocument = &Failure{Code: codeInvalidArgument, Message: "The document is missing.", Reason: "missing_document", Action: protocol.ActionStop}
	// ErrBadURL is a server address that no socket can be opened to.
	ErrBadURL = &Failure{Code: codeInvalidArgument, Message: "The url is not a ws: or wss: address.", Reason: "bad_url", Action: protocol.ActionStop}
	// ErrMissingToken, ErrTokenFormat, ErrTokenTooLong, ErrTokenExpired and ErrOtherUser are
	// package clientconn's.
	ErrMissingToken = fromWire(clientconn.ErrMissingToken)
	ErrTokenFormat  = fromWire(clientconn.ErrTokenFormat)
	ErrTokenTooLong = fromWire(clientconn.ErrTokenTooLong)
	ErrTokenExpired = fromWire(clientconn.ErrTokenExpired)
	ErrOtherUser    = fromWire(clientconn.ErrOtherUser)
)

var errClosed = &Failure{Code: codeClosed, Message: "The session is closed.", Action: protocol.ActionStop}

// failureOf takes what a code means from the protocol's table.
func failureOf(code protocol.Code, reason, message string) *Failure {
	row := protocol.Lookup(code)
	if message == "" {
		message = row.Message
	}
	return &Failure{Code: string(code), Message: message, Reason: reason, Recoverable: row.Recoverable, Action: row.Action}
}

// tooDeep is about JSON that the server would not read: levels is how many it takes there.
func tooDeep(what string, levels int) *Failure {
	return failureOf(protocol.MalformedMessage, protocol.ReasonTooDeep, what+" nests deeper than the "+utoa(uint64(max(levels, 0)))+" levels that the server takes.")
}

// fromWire is an error frame as the app sees it.
func fromWire(e *protocol.Error) *Failure {
	f := failureOf(e.Code, e.Reason, e.Message)
	f.RetryAfter = e.RetryAfter
	if e.Code == protocol.ConnectionReplaced {
		f.ClientID, f.Since = e.Detail("client_id"), e.Detail("since")
	}
	return f
}

// appendJSON is the failure as the page's ERROR shape.
func (f *Failure) appendJSON(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("code", f.Code)
	w.Str("message", f.Message)
	w.Bool("recoverable", f.Recoverable)
	w.Str("action", string(f.Action))
	if f.Reason != "" {
		w.Str("reason", f.Reason)
	}
	if f.RetryAfter > 0 {
		w.Int("retryAfter", f.RetryAfter.Milliseconds())
	}
	if f.ClientID != "" {
		w.Str("clientId", f.ClientID)
	}
	if f.Since != "" {
		w.Str("since", f.Since)
	}
	return w.End()
}

// readFailure reads what appendJSON wrote, from another tab.
func readFailure(raw []byte) (*Failure, bool) {
	f := &Failure{}
	o, ok := jsonscan.Parse(raw)
	if !ok {
		return nil, false
	}
	for o.Next() {
		good := true
		switch string(o.Key()) {
		case "code":
			f.Code, good = jsonscan.Str(o.Value())
		case "message":
			f.Message, good = jsonscan.Str(o.Value())
		case "reason":
			f.Reason, good = jsonscan.Str(o.Value())
		case "recoverable":
			f.Recoverable, good = jsonscan.Bool(o.Value())
		case "action":
			var action string
			action, good = jsonscan.Str(o.Value())
			f.Action = protocol.Action(action)
		case "retryAfter":
			var ms uint64
			ms, good = jsonscan.Uint(o.Value())
			f.RetryAfter = millis(ms)
		case "clientId":
			f.ClientID, good = jsonscan.Str(o.Value())
		case "since":
			f.Since, good = jsonscan.Str(o.Value())
		}
		if !good {
			return nil, false
		}
	}
	return f, f.Code != ""
}

// millis reads a count of milliseconds that someone else wrote: at most a day.
func millis(ms uint64) time.Duration {
	return time.Duration(min(ms, 24*60*60*1000)) * time.Millisecond
}
