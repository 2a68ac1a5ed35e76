// Package rest holds what the HTTP routes share: they read JSON bodies of a limited size, answer
// in JSON, and send errors as frames of seed S2's form, with the status from the table of errors.
package rest

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Fail answers with an error.
func Fail(w http.ResponseWriter, err *protocol.Error) { FailWith(w, err, err.Row().HTTP) }

// FailWith is Fail with another status.
func FailWith(w http.ResponseWriter, err *protocol.Error, status int) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if err.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((err.RetryAfter+time.Second-1)/time.Second)))
	}
	Write(w, status, err.AppendJSON(nil), "no-store")
}

// MethodNotAllowed answers 405; allow lists the methods of the route.
func MethodNotAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	FailWith(w, &protocol.Error{Code: protocol.MalformedMessage, Reason: "method_not_allowed"}, http.StatusMethodNotAllowed)
}

// Unavailable returns the error for a database, an object or a platform that failed. It omits
// the cause: a statement's error may quote the values bound to it.
func Unavailable(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason, RetryAfter: time.Second}
}

// Write answers with JSON.
func Write(w http.ResponseWriter, status int, body []byte, cache string) {
	WriteAs(w, "application/json", status, body, cache)
}

// WriteAs answers with a body of some type; a 304 has none.
func WriteAs(w http.ResponseWriter, kind string, status int, body []byte, cache string) {
	h := w.Header()
	if status != http.StatusNotModified {
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if status != http.StatusNotModified {
		w.Write(body)
	}
}

// ReadBody reads at most limit bytes of a request's body.
func ReadBody(r *http.Request, limit int) ([]byte, *protocol.Error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, &protocol.Error{Code: protocol.MalformedMessage, Reason: "body_unreadable"}
	}
	if len(body) > limit {
		return nil, &protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge}
	}
	return body, nil
}

// IsJSON reports whether the request declares its body as JSON. A form on another site can
// send its fields here, but not with this content type.
func IsJSON(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}

// CheckObject checks that body is one JSON object.
func CheckObject(body []byte, depth int) *protocol.Error {
	if jsonscan.Check(body, depth) != nil {
		return &protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonInvalidJSON}
	}
	if _, ok := jsonscan.Parse(body); !ok {
		return BadField("body")
	}
	return nil
}

// BadField returns the error for an invalid field, parameter or part of the path.
func BadField(name string) *protocol.Error {
	return &protocol.Error{
		Code: protocol.MalformedMessage, Reason: protocol.ReasonBadField,
		Message: name + " is missing, not known here, or has no value that this call takes: see /v1/openapi.json.",
		Details: []protocol.Detail{{Name: "field", Raw: jsonscan.AppendString(nil, name)}},
	}
}
