package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// newer is the error of a stored schema that a later program has made: what its tables mean
// is not known here.
type newer struct{ version int }

func (newer) Error() string { return "the stored schema is newer than this program" }

// newerObject stands in for an object whose schema is newer, as after a deployment that was
// rolled back. It reads and writes nothing. It answers every call with an error to
// retry on, and closes every connection, so its client retries too; it puts the alarm off, so that the
// newer program finds one.
type newerObject struct{ host Host }

const (
	newerRetry = 30 * time.Second
	newerAlarm = 15 * time.Minute
)

// unopened is what to make of an object whose tables could not be opened.
func unopened(h Host, err error) (Object, error) {
	n, ok := err.(newer)
	if !ok {
		return nil, err
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", "error")
	w.Str("event", "schema_newer")
	w.Str("object", h.Name())
	w.Int("stored", int64(n.version))
	w.Int("known", schemaVersion)
	h.LogRarely("schema_newer", w.End())
	e := newerError()
	h.Sockets(func(conn ConnID, _ time.Time) { h.Close(conn, e.CloseCode(), e.CloseReason()) })
	return newerObject{h}, nil
}

func newerError() *protocol.Error {
	return &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "schema_newer", RetryAfter: newerRetry,
		Message: "What is stored here was written by a newer version of the service, which is not running."}
}

// Handle implements Object.
func (o newerObject) Handle(now time.Time, in Input) error {
	switch in.Kind {
	case Connect:
		o.host.Respond(in.Ask, 503, newerError().AppendJSON(nil))
	case Request:
		w := jsonscan.NewObject(nil)
		w.Raw("error", newerError().Frame().Data)
		o.host.Respond(in.Ask, 503, w.End())
	case Alarm:
		o.host.SetAlarm(now.Add(newerAlarm))
	}
	return nil
}

// LongestText implements Object.
func (newerObject) LongestText() int { return 1 }
