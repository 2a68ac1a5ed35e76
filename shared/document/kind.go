package document

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Kind is what an entry of the log is. An op's Op is the app's; that of the others
// is a protocol.Comment with what the writer said and the comment's id.
type Kind uint8

// The kinds. They are stored: new ones go to the end.
const (
	KindOp Kind = iota
	KindCreate
	KindReply
	KindResolve
)

var kindEvents = [...]string{KindOp: protocol.EventOp, KindCreate: protocol.EventCreate, KindReply: protocol.EventReply, KindResolve: protocol.EventResolve}

// Event is the word of the frames that such an entry comes in.
func (k Kind) Event() string {
	if int(k) < len(kindEvents) {
		return kindEvents[k]
	}
	return ""
}

// kindOf returns the kind of comment that an event makes; KindOp for none.
func kindOf(event string) Kind {
	for k, e := range kindEvents {
		if e == event {
			return Kind(k)
		}
	}
	return KindOp
}

// Named returns the comment that a reply or a resolve is about; false for every other
// frame. Whoever steps a FrameReceived looks up whether that is open.
func Named(f protocol.Frame) (id uint64, ok bool) {
	if f.Type != protocol.TypeComment || f.Event == protocol.EventCreate {
		return 0, false
	}
	p, _ := protocol.ParseComment(f.Data)
	id, ok = jsonscan.Uint([]byte(p.CommentID))
	return id, ok && id <= protocol.MaxSeq
}

func commentID(version uint64) string { return strconv.FormatUint(version, 10) }
