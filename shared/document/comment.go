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
// A resolved comment is as good as none.
func (d *Document) comment(now time.Time, m *member, f protocol.Frame, received *FrameReceived) {
	kind, open := kindOf(f.Event), received.CommentOpen
	if d.repeated(m, f, kind) {
		return
	}
	e, refused := d.mayAdd(now, m, f.MessageID, commentNeeds[kind], 0)
	switch {
	case refused:
	case kind != KindCreate && !open:
		e, refused = protocol.Error{Code: protocol.NotFound, Message: "There is no such comment, or it was resolved.", Reason: "comment_not_found"}, true
	default:
		e, refused = d.overShare(kind, d.comments, &received.Share)
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
	switch kind {
	case KindCreate:
		d.comments++
	case KindReply:
		id, _ = Named(f)
	case KindResolve:
		id, _ = Named(f)
		d.comments--
	}
	said := saidOf(kind, &p, id)
	entry := Entry{
		Version: d.version + 1, UserID: m.userID(), ClientID: m.ch.ClientID(),
		MessageID: f.MessageID, Op: said.Append(nil), At: now, Kind: kind, Comment: id,
	}
	d.add(m, entry)
	said.DocumentVersion, said.UserID, said.ClientID, said.At = entry.Version, entry.UserID, entry.ClientID, now
	d.data = said.Append(d.data[:0])
	d.sendOthers(m, protocol.Frame{Type: protocol.TypeComment, Event: f.Event, Data: d.data, Seq: entry.Version})
}

// saidOf is what of a comment's frame is stored: what its kind has, and whose comment it is.
func saidOf(kind Kind, p *protocol.Comment, id uint64) protocol.Comment {
	said := protocol.Comment{CommentID: commentID(id), Body: p.Body}
	switch kind {
	case KindCreate:
		said.Anchor = p.Anchor
	case KindResolve:
		said.Body = nil
	}
	return said
}

// CommentShare is how many replies the comment that a frame names has, and how much of all
// that is open is its sender's: comments, replies, and replies to that one.
type CommentShare struct{ Replies, OwnComments, OwnReplies, OwnHere int }

// Shares reports whether a frame adds to somebody's share. Whoever steps its
// FrameReceived looks that up, for the user that User names.
func Shares(f protocol.Frame) bool {
	kind := kindOf(f.Event)
	return f.Type == protocol.TypeComment && (kind == KindCreate || kind == KindReply)
}

// overShare says why there is no room for one more comment, beside so many that are open, or
// reply: nobody fills alone what is everybody's.
func (d *Document) overShare(kind Kind, opened int, s *CommentShare) (e protocol.Error, refused bool) {
	switch {
	case kind == KindCreate && opened >= d.cfg.MaxComments:
		e.Reason, e.Message = "too_many_comments", "There are as many open comments as there may be: resolve some."
	case kind == KindCreate && s.OwnComments >= d.cfg.UserComments:
		e.Reason, e.Message = "too_many_own_comments", "As many open comments are yours as may be one user's: have some resolved."
	case kind == KindReply && s.Replies >= d.cfg.MaxReplies:
		e.Reason, e.Message = "too_many_replies", "The comment has as many replies as it may have."
	case kind == KindReply && (s.OwnReplies >= d.cfg.UserReplies || s.OwnHere >= tenth(d.cfg.MaxReplies)):
		e.Reason, e.Message = "too_many_own_replies", "As many replies are yours as may be one user's: have some comments resolved."
	default:
		return e, false
	}
	e.Code, e.RetryAfter = protocol.DocumentLocked, d.cfg.LockRetry
	return e, true
}
