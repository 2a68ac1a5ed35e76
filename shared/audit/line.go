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

// Line returns the line of the operator's log about the connection that the entry ends: whose it
// was, how and why it ended, how long it lasted, and whether it had resumed. It returns nil for
// an entry that ends no connection. warning is true if the server closed the connection because
// of the client. An expired token and a missing heartbeat are ordinary, and no warning.
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
	if e.Delegate != "" {
		w.Str("delegate", e.Delegate)
	}
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
