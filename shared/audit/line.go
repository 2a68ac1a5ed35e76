package audit

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Ending returns e as the end of a connection that began at since.
func (e Entry) Ending(since time.Time, resumed bool) Entry {
	e.Since, e.Resumed = since, resumed
	return e
}

// Line is what the operator's log says of the connection that the entry ends: who it was,
// how it ended, how long it had lasted, and whether it had resumed. It is nil for an entry
// that ends none. One that the server closed for what the client did is a warning; a token
// that ran out and a line that went silent are everyday.
func (e Entry) Line() (line []byte, warning bool) {
	if e.Since.IsZero() {
		return nil, false
	}
	row := protocol.Lookup(protocol.Code(e.Code))
	level := "info"
	if e.Code != "" {
		switch row.Code {
		case protocol.TokenExpired, protocol.HeartbeatTimeout:
		default:
			level, warning = "warn", true
		}
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", level)
	w.Str("event", "connection_ended")
	w.Str("how", string(e.Event))
	w.Str("document", e.Document)
	w.Str("user_id", e.UserID)
	w.Str("client_id", e.ClientID)
	if e.Code != "" {
		w.Str("code", string(e.Code))
		w.Int("close_code", int64(row.Close))
	} else if n, ok := jsonscan.Int([]byte(e.Detail)); ok {
		w.Int("close_code", n)
	}
	if e.Reason != "" {
		w.Str("reason", e.Reason)
	}
	w.Int("connected_ms", max(0, e.At.Sub(e.Since).Milliseconds()))
	w.Bool("resumed", e.Resumed)
	return w.End(), warning
}
