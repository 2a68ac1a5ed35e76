package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// posting is a Post that is looked at: what becomes of it if all of it is good.
type posting struct {
	d        *Document
	now      time.Time
	e        *Post
	rights   permission.Set
	receipts *channel.Receipts
	entries  []Entry
	answers  []PostedEntry
}

// plan takes one frame, or says why it is refused.
func (p *posting) plan(f *PostedFrame) *protocol.Error {
	kind := kindOf(f.Frame.Event)
	of := protocol.TypeOperation
	if kind != KindOp {
		of = protocol.TypeComment
	}
	if f.Frame.Type != of || f.Frame.Event != kind.Event() {
		return malformedPost("unexpected_event")
	}
	if f.Frame.MessageID == "" {
		return malformedPost("message_id_missing")
	}
	answer := PostedEntry{MessageID: f.Frame.MessageID, Comment: kind == KindCreate}
	if answer.Version, answer.Repeated = p.found(f.Frame.MessageID); answer.Repeated {
		p.answers = append(p.answers, answer)
		return nil
	}
	answer.Version = p.d.version + uint64(len(p.entries)) + 1
	if answer.Version > protocol.MaxSeq {
		return &protocol.Error{Code: protocol.InternalError}
	}
	entry := Entry{
		Version: answer.Version, UserID: p.e.UserID, ClientID: p.e.ClientID, MessageID: f.Frame.MessageID, At: p.now, Kind: kind,
	}
	err := p.refused(kind)
	switch {
	case err != nil:
	case kind == KindOp:
		err = p.op(&entry, f)
	default:
		err = p.comment(&entry, f)
	}
	if err != nil {
		return err
	}
	p.entries, p.answers = append(p.entries, entry), append(p.answers, answer)
	return nil
}

// found returns the version of what was added before, or stands earlier in the same Post.
func (p *posting) found(messageID string) (version uint64, ok bool) {
	for i := range p.entries {
		if p.entries[i].MessageID == messageID {
			return p.entries[i].Version, true
		}
	}
	return p.receipts.Find("", messageID)
}

// refused says why nothing of this kind may be added now.
func (p *posting) refused(kind Kind) *protocol.Error {
	needs := permission.SendOperations
	if kind != KindOp {
		needs = commentNeeds[kind]
	}
	switch {
	case !p.rights.Allows(needs):
		return &protocol.Error{Code: protocol.InsufficientPermissions}
	case p.d.state.Full && kind != KindResolve:
		e := p.d.logIsFull()
		return &e
	}
	return nil
}

func (p *posting) op(entry *Entry, f *PostedFrame) *protocol.Error {
	op, ok := protocol.ParseOp(f.Frame.Data)
	if !ok {
		return malformedPost("op_missing")
	}
	if !p.e.Force {
		if e, locked := p.d.lockedFor(p.now, p.e.UserID, op.Section); locked {
			return &e
		}
	}
	entry.Op = op.Op
	return nil
}

func (p *posting) comment(entry *Entry, f *PostedFrame) *protocol.Error {
	open, share, id := f.CommentOpen, f.Share, entry.Version
	if entry.Kind != KindCreate {
		id, _ = Named(f.Frame)
	}
	opened := 0
	for i := range p.entries { // what stands earlier in the same Post counts too
		switch before := &p.entries[i]; {
		case before.Kind == KindCreate:
			opened++
			share.OwnComments++
		case before.Kind == KindResolve:
			opened--
			open = open && before.Comment != id
		case before.Kind == KindReply:
			share.OwnReplies++
			if before.Comment == id {
				share.Replies++
				share.OwnHere++
			}
		}
	}
	if entry.Kind != KindCreate && !open {
		return &protocol.Error{Code: protocol.NotFound, Message: "There is no such comment, or it was resolved.", Reason: "comment_not_found"}
	}
	if e, over := p.d.overShare(entry.Kind, p.d.comments+opened, &share); over {
		return &e
	}
	said, ok := protocol.ParseComment(f.Frame.Data)
	if !ok || entry.Kind != KindResolve && said.Body == nil {
		return malformedPost("body_missing")
	}
	entry.Comment = id
	entry.Op = saidOf(entry.Kind, &said, id).Append(nil)
	return nil
}

func malformedPost(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reason}
}
