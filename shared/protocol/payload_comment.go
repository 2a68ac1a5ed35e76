package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Comment is the data of create, reply and resolve. A client sends Body and Anchor to
// create, CommentID and Body to reply, CommentID to resolve. The server sends an entry of
// the log, with its version, its writer and its time.
type Comment struct {
	// Event is create, reply or resolve. It is set only where no frame says so: in a
	// document_sync and a replayed operation_ack.
	Event string
	// CommentID names the comment: the version that created it.
	CommentID string
	// Body and Anchor (the place in the document) are any JSON.
	Body, Anchor     []byte
	DocumentVersion  uint64
	UserID, ClientID string
	At               time.Time
	// Erased says, of a resolve, that everything said in the comment is erased.
	Erased bool
}

// Append appends the payload as JSON.
func (p Comment) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "event", p.Event)
	optStr(&w, "comment_id", p.CommentID)
	if p.Body != nil {
		w.Raw("body", p.Body)
	}
	if p.Anchor != nil {
		w.Raw("anchor", p.Anchor)
	}
	optUint(&w, "document_version", p.DocumentVersion)
	optStr(&w, "user_id", p.UserID)
	optStr(&w, "client_id", p.ClientID)
	optTime(&w, "at", p.At)
	if p.Erased {
		w.Bool("erased", true)
	}
	return w.End()
}

// ParseComment reads the data of any of the three. The caller checks which members it needs.
func ParseComment(data []byte) (Comment, bool) {
	m := read(data)
	p := Comment{
		Event: m.str("event"), CommentID: m.str("comment_id"), Body: m.field("body"), Anchor: m.field("anchor"),
		DocumentVersion: m.num("document_version"), UserID: m.str("user_id"), ClientID: m.str("client_id"), At: m.time("at"),
		Erased: m.flag("erased"),
	}
	return p, m.ok
}
