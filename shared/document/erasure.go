package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What is erased while the rest of the document stays: a comment, and a user. Whoever steps
// these events looks up what there is; the entries stay, so that versions do.
type (
	// CommentErasure erases what was said in the comment ID: Texts entries say something still,
	// of Entries that the log has. Open says that it is. The answer is CommentErased.
	CommentErasure struct {
		ID             uint64
		Entries, Texts int
		Open           bool
		Reason, By     string
	}
	// Forget erases what the document knows of a user, who has no good token any more. With
	// Texts what the user said in comments goes, too, and Threads are the user's that are open:
	// they are resolved. With Names the user's entries keep the user's name. The answer is
	// Forgotten.
	Forget struct {
		UserID       string
		Texts, Names bool
		Threads      []uint64
		Reason, By   string
	}
)

// What comes of it.
type (
	// EraseComment takes out what the comment's entries say.
	EraseComment struct{ ID uint64 }
	// CommentErased answers CommentErasure.
	CommentErased struct {
		Err     *protocol.Error
		Entries int // that said something
		Version uint64
	}
	// ForgetUser takes the user out of everything that is stored.
	ForgetUser struct {
		UserID       string
		Texts, Names bool
	}
	// Forgotten answers Forget.
	Forgotten struct {
		Sockets, Members int
		Threads          int // that were resolved
		Version          uint64
	}
)

func (CommentErasure) isEvent() {}
func (Forget) isEvent()         {}
func (EraseComment) isEffect()  {}
func (CommentErased) isEffect() {}
func (ForgetUser) isEffect()    {}
func (Forgotten) isEffect()     {}

// eraseComment tells everybody by an entry of its own, so that clients that are away are told
// when they come back. A repeat finds nothing to erase and adds none.
func (d *Document) eraseComment(now time.Time, e CommentErasure) {
	if e.Entries == 0 {
		d.emit(CommentErased{Err: &protocol.Error{Code: protocol.NotFound, Reason: "comment_not_found", Message: "There is no such comment in the log."}})
		return
	}
	if e.Texts > 0 {
		d.emit(EraseComment{ID: e.ID})
		d.sayErased(now, e.ID, e.Open)
		d.emit(Record{Entry: audit.Entry{At: now, Event: audit.CommentErased, Document: d.id, By: e.By, Reason: e.Reason, Detail: commentID(e.ID)}})
	}
	d.emit(CommentErased{Entries: e.Texts, Version: d.version})
}

// sayErased resolves a comment of which nothing is left; one that was resolved, once more.
func (d *Document) sayErased(now time.Time, id uint64, open bool) {
	said := protocol.Comment{CommentID: commentID(id), Erased: true}
	entry := Entry{Version: d.version + 1, At: now, Kind: KindResolve, Comment: id, Op: said.Append(nil)}
	d.stores(&entry)
	if open {
		d.comments--
	}
	said.DocumentVersion, said.At = entry.Version, now
	d.data = said.Append(d.data[:0])
	d.sendOthers(nil, protocol.Frame{Type: protocol.TypeComment, Event: protocol.EventResolve, Data: d.data, Seq: entry.Version})
}

// forgets reports whether something may be on the way still that was sent before a user was
// erased.
func (d *Document) forgets(now time.Time) bool {
	return !d.state.Forgot.IsZero() && now.Sub(d.state.Forgot) < clockSkew || !d.state.Erased.IsZero() && now.Sub(d.state.Erased) < clockSkew
}

// forget ends what is left of the user's channels and keeps no row of them, not even a fence:
// nobody is let in any more by a grant from before, so that whoever is on the way is asked
// about anew.
func (d *Document) forget(now time.Time, e Forget) {
	d.posters, d.writers = nil, nil // they are read again
	answer := Forgotten{Threads: len(e.Threads)}
	why := protocol.Error{Code: protocol.TokenRevoked}
	for _, m := range append([]*member(nil), d.of(e.UserID)...) {
		answer.Members++
		if m.active() {
			answer.Sockets++
			d.sendError(m, why)
			d.shut(m.self[0], &why)
			d.detach(m)
			m.ch.Leave()
			d.sendPresence(m, protocol.EventLeave, m.ch.ClientID(), nil)
		}
		d.remove(m)
		d.emit(DeleteChannel{UserID: m.userID(), ClientID: m.ch.ClientID()})
	}
	d.told.Forget(e.UserID)
	d.unlockWhere(func(s *Section) bool { return s.UserID == e.UserID })
	if d.upload.UserID == e.UserID {
		d.dropUpload()
	}
	for _, id := range e.Threads {
		d.sayErased(now, id, true)
	}
	d.state.Forgot = now
	d.raiseAccess(now)
	d.emit(ForgetUser{UserID: e.UserID, Texts: e.Texts, Names: e.Names})
	d.emit(Record{Entry: audit.Entry{At: now, Event: audit.UserErased, Document: d.id, By: e.By, Reason: e.Reason}})
	answer.Version = d.version
	d.emit(answer)
}
