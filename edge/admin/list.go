package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Lists are of the database alone: no object is asked, so none wakes. They are in the order of
// ids, and a page goes on behind an id: what is added or removed meanwhile never repeats or
// hides anything else.

// cursorBytes is the longest id of any list.
const cursorBytes = 256

// page reads which part of a list is asked for. It asks for one row more than fits the answer,
// which says whether there are others.
func (c *request) page() (p Page, err *protocol.Error) {
	limit, err := c.count("limit", c.cfg.MaxEntries, 100)
	if err != nil {
		return p, err
	}
	p.Limit = limit + 1
	for _, of := range [...]struct {
		name string
		into *string
	}{{"after", &p.After}, {"prefix", &p.Prefix}} {
		if *of.into, err = c.query(of.name); err != nil {
			return p, err
		}
		if *of.into != "" && (len(*of.into) > cursorBytes || !protocol.UserID(*of.into)) {
			return p, rest.BadField(of.name)
		}
	}
	return p, nil
}

// listing answers with a page of a list: the rows that fit, and behind which id to go on.
func listing[Row any](name string, p Page, rows []Row, failed error, append func(w *jsonscan.Writer, r Row) (id string)) (answer, *protocol.Error) {
	if failed != nil {
		return answer{}, storeError(failed, noWorkspace)
	}
	w := jsonscan.NewObject(nil)
	w.Array(name)
	last := ""
	for _, r := range rows[:min(len(rows), p.Limit-1)] {
		w.OpenItem()
		last = append(&w, r)
		w.Close()
	}
	w.CloseArray()
	if len(rows) >= p.Limit {
		w.Str("next", last)
	}
	return ok(w.End()), nil
}

func listDocuments(c *request) (answer, *protocol.Error) {
	workspace, err := c.query("workspace_id")
	if err != nil || workspace != "" && !isWorkspace(workspace) {
		return answer{}, rest.BadField("workspace_id")
	}
	return c.documents(workspace)
}

func listWorkspaceDocuments(c *request) (answer, *protocol.Error) {
	if err := c.knownWorkspace(); err != nil {
		return answer{}, err
	}
	return c.documents(c.workspace)
}

// documents lists those of one workspace, or of all.
func (c *request) documents(workspace string) (answer, *protocol.Error) {
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	rows, failed := c.store.Documents(c.ctx, p, workspace)
	return listing("documents", p, rows, failed, func(w *jsonscan.Writer, d Document) string {
		w.Str("document", d.ID)
		w.Str("workspace_id", d.WorkspaceID)
		if !c.cfg.Elsewhere {
			w.Str("title", d.Title)
			w.Str("access", d.Access)
			w.Bool("locked", d.Locked)
		}
		appendTime(w, "opened_at", d.OpenedAt)
		return d.ID
	})
}

func appendTime(w *jsonscan.Writer, name string, at time.Time) {
	if !at.IsZero() {
		w.Time(name, at)
	}
}

func listUsers(c *request) (answer, *protocol.Error) {
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	rows, failed := c.store.Users(c.ctx, p)
	return listing("users", p, rows, failed, func(w *jsonscan.Writer, u User) string {
		w.Str("user_id", u.ID)
		appendTime(w, "admitted_at", u.AdmittedAt)
		return u.ID
	})
}

func listWorkspaces(c *request) (answer, *protocol.Error) {
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	rows, failed := c.store.Workspaces(c.ctx, p)
	return listing("workspaces", p, rows, failed, func(w *jsonscan.Writer, one Workspace) string {
		c.appendWorkspace(w, one)
		return one.ID
	})
}

// appendWorkspace appends what is known of a workspace: of one that is elsewhere, no name.
func (c *request) appendWorkspace(w *jsonscan.Writer, one Workspace) {
	w.Str("workspace_id", one.ID)
	if !c.cfg.Elsewhere {
		w.Str("name", one.Name)
	}
}

func getWorkspace(c *request) (answer, *protocol.Error) {
	one, failed := c.store.Workspace(c.ctx, c.workspace)
	if failed != nil {
		return answer{}, storeError(failed, noWorkspace)
	}
	w := jsonscan.NewObject(nil)
	w.Open("workspace")
	c.appendWorkspace(&w, one)
	w.Close()
	return ok(w.End()), nil
}

// knownWorkspace says that there is the workspace that the path names.
func (c *request) knownWorkspace() *protocol.Error {
	if _, failed := c.store.Workspace(c.ctx, c.workspace); failed != nil {
		return storeError(failed, noWorkspace)
	}
	return nil
}

// listWorkspaceMembers lists who has a role in a workspace. Where permissions come from
// elsewhere nobody here knows.
func listWorkspaceMembers(c *request) (answer, *protocol.Error) {
	if c.cfg.Elsewhere {
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonElsewhere,
			Message: "Permissions come from PERMISSIONS_URL: who is a member is known there."}
	}
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	if err := c.knownWorkspace(); err != nil {
		return answer{}, err
	}
	rows, failed := c.store.Members(c.ctx, p, c.workspace)
	return listing("members", p, rows, failed, func(w *jsonscan.Writer, m Member) string {
		w.Str("user_id", m.UserID)
		w.Str("role", m.Role)
		return m.UserID
	})
}
