package admin

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// titleBytes is the longest title of a document or name of a workspace.
	titleBytes = 256
	// maxNotified is how many of those with a grant are notified that a document is no more.
	maxNotified = 128
	// maxRetryAfter is the longest a locked document may ask writers to wait.
	maxRetryAfter = time.Hour
)

// getDocument says what is stored of a document, and what is going on there. A
// document that is not stored is not asked: asking would make one.
func getDocument(c *request) (answer, *protocol.Error) {
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

func (c *request) describe() ([]byte, *protocol.Error) {
	return c.ask(c.ctx, c.document, (&call.DescribeDocument{}).Message())
}

func lockDocument(c *request) (answer, *protocol.Error) { return c.setLocked(true) }

func unlockDocument(c *request) (answer, *protocol.Error) { return c.setLocked(false) }

// setLocked stores the lock for the session objects that read the database, and has the
// document keep it from now on. Where permissions come from elsewhere only the document
// knows of it, and it holds whatever the source says.
func (c *request) setLocked(locked bool) (answer, *protocol.Error) {
	r := call.Lock{Locked: locked, Held: c.cfg.Elsewhere, Reason: c.why("by_operator"), By: c.by}
	if raw := c.fields["retry_after_ms"]; raw != nil {
		ms, isNumber := jsonscan.Uint(raw)
		if !isNumber || ms == 0 || ms > uint64(maxRetryAfter/time.Millisecond) {
			return answer{}, rest.BadField("retry_after_ms")
		}
		r.RetryAfterMS = int(ms)
	}
	if !c.cfg.Elsewhere {
		if err := c.store.SetLocked(c.ctx, c.document, locked); err != nil {
			return answer{}, storeError(err, noDocument)
		}
	}
	version, err := c.ask(c.ctx, c.document, r.Message())
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
func putDocument(c *request) (answer, *protocol.Error) {
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
		return created(notified(nil)), nil
	}
	users, err := c.documentChanged(c.ctx, change{document: c.document, reason: permissions, by: c.by})
	if err != nil {
		return answer{}, afterStore(err)
	}
	return ok(notified(users)), nil
}

// afterStore is the error of a call whose first half was stored, where there is one.
func (c *request) afterStore(err *protocol.Error) *protocol.Error {
	if c.cfg.Elsewhere {
		return err
	}
	return afterStore(err)
}

// logErased logs the erasure, for the document's own log is gone.
func (c *request) logErased(document string, version uint64) {
	w := jsonscan.NewObject(nil)
	w.Str("level", "warn")
	w.Str("event", "document_erased")
	w.Str("document", document)
	w.Str("by", c.by)
	w.Str("reason", c.why("by_operator"))
	w.Uint("document_version", version)
	c.cfg.Log(string(w.End()))
}

func notified(users []string) []byte {
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Strs("told", users)
	return w.End()
}

// documentChanged notifies a document that who may do what there has changed, and has the
// sessions of all who are there by an older answer ask again. It returns those users.
func (a *API) documentChanged(ctx context.Context, what change) ([]string, *protocol.Error) {
	said, err := a.ask(ctx, what.document, (&call.AccessChanged{}).Message())
	if err != nil {
		return nil, err
	}
	taken := call.ParseAccessTaken(said)
	what.version = taken.Version
	return taken.Users, a.askEach(ctx, taken.Users, what)
}

// askEach has the sessions of all these users ask again, and returns the first thing that
// went wrong.
func (a *API) askEach(ctx context.Context, users []string, what change) *protocol.Error {
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
