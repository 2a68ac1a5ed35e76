package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Frame returns the error as the system/error frame of seed S2:
//
//	{"error_code","message","details"?:{"reason"?,"retry_after"?,"message_id"?,…},"recoverable","action"}
func (e *Error) Frame() Frame {
	row := e.Row()
	w := jsonscan.NewObject(nil)
	w.Str("error_code", string(e.Code))
	w.Str("message", e.text())
	retry := e.RetryAfter.Milliseconds()
	if e.Reason != "" || retry > 0 || e.MessageID != "" || len(e.Details) > 0 {
		w.Open("details")
		if e.Reason != "" {
			w.Str("reason", e.Reason)
		}
		if retry > 0 {
			w.Int("retry_after", retry)
		}
		if e.MessageID != "" {
			w.Str("message_id", e.MessageID)
		}
		for _, d := range e.Details {
			w.Raw(d.Name, d.Raw)
		}
		w.Close()
	}
	w.Bool("recoverable", row.Recoverable)
	w.Str("action", string(row.Action))
	return Frame{Type: TypeSystem, Event: EventError, Data: w.End()}
}

// AppendJSON appends the same frame as JSON text: the last frame on a socket, or
// the body of an HTTP refusal.
func (e *Error) AppendJSON(dst []byte) []byte { return e.Frame().Append(dst) }

// Detail is the text that is a member of details, "" for none.
func (e *Error) Detail(name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			text, _ := jsonscan.Str(d.Raw)
			return text
		}
	}
	return ""
}

// CloseCode returns the WebSocket close code of the error.
func (e *Error) CloseCode() int { return e.Row().Close }

// closeReasonBytes is the room that a close frame has beside its code.
const closeReasonBytes = 123

// CloseReason returns the text of that close: the name of the code, and nothing else.
func (e *Error) CloseReason() string {
	return string(e.Code[:min(len(e.Code), closeReasonBytes)])
}

// ParseError reads the data of an error frame, on the client's side. It keeps a code that
// this build does not know: the Row is then that of InternalError, and the range of the
// close code says what to do. The table's own sentence reads as no Message.
func ParseError(data []byte) (*Error, bool) {
	m := read(data)
	e := &Error{Code: Code(m.str("error_code")), Message: m.str("message")}
	if !m.ok || e.Code == "" || len(e.Code) > closeReasonBytes {
		return nil, false
	}
	if e.Message == e.Row().Message {
		e.Message = ""
	}
	details, ok := jsonscan.Parse(m.field("details"))
	for ok && details.Next() {
		value := details.Value()
		switch name := string(details.Key()); name {
		case "reason":
			e.Reason, ok = jsonscan.Str(value)
		case "retry_after":
			e.RetryAfter, ok = millis(value)
		case "message_id":
			e.MessageID, ok = jsonscan.Str(value)
		default:
			e.Details = append(e.Details, Detail{name, append([]byte(nil), value...)})
		}
		if !ok {
			return nil, false
		}
	}
	return e, true
}

// millis reads a duration in whole milliseconds.
func millis(raw []byte) (time.Duration, bool) { return span(raw, time.Millisecond) }

// span reads a duration in whole units.
func span(raw []byte, unit time.Duration) (time.Duration, bool) {
	n, ok := jsonscan.Uint(raw)
	if !ok || n > uint64(maxDuration/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

const maxDuration = 1<<63 - 1
