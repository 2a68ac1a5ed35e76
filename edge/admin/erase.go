package admin

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// An erasure goes by several objects and the database, and no transaction spans them. So each
// of its steps may be repeated, it says what is done, and with more:true a repeat goes on. What
// lets anybody in goes first.

const (
	// erasedAtOnce is how many documents one call erases, or has forget a user: each is asked,
	// and the platform bounds what one request may ask.
	erasedAtOnce = 64
	// objectHistory is how far back the platform restores an object, and databaseHistory D1, at
	// most: 30 days (developers.cloudflare.com/durable-objects/api/sqlite-storage-api, "Point in
	// time recovery API", and /d1/reference/time-travel; on the free plan D1 has 7; read 2026-12-02).
	// workerd on its own has neither.
	objectHistory   = 30 * 24 * time.Hour
	databaseHistory = 30 * 24 * time.Hour
)

// Rows are how many rows of a table went.
type Rows struct {
	Table string
	N     int64
}

func appendRows(w *jsonscan.Writer, name string, rows []Rows) {
	w.Open(name)
	for _, r := range rows {
		if r.N > 0 {
			w.Int(r.Table, r.N)
		}
	}
	w.Close()
}

// left is something that an erasure does not reach, and why.
type left struct{ what, why string }

var (
	leftCopies = left{"copies", "What clients hold in memory or keep offline, and what your own programs have read, is theirs to erase."}
	leftLogs   = left{"operators_log", "Lines that the Worker has logged are where you send them: they name users and documents, and hold no content."}
	leftNames  = left{"document_row", "That the document was erased, and when: an older grant lets nobody in by it."}
	leftMoment = left{"revoked_before", "The user's object keeps the moment up to which tokens are revoked, and not whose they are: none of before comes back."}
	leftText   = left{"entries", "What the user wrote stays in its documents, under a name that means nobody. What it says the server does not read: content: erase the document."}
	leftKept   = left{"snapshots", "A snapshot is what a client posted: the server does not read it. If clients put comments or names in there, restore or erase the document."}
)

// end ends a receipt: when it was, until when the platform could restore what is gone, and
// what is left.
func (c *request) end(w *jsonscan.Writer, database bool, what ...left) {
	now := c.cfg.Now().UTC()
	w.Time("at", now)
	w.Open("restorable_until")
	w.Time("objects", now.Add(objectHistory))
	if database {
		w.Time("database", now.Add(databaseHistory))
	}
	w.Close()
	appendLeft(w, "left", what)
}

func appendLeft(w *jsonscan.Writer, name string, what []left) {
	w.Array(name)
	for _, l := range what {
		w.OpenItem()
		w.Str("what", l.what)
		w.Str("why", l.why)
		w.Close()
	}
	w.CloseArray()
}

// erasedDocument is what a document's erasure came to.
type erasedDocument struct {
	id    string
	known bool // there was something
	said  []byte
	rows  []Rows
	told  []string
}

// eraseDocument removes a document's rows, and erases its content; the document disconnects
// everybody. The rows go first, so that nobody new is let in between the two, and the list of
// opened documents before the content, for an object that is opened again lists itself. A
// repeat erases what could not be erased. Where permissions come from elsewhere there is only
// the content, and that list; one that stays listed is found there by a repeat.
func (c *request) eraseDocument(id string, listed bool) (d erasedDocument, err *protocol.Error) {
	d.id = id
	var grantees []string
	if !c.cfg.Elsewhere {
		var failed error
		if grantees, failed = c.store.Grantees(c.ctx, id, maxNotified); failed != nil {
			return d, storeError(failed, noDocument)
		}
	}
	var failed error
	if d.rows, failed = c.store.EraseDocument(c.ctx, id, !c.cfg.Elsewhere, listed); failed != nil {
		return d, storeError(failed, noDocument)
	}
	for _, r := range d.rows {
		d.known = d.known || r.N > 0
	}
	if c.cfg.Links != nil { // one of this name that is made later has none of its links
		if err := c.cfg.Links.Forget(c.ctx, id); err != nil {
			return d, linkError(err, noDocument)
		}
	}
	if d.said, err = c.ask(c.ctx, id, (&call.Erase{}).Message()); err != nil {
		return d, c.afterStore(err)
	}
	erased := call.ParseErased(d.said)
	d.told = erased.Closed
	d.known = d.known || erased.Version > 0 || len(d.told) > 0
	if !d.known {
		return d, nil
	}
	c.logErased(id, erased.Version)
	for _, user := range grantees {
		if !slices.Contains(d.told, user) {
			d.told = append(d.told, user)
		}
	}
	if err := c.askEach(c.ctx, d.told, change{document: id, version: erased.Access, reason: permissions, by: c.by}); err != nil {
		return d, afterStore(err)
	}
	slices.Sort(d.told)
	return d, nil
}

// append writes it as the members of an object.
func (d *erasedDocument) append(w *jsonscan.Writer) {
	appendRows(w, "database", d.rows)
	w.Raw("erased", d.said)
}

func deleteDocument(c *request) (answer, *protocol.Error) {
	d, err := c.eraseDocument(c.document, false)
	switch {
	case err != nil:
		return answer{}, err
	case !d.known:
		return answer{}, noDocument()
	}
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Strs("told", d.told)
	d.append(&w)
	c.end(&w, true, leftNames, leftCopies, leftLogs)
	return ok(w.End()), nil
}

// deleteWorkspace erases the documents of a workspace, so many at a time, and then it and
// its members. A document's row goes before its content; so that a repeat finds one whose content
// is left, it stands in the list of opened documents until that is gone too.
func deleteWorkspace(c *request) (answer, *protocol.Error) {
	list, failed := c.store.WorkspaceDocuments(c.ctx, c.workspace, erasedAtOnce+1)
	if failed != nil {
		return answer{}, storeError(failed, noWorkspace)
	}
	more := len(list) > erasedAtOnce
	list = list[:min(len(list), erasedAtOnce)]
	if failed := c.store.ListDocuments(c.ctx, c.workspace, list); failed != nil {
		return answer{}, storeError(failed, noWorkspace)
	}
	done := make([]erasedDocument, len(list))
	errs := make([]*protocol.Error, len(list))
	each(len(list), func(i int) { done[i], errs[i] = c.eraseDocument(list[i], true) })
	for _, err := range errs {
		if err != nil {
			return answer{}, afterStore(err)
		}
	}
	if failed := c.store.UnlistDocuments(c.ctx, list); failed != nil {
		return answer{}, afterStore(storeError(failed, noWorkspace))
	}
	var rows []Rows
	if !more {
		if rows, failed = c.store.EraseWorkspace(c.ctx, c.workspace); failed != nil {
			return answer{}, afterStore(storeError(failed, noWorkspace))
		}
	}
	any := len(list) > 0
	for _, r := range rows {
		any = any || r.N > 0
	}
	if !any {
		return answer{}, noWorkspace()
	}
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Bool("more", more)
	appendRows(&w, "database", rows)
	w.Array("documents")
	for i := range done {
		w.OpenItem()
		w.Str("document", done[i].id)
		done[i].append(&w)
		w.Close()
	}
	w.CloseArray()
	c.end(&w, true, leftNames, leftCopies, leftLogs)
	return ok(w.End()), nil
}

// deleteComment erases what was said in a comment and in its replies. The entries stay, and
// say nothing.
func deleteComment(c *request) (answer, *protocol.Error) {
	id, isID := jsonscan.Uint([]byte(named(c.request, "comment_id")))
	if !isID || id == 0 || id > protocol.MaxSeq {
		return answer{}, rest.BadField("comment_id")
	}
	if err := c.known(); err != nil {
		return answer{}, err
	}
	r := call.EraseComment{ID: id, Reason: c.why("by_operator"), By: c.by}
	said, err := c.ask(c.ctx, c.document, r.Message())
	if err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	w.Raw("erased", said)
	c.end(&w, false, leftKept, leftCopies)
	return ok(w.End()), nil
}
