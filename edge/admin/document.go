package admin

import (
	"errors"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// titleBytes is the longest title of a document or name of a workspace.
	titleBytes = 256
	// maxTold is how many users are told of a change of a document.
	maxTold = 128
	// maxRetryAfter is the longest a locked document may tell writers to wait.
	maxRetryAfter = time.Hour
)

// getDocument says what is stored of a document, and what is going on there. A
// document that is not stored is not asked: asking would make one.
func getDocument(c *call) (answer, *protocol.Error) {
	w := jsontext.NewObject(nil)
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
// it from now on.
func (c *call) setLocked(locked bool) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	w := message("lock")
	w.Bool("locked", locked)
	w.Str("reason", c.why("by_operator"))
	w.Str("by", c.by)
	if raw := c.fields["retry_after_ms"]; raw != nil {
		ms, isNumber := jsontext.Uint(raw)
		if !isNumber || ms == 0 || ms > uint64(maxRetryAfter/time.Millisecond) {
			return answer{}, rest.BadField("retry_after_ms")
		}
		w.Uint("retry_after_ms", ms)
	}
	if err := c.store.SetLocked(c.ctx, c.document, locked); err != nil {
		return answer{}, storeError(err, noDocument)
	}
	version, err := c.ask(c.ctx, documentObjects, c.document, w.End(), "document_version")
	if err != nil {
		return answer{}, afterStore(err)
	}
	out := jsontext.NewObject(nil)
	out.Bool("stored", true)
	out.Bool("locked", locked)
	out.Raw("document_version", version)
	return ok(out.End()), nil
}

// putDocument stores a document. Those who are connected to one that was there may
// have lost their access by it.
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
	if err := c.store.PutDocument(c.ctx, d); err != nil {
		return answer{}, storeError(err, noWorkspace)
	}
	if before != nil {
		return created(told(nil)), nil
	}
	users, err := c.tellMembers(nil)
	if err != nil {
		return answer{}, afterStore(err)
	}
	return ok(told(users)), nil
}

// deleteDocument removes a document's row and grants, and disconnects who is there.
// What the document object has stored stays: deleting is not erasing, and one that is
// put back goes on where it was. A repeat tells those again who could not be told.
func deleteDocument(c *call) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	grantees, err := c.store.Grantees(c.ctx, c.document, maxTold)
	if err != nil {
		return answer{}, storeError(err, noDocument)
	}
	was, err := c.store.DeleteDocument(c.ctx, c.document)
	if err != nil {
		return answer{}, storeError(err, noDocument)
	}
	users, refused := c.tellMembers(grantees)
	switch {
	case refused != nil:
		return answer{}, afterStore(refused)
	case !was && len(users) == 0:
		return answer{}, noDocument()
	}
	return ok(told(users)), nil
}

func told(users []string) []byte {
	w := jsontext.NewObject(nil)
	w.Bool("stored", true)
	w.Strs("told", users)
	return w.End()
}

// tellMembers has the sessions of all who are at the document, and of those named,
// ask again. It returns whom it told, or the first thing that went wrong.
func (c *call) tellMembers(users []string) ([]string, *protocol.Error) {
	live, err := c.describe()
	if err != nil {
		return nil, err
	}
	// Who is connected comes first, and is never left out.
	var connected []string
	for m := jsontext.Elements(jsontext.Field(live, "members")); m.Next(); {
		// Of those who have gone the document only remembers what they may not do.
		state, _ := jsontext.Str(jsontext.Field(m.Value(), "state"))
		if user, _ := jsontext.Str(jsontext.Field(m.Value(), "user_id")); user != "" && state != "gone" {
			connected = append(connected, user)
		}
	}
	told := connected
	for _, user := range users {
		if len(told) < maxTold && !slices.Contains(told, user) {
			told = append(told, user)
		}
	}
	users = told
	slices.Sort(users)
	failed := make([]*protocol.Error, len(users))
	each(len(users), func(i int) {
		_, failed[i] = c.askAgain(c.ctx, access{user: users[i], document: c.document, reason: permissions, by: c.by})
	})
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}
