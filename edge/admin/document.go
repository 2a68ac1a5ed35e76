package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// titleBytes is the longest title of a document or name of a workspace.
	titleBytes = 256
	// maxTold is how many of those with a grant are told that a document is no more.
	maxTold = 128
	// maxRetryAfter is the longest a locked document may tell writers to wait.
	maxRetryAfter = time.Hour
)

// getDocument says what is stored of a document, and what is going on there. A
// document that is not stored is not asked: asking would make one.
func getDocument(c *call) (answer, *protocol.Error) {
	w := jsonscan.NewObject(nil)
	w.Str("id", c.document)
	if !c.cfg.Elsewhere {
		row, err := c.store.Document(c.ctx, c.document)
		if err != nil {
			return answer{}, storeError(err, noDocument)
		}
		w.Open("stored")
		w.Str("workspace_id", row.WorkspaceID)
		w.Str("title", row.Title)
		w.Str("access", row.Access)
		w.Bool("locked", row.Locked)
		w.Close()
	}
	live, err := c.describe()
	if err != nil {
		return answer{}, err
	}
	w.Raw("live", live)
	return ok(w.End()), nil
}

func (c *call) describe() ([]byte, *protocol.Error) {
	w := message("describe")
	return c.ask(c.ctx, documentObjects, c.document, w.End(), "document")
}

func lockDocument(c *call) (answer, *protocol.Error) { return c.setLocked(true) }

func unlockDocument(c *call) (answer, *protocol.Error) { return c.setLocked(false) }

// setLocked stores the lock for whoever asks the database, and has the document keep
// it from now on. Where permissions come from elsewhere nobody else knows of it, and it
// holds whatever the source says.
func (c *call) setLocked(locked bool) (answer, *protocol.Error) {
	w := message("lock")
	if c.cfg.Elsewhere {
		w.Bool("held", true)
	}
	w.Bool("locked", locked)
	w.Str("reason", c.why("by_operator"))
	w.Str("by", c.by)
	if raw := c.fields["retry_after_ms"]; raw != nil {
		ms, isNumber := jsonscan.Uint(raw)
		if !isNumber || ms == 0 || ms > uint64(maxRetryAfter/time.Millisecond) {
			return answer{}, rest.BadField("retry_after_ms")
		}
		w.Uint("retry_after_ms", ms)
	}
	if !c.cfg.Elsewhere {
		if err := c.store.SetLocked(c.ctx, c.document, locked); err != nil {
			return answer{}, storeError(err, noDocument)
		}
	}
	version, err := c.ask(c.ctx, documentObjects, c.document, w.End(), "document_version")
	if err != nil {
		return answer{}, c.afterStore(err)
	}
	out := jsonscan.NewObject(nil)
	out.Bool("stored", true)
	out.Bool("locked", locked)
	out.Raw("document_version", version)
	return ok(out.End()), nil
}

// putDocument stores a document. Nobody is let in any more by what a session object has
// cached of it, and those who are connected have their permissions asked for anew. One
// that is made begins empty: what is left of an earlier document has to be erased first.
func putDocument(c *call) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	d := Document{ID: c.document, Access: "workspace"}
	var err *protocol.Error
	if d.WorkspaceID, err = c.text("workspace_id", protocol.DefaultLimits.IDBytes); err != nil || !protocol.Identifier(d.WorkspaceID, protocol.DefaultLimits.IDBytes) {
		return answer{}, rest.BadField("workspace_id")
	}
	if d.Title, err = c.text("title", titleBytes); err != nil {
		return answer{}, err
	}
	if c.fields["access"] != nil {
		if d.Access, err = c.oneOf("access", "workspace", "restricted"); err != nil {
			return answer{}, err
		}
	}
	_, before := c.store.Document(c.ctx, c.document)
	if before != nil && !errors.Is(before, ErrNotFound) {
		return answer{}, storeError(before, noDocument)
	}
	if before != nil {
		live, err := c.describe()
		if err != nil {
			return answer{}, err
		}
		if version, _ := jsonscan.Uint(jsonscan.Field(live, "document_version")); version > 0 {
			return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonNotErased,
				Message: "Of an earlier document of this name there is still content: DELETE it first, which erases it."}
		}
	}
	if err := c.store.PutDocument(c.ctx, d); err != nil {
		return answer{}, storeError(err, noWorkspace)
	}
	if before != nil {
		return created(told(nil)), nil
	}
	users, err := c.documentChanged(c.ctx, access{document: c.document, reason: permissions, by: c.by})
	if err != nil {
		return answer{}, afterStore(err)
	}
	return ok(told(users)), nil
}

// deleteDocument removes a document's row and grants, and erases its content: whoever is
// there is disconnected. The row goes first, so that nobody new is let in between the
// two; a repeat erases what could not be erased. Where permissions come from elsewhere
// there is only the content.
func deleteDocument(c *call) (answer, *protocol.Error) {
	var grantees []string
	was := true
	if !c.cfg.Elsewhere {
		var err error
		if grantees, err = c.store.Grantees(c.ctx, c.document, maxTold); err != nil {
			return answer{}, storeError(err, noDocument)
		}
		if was, err = c.store.DeleteDocument(c.ctx, c.document); err != nil {
			return answer{}, storeError(err, noDocument)
		}
	}
	w := message("erase")
	erased, err := c.ask(c.ctx, documentObjects, c.document, w.End(), "erased")
	if err != nil {
		return answer{}, c.afterStore(err)
	}
	version, _ := jsonscan.Uint(jsonscan.Field(erased, "document_version"))
	users := stringsOf(jsonscan.Field(erased, "closed"))
	if !was && version == 0 && len(users) == 0 {
		return answer{}, noDocument()
	}
	c.logErased(version)
	for _, user := range grantees {
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	if err := c.askEach(c.ctx, users, access{document: c.document, version: versionOf(erased, "access"), reason: permissions, by: c.by}); err != nil {
		return answer{}, afterStore(err)
	}
	slices.Sort(users)
	out := jsonscan.NewObject(nil)
	out.Bool("stored", true)
	out.Strs("told", users)
	out.Raw("erased", erased)
	return ok(out.End()), nil
}

// afterStore is the error of a call whose first half was stored, where there is one.
func (c *call) afterStore(err *protocol.Error) *protocol.Error {
	if c.cfg.Elsewhere {
		return err
	}
	return afterStore(err)
}

// logErased writes down what no log of the document can tell any more.
func (c *call) logErased(version uint64) {
	w := jsonscan.NewObject(nil)
	w.Str("level", "warn")
	w.Str("event", "document_erased")
	w.Str("document", c.document)
	w.Str("by", c.by)
	w.Str("reason", c.why("by_operator"))
	w.Uint("document_version", version)
	c.cfg.Log(string(w.End()))
}

func told(users []string) []byte {
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Strs("told", users)
	return w.End()
}

// documentChanged tells a document that who may do what there has changed, and has the
// sessions of all who are there by an older answer ask again. It returns whom it told.
func (a *API) documentChanged(ctx context.Context, what access) ([]string, *protocol.Error) {
	w := message("access")
	taken, err := a.ask(ctx, documentObjects, what.document, w.End(), "access")
	if err != nil {
		return nil, err
	}
	what.version = versionOf(taken, "version")
	users := stringsOf(jsonscan.Field(taken, "users"))
	return users, a.askEach(ctx, users, what)
}

// askEach has the sessions of all these users ask again, and returns the first thing that
// went wrong.
func (a *API) askEach(ctx context.Context, users []string, what access) *protocol.Error {
	failed := make([]*protocol.Error, len(users))
	each(len(users), func(i int) {
		one := what
		one.user = users[i]
		_, failed[i] = a.askAgain(ctx, one)
	})
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func versionOf(raw []byte, member string) uint64 {
	version, _ := jsonscan.Uint(jsonscan.Field(raw, member))
	return version
}

func stringsOf(raw []byte) []string {
	list, _ := jsonscan.Strs(raw)
	return list
}
