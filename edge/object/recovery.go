package object

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Point-in-time recovery is the platform's: it puts the whole storage back, behind the core's
// back, and starts the object anew. All sockets end with that, so the next boot begins another
// term, and a client that comes back with what is not in the log is told so.

// recover asks the platform.
func (o *documentObject) recover(ask_ uint32, r *call.Recover) {
	o.host.Recover(o.asks.add(ask{recovery: ask_}), r.At.Time(), r.Bookmark)
}

// recovered is the answer to the operator.
func recovered(in Input) []byte {
	if in.Kind != Answered || jsonscan.Check(in.Text, 2) != nil {
		return call.AppendError(nil, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "storage_unavailable"})
	}
	str := func(name string) string {
		s, _ := jsonscan.Str(jsonscan.Field(in.Text, name))
		return s
	}
	switch reason := str("reason"); reason {
	case "":
	case call.ReasonUnsupported:
		return call.AppendError(nil, &protocol.Error{Code: protocol.NotFound, Reason: call.ReasonNoRecovery,
			Message: "This platform has no point-in-time recovery. Kept snapshots can be restored."})
	default:
		return call.AppendError(nil, &protocol.Error{Code: protocol.MalformedMessage, Reason: reason,
			Message: "The platform does not know the document's storage as it was then: it keeps 30 days, and nothing from before there was one."})
	}
	a := call.Recovery{Bookmark: str("bookmark"), Undo: str("undo")}
	return a.Append(nil)
}
