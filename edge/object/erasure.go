package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// What is erased, and the receipts for it.

// counts are how many rows the object has in each table, as JSON, and how many bytes of
// content.
func (s *store) counts(stmt Stmt) (rows []byte, bytes uint64) {
	w := jsonscan.NewObject(nil)
	s.query(stmt, func(c []Value) {
		bytes = uint64(c[0].Int)
		for i, t := range s.schema.tables {
			if n := c[i+1].Int; n > 0 {
				w.Int(t.name, n)
			}
		}
	})
	return w.End(), bytes
}

// commentErasure is an operator's request, with what there is of the comment.
func (o *documentObject) commentErasure(r *call.EraseComment) document.CommentErasure {
	e := document.CommentErasure{ID: r.ID, Reason: r.Reason, By: r.By}
	o.store.query(countThread, func(c []Value) { e.Entries, e.Texts = int(c[0].Int), int(c[1].Int) }, unsigned(r.ID))
	e.Open, _ = o.store.comment(r.ID)
	return e
}

func (o *documentObject) answerCommentErased(e document.CommentErased) {
	if e.Err != nil {
		o.host.Respond(o.ask, 200, call.AppendError(nil, e.Err))
		return
	}
	o.store.scrub()
	a := call.CommentErased{Entries: e.Entries, Version: e.Version}
	o.host.Respond(o.ask, 200, a.Append(nil))
}

// forget is an operator's request to forget a user, nil where there is nothing to forget: the
// answer is given then.
func (o *documentObject) forget(r *call.Forget) document.Event {
	if o.store.bare {
		a := call.Forgotten{Rows: []byte("{}")}
		o.host.Respond(o.ask, 200, a.Append(nil))
		return nil
	}
	e := document.Forget{UserID: r.UserID, Texts: r.Texts, Names: r.Names, Reason: r.Reason, By: r.By}
	if r.Texts {
		e.Threads, _ = o.store.authored(r.UserID, "", o.cfg.MaxComments)
	}
	return e
}

// forgetUser takes a user out of everything that is stored. The entries stay: what takes the
// place of the user's name is random, and the same in all of this document.
func (o *documentObject) forgetUser(e document.ForgetUser) {
	name := text(e.UserID)
	o.forgotten = jsonscan.NewObject(nil)
	w := &o.forgotten
	o.store.query(countOf, func(c []Value) {
		for i, table := range [...]string{"ops", "comments", "receipts", "parts", "audit"} {
			if n := c[i].Int; n > 0 {
				w.Int(table, n)
			}
		}
	}, name)
	if e.Texts {
		o.store.write(eraseTexts, name)
	}
	if !e.Names {
		alias := text("erased-" + randomHex(o.host, 8))
		o.store.write(forgetOps, name, alias)
		o.store.write(forgetParts, name, alias)
	}
	o.store.write(forgetReceipts, name)
	o.store.write(forgetAudit, name)
}

func (o *documentObject) answerForgotten(e document.Forgotten) {
	if e.Members > 0 {
		o.forgotten.Int("members", int64(e.Members))
	}
	o.store.scrub()
	a := call.Forgotten{Rows: o.forgotten.End(), Sockets: e.Sockets, Threads: e.Threads, Version: e.Version}
	o.host.Respond(o.ask, 200, a.Append(nil))
}

// visited answers with the documents that may know of the user, when those are forgotten that
// know nothing any more.
func (o *userObject) visited(r *call.Visited) []byte {
	limit := listed(r.Limit)
	documents := []string{}
	o.store.query(selectVisited, func(c []Value) { documents = append(documents, c[0].string()) }, text(r.After), integer(int64(limit+len(r.Forgotten)+1)))
	for _, d := range r.Forgotten {
		if !o.store.bare {
			o.store.delete(&visitedTable.shape, text(d))
		}
		for i := range documents {
			if documents[i] == d {
				documents = append(documents[:i], documents[i+1:]...)
				break
			}
		}
	}
	more := len(documents) > limit
	return call.AppendVisited(nil, documents[:min(len(documents), limit)], more)
}

// erase empties the user's object and closes its sockets. What is left is the moment up to
// which tokens and sign-ins are revoked: now, so that none that was issued comes back. Whose
// they are the row does not say. Who has come back by a new token since all was revoked is in a
// document again, perhaps in one that has forgotten the user: all of it has to be done again.
func (o *userObject) erase(ask uint32) {
	if o.core.Session().Returned() {
		o.host.Respond(ask, 200, call.AppendError(nil, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "user_returned", RetryAfter: time.Second}))
		return
	}
	a := call.UserErased{}
	a.Rows, _ = o.store.counts(countUser)
	why := protocol.Error{Code: protocol.TokenRevoked}
	o.host.Sockets(func(conn ConnID, _ time.Time) {
		a.Sockets++
		o.host.Close(conn, why.CloseCode(), why.CloseReason())
	})
	for _, d := range o.dials {
		o.host.Respond(d.ask, why.Row().HTTP, why.AppendJSON(nil))
	}
	o.dials = nil
	kept := o.core.Session().Remains(o.now)
	o.store.erase()
	o.audit.oldest = time.Time{}
	o.cfg.Random = newSeed(o.host, &o.cfg.Events) // the next stream of events is another
	save(&o.store, &sessionTable, &kept)
	core, err := user.Restore(&o.cfg, user.Snapshot{UserID: o.host.Name(), Session: session.Snapshot{Session: kept}})
	if err != nil {
		o.store.err = err
		return
	}
	o.core, o.questions.open, o.listing = core, nil, false
	o.alarm.rang() // it went with everything else
	o.host.Respond(ask, 200, a.Append(nil))
}
