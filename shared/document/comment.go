package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// commentNeeds is what a member must be allowed to.
var commentNeeds = [...]permission.Operation{
	KindCreate: permission.CreateComment, KindReply: permission.ReplyToComment, KindResolve: permission.ResolveComment,
}

// comment adds an entry of comments to the log, as safely as an op and in one order
// with the ops. A lock holds none back: people talk about what they may not change.
// open says whether the comment it names is open; a resolved one is as good as none.
func (d *Document) comment(now time.Time, m *member, f protocol.Frame, open bool) {
	kind := kindOf(f.Event)
	if d.repeated(m, f, kind) {
		return
	}
	e, refused := d.mayAdd(now, m, f.MessageID, commentNeeds[kind], 0)
	switch {
	case refused:
	case kind == KindCreate && d.comments >= d.cfg.MaxComments:
		e, refused = protocol.Error{
			Code: protocol.DocumentLocked, Message: "There are as many open comments as there may be: resolve some.",
			Reason: "too_many_comments", RetryAfter: d.cfg.LockRetry,
		}, true
	case kind != KindCreate && !open:
		e, refused = protocol.Error{Code: protocol.NotFound, Message: "There is no such comment, or it was resolved.", Reason: "comment_not_found"}, true
	}
	if refused {
		e.MessageID = f.MessageID
		d.sendError(m, e)
		return
	}
	p, ok := protocol.ParseComment(f.Data)
	if !ok || kind != KindResolve && p.Body == nil {
		d.malformed(m, f, "body_missing")
		return
	}
	id := d.version + 1
	said := protocol.Comment{Body: p.Body}
	switch kind {
	case KindCreate:
		said.Anchor = p.Anchor
		d.comments++
	case KindReply:
		id, _ = Named(f)
	case KindResolve:
		id, _ = Named(f)
		said.Body = nil
		d.comments--
	}
	said.CommentID = commentID(id)
	entry := Entry{
		Version: d.version + 1, UserID: m.userID(), ClientID: m.ch.ClientID(),
		MessageID: f.MessageID, Op: said.Append(nil), At: now, Kind: kind, Comment: id,
	}
	d.add(m, entry)
	said.DocumentVersion, said.UserID, said.ClientID, said.At = entry.Version, entry.UserID, entry.ClientID, now
	d.data = said.Append(d.data[:0])
	d.sendOthers(m, protocol.Frame{Type: protocol.TypeComment, Event: f.Event, Data: d.data, Seq: entry.Version})
}
