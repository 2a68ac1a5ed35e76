package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// What the deployment's backend is told: that the log has changed, who came and went for good,
// and of comments. It gets names and numbers, and no content.

// teller is the document as its events see it.
type teller struct{ *Document }

func (d teller) Emit(e delivery.Effect) { d.emit(FromEvents{e}) }

// Told is what is known of the events that go to the backend.
func (d *Document) Told() *delivery.Queue { return &d.told }

var commentTypes = [...]string{KindCreate: delivery.CommentCreated, KindReply: delivery.CommentReplied, KindResolve: delivery.CommentResolved}

// tellEntry tells of an entry of the log.
func (d *Document) tellEntry(e *Entry) {
	d.told.Changed(d.now, e.Version, d.Generation())
	if e.Kind == KindOp || !d.told.Wants(commentTypes[e.Kind]) {
		return
	}
	w := jsonscan.NewObject(nil)
	w.Str("comment_id", commentID(e.Comment))
	w.Uint("document_version", e.Version)
	if e.UserID != "" { // else it is an operator's, or a server's, which the client id names
		w.Str("user_id", e.UserID)
	}
	if e.ClientID != "" {
		w.Str("client_id", e.ClientID)
	}
	d.told.Put(d.now, commentTypes[e.Kind], w.End())
}

// tellMember tells that a user's client has come or gone: its channel, which outlives its
// connections, has begun or is over.
func (d *Document) tellMember(now time.Time, what string, m *member, reason string) {
	if !d.told.Wants(what) {
		return
	}
	w := jsonscan.NewObject(nil)
	w.Str("user_id", m.userID())
	w.Str("client_id", m.ch.ClientID())
	w.Str("session_id", m.grant.SessionID)
	if reason != "" {
		w.Str("reason", reason)
	}
	w.Int("members", int64(alive(d.members)))
	d.told.Put(now, what, w.End())
}
